-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  Whose data it is: each subject has a key of its own in keys.db, and what is sealed
-- under it says in which slot.

CREATE TABLE subject (
	slot	INTEGER PRIMARY KEY,	-- of keys.db; never used twice
	name	TEXT NOT NULL UNIQUE,	-- referral:ID, person:PID, legal:ID
	part_of	TEXT,			-- erased with that one
	made	INTEGER NOT NULL
) STRICT;
CREATE INDEX subject_part ON subject (part_of) WHERE part_of IS NOT NULL;
