-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  Who was told that a record of ours is withdrawn, and who has said that they forgot it.  Nothing of what the
-- record said.

CREATE TABLE purge (
	record		TEXT NOT NULL,
	org		TEXT NOT NULL,
	asked_at	INTEGER NOT NULL,
	done_at		INTEGER NOT NULL DEFAULT 0,	-- 0: not yet
	PRIMARY KEY (record, org)
) STRICT;

-- Who read which record of ours by a directory query: they are asked to forget it.
CREATE TABLE record_read (
	record		TEXT NOT NULL,
	org		TEXT NOT NULL,
	PRIMARY KEY (record, org)
) STRICT, WITHOUT ROWID;

-- When what a record says of a specialist is to be forgotten, for their consent ends then; 0: never, or it was.
ALTER TABLE seen ADD COLUMN forget_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX seen_forget ON seen (forget_at) WHERE forget_at > 0;
