-- SPDX-License-Identifier: Apache-2.0
-- Version 2.  Whoever is known only by what they sent, so that invented senders can be forgotten.
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

-- With the device, whose row is written anyway when a session is made.
ALTER TABLE crypt_device ADD COLUMN used BLOB;	-- hashes of its last one-time keys that we used
