-- SPDX-License-Identifier: Apache-2.0
-- Version 2.  What may have left counts as sent since it was made: version 1 wrote down attempts only.
UPDATE outbox SET first_try = created WHERE state = 2 AND first_try = 0;

-- What is not acknowledged, in the order in which it was said of a referral.
CREATE INDEX traffic_open ON traffic (referral, org, seq) WHERE acked_at = 0;

-- Whoever is known only by what they sent, so that invented senders can be forgotten.
-- What was put aside by then counts as known people's.

CREATE TABLE stranger (
	n	INTEGER PRIMARY KEY,
	pid	INTEGER NOT NULL UNIQUE REFERENCES person (pid),
	server	BLOB NOT NULL		-- blind index of the user's server
) STRICT;
CREATE INDEX stranger_server ON stranger (server);

ALTER TABLE waiting ADD COLUMN class INTEGER NOT NULL DEFAULT 1;	-- enum inbox_class
CREATE INDEX waiting_class ON waiting (class, pid);
ALTER TABLE waiting ADD COLUMN due INTEGER NOT NULL DEFAULT 0;	-- looked at again then; 0: when what it lacks comes
CREATE INDEX waiting_due ON waiting (due) WHERE due > 0;
ALTER TABLE rejected ADD COLUMN class INTEGER NOT NULL DEFAULT 1;
CREATE INDEX rejected_class ON rejected (class, pid);

-- Why a device did not share a key, as it is said; a hint for people.
CREATE TABLE withheld (
	n		INTEGER PRIMARY KEY,
	pid		INTEGER NOT NULL,
	room_id		TEXT NOT NULL,
	session_id	TEXT NOT NULL,
	code		TEXT NOT NULL,
	UNIQUE (pid, room_id, session_id)
) STRICT;

-- Rooms of which a sync did not show who is in them, and whom a sync has named there since.
CREATE TABLE unsure (
	room_id		TEXT PRIMARY KEY,
	since		INTEGER NOT NULL,
	asked		INTEGER NOT NULL	-- the question is in the outbox
) STRICT, WITHOUT ROWID;
CREATE INDEX unsure_next ON unsure (since) WHERE asked = 0;
ALTER TABLE member ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;	-- from before that sync

-- With the device, whose row is written anyway when a session is made.
ALTER TABLE crypt_device ADD COLUMN used BLOB;	-- hashes of its last one-time keys that we used

-- It leaves when the homeserver holds this mark, or a later one: docs/adr/0016.
ALTER TABLE outbox ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;
