-- SPDX-License-Identifier: Apache-2.0
-- Holes in the timelines of direct chats and channels, and what was read of them so far.

CREATE TABLE gap (
	n		INTEGER PRIMARY KEY,
	room_id		TEXT NOT NULL,
	state		INTEGER NOT NULL,	-- enum gap_state
	token		TEXT NOT NULL,		-- read backwards from here
	until		TEXT,			-- to here; NULL: our invitation
	most		INTEGER NOT NULL,	-- events of the next page
	asked		INTEGER NOT NULL,	-- pages so far
	bytes		INTEGER NOT NULL,	-- of what was kept
	cut		INTEGER NOT NULL,	-- its older end could not be read
	held		INTEGER NOT NULL,	-- since when it waits for a place among the waiting; 0: not
	due		INTEGER NOT NULL,	-- judged then
	at		INTEGER NOT NULL	-- of the sync that showed it
) STRICT;
CREATE INDEX gap_room ON gap (room_id, n);

-- A page has the newest first: the highest id is the oldest event.
CREATE TABLE gap_event (
	id		INTEGER PRIMARY KEY,
	gap		INTEGER NOT NULL REFERENCES gap (n) ON DELETE CASCADE,
	raw		BLOB NOT NULL		-- sealed
) STRICT;
CREATE INDEX gap_event_gap ON gap_event (gap, id);

-- Items that might have been opened one day and were given up for want of space.
CREATE TABLE waiting_lost (
	day		INTEGER PRIMARY KEY,	-- since 1970
	items		INTEGER NOT NULL
) STRICT;
