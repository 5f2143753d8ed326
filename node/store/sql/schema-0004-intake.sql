-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  People whose referrals begin here: members who write to us, and people without Matrix
-- for whom staff opened a case; what staff is to do by phone; and who may be the same person.

CREATE TABLE intake (
	id	TEXT PRIMARY KEY,
	pid	INTEGER NOT NULL,	-- who writes to us; 0: nobody, they are called
	person	BLOB,			-- sealed: alias, phone, when to call; of those who are called
	talk	BLOB,			-- sealed: how far the conversation has come
	made	INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX intake_pid ON intake (pid) WHERE pid > 0;

CREATE TABLE intake_referral (
	referral TEXT PRIMARY KEY,
	intake	TEXT NOT NULL,
	origin	TEXT NOT NULL		-- whose wish it is: self, clinician, court...
) STRICT, WITHOUT ROWID;
CREATE INDEX intake_referrals ON intake_referral (intake);

CREATE TABLE task (
	id	TEXT PRIMARY KEY,
	referral TEXT NOT NULL,
	what	TEXT NOT NULL,		-- the input that made it
	begins	INTEGER NOT NULL,	-- the first time at which it is safe to call ...
	due	INTEGER NOT NULL,	-- ... and until when
	done	INTEGER NOT NULL,	-- 0: not yet
	tries	INTEGER NOT NULL	-- in vain
) STRICT, WITHOUT ROWID;
CREATE INDEX task_open ON task (due) WHERE done = 0;
CREATE INDEX task_referral ON task (referral);

CREATE TABLE likeness (
	referral TEXT NOT NULL,
	hash	BLOB NOT NULL,		-- keyed by this store alone: one way to reach the member, or their name
	PRIMARY KEY (hash, referral)
) STRICT, WITHOUT ROWID;
CREATE INDEX likeness_referral ON likeness (referral);
