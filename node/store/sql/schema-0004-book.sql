-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  What a program writes down of its supporters, groups and series (schemas/entry.json); each has a key of its own.

CREATE TABLE book (
	n	INTEGER PRIMARY KEY,
	kind	TEXT NOT NULL,
	at	INTEGER NOT NULL,	-- when it was written down
	seen	INTEGER NOT NULL,	-- of an incident: when its supervisor saw it; 0: not yet
	body	BLOB NOT NULL		-- sealed
) STRICT;

-- A question to the organization's specialists, and their answers until it is closed.
CREATE TABLE consult (
	id	TEXT PRIMARY KEY,
	at	INTEGER NOT NULL,
	closed	INTEGER NOT NULL,	-- 0: not yet
	body	BLOB NOT NULL		-- sealed: question, answers to choose from, in the end the result
) STRICT, WITHOUT ROWID;

CREATE TABLE consult_voice (
	consult	TEXT NOT NULL,
	pid	INTEGER NOT NULL,
	body	BLOB,			-- sealed: {choice, words}; NULL: no answer yet
	PRIMARY KEY (consult, pid)
) STRICT, WITHOUT ROWID;
CREATE INDEX consult_voice_pid ON consult_voice (pid);
