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
