-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  Records that a partner has proved and that are not kept, since this version does not know their kind for one: the
-- partner's manifest counts them all the same.  Nothing of what they say.

CREATE TABLE proved (
	org		TEXT NOT NULL,
	id		TEXT NOT NULL,
	seq		INTEGER NOT NULL,
	manifest	INTEGER NOT NULL,	-- 1: it is one itself, and not counted
	PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
