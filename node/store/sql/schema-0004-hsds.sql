-- SPDX-License-Identifier: Apache-2.0
-- Version 4: files that were imported, kept so that an export gives back what a record has no place for.
-- Local and never published; the words of an organization about its services, nothing about a member.

CREATE TABLE feed (
	n		INTEGER PRIMARY KEY,	-- grows with each import: the last one has the say
	name		TEXT NOT NULL UNIQUE,
	at		INTEGER NOT NULL
) STRICT;

CREATE TABLE feed_part (
	n		INTEGER PRIMARY KEY,
	feed		INTEGER NOT NULL REFERENCES feed (n) ON DELETE CASCADE,
	source		TEXT NOT NULL,		-- of the record it was made of; '' for what is around them all
	base		TEXT,			-- that record's body as the file has it; NULL if none was made
	text		TEXT NOT NULL,		-- '' if it cannot be told from what is around it
	UNIQUE (feed, source)
) STRICT;
CREATE INDEX feed_part_source ON feed_part (source, feed);
