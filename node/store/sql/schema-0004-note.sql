-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  What a member and a specialist keep of their way together (schemas/note.json).

CREATE TABLE note (
	n		INTEGER PRIMARY KEY,
	pairing		TEXT NOT NULL,
	kind		TEXT NOT NULL,
	at		INTEGER NOT NULL,	-- when it was kept
	due		INTEGER NOT NULL,	-- when the member wants to be asked again; 0: not
	body		BLOB NOT NULL		-- sealed
) STRICT;
CREATE INDEX note_pairing ON note (pairing, n);
