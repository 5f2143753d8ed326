-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  Rooms of which a homeserver's word, that we or the other side left, is asked about again and again.

CREATE TABLE doubt (
	room_id		TEXT PRIMARY KEY,
	asked		INTEGER NOT NULL,	-- when it was asked last, or the doubt began
	wait		INTEGER NOT NULL,	-- not before so long after that
	open		INTEGER NOT NULL	-- it is to be asked
) STRICT, WITHOUT ROWID;
CREATE INDEX doubt_next ON doubt (asked + wait) WHERE open = 1;
