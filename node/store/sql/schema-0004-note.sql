-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  What a member and a specialist keep of their way together (schemas/note.json).

CREATE TABLE note (
	n		INTEGER PRIMARY KEY,
	pairing		TEXT NOT NULL,		-- '' of none
	kind		TEXT NOT NULL,
	at		INTEGER NOT NULL,	-- when it was kept
	due		INTEGER NOT NULL,	-- when the member wants to be asked again; 0: not
	pid		INTEGER NOT NULL,	-- who wrote it in their chat; 0: staff did
	own		INTEGER NOT NULL,	-- it is theirs alone: staff do not see it
	seen		INTEGER NOT NULL DEFAULT 0,	-- of feedback: when staff looked at it; 0: not yet
	body		BLOB NOT NULL		-- sealed
) STRICT;
CREATE INDEX note_pairing ON note (pairing, n);
CREATE INDEX note_pid ON note (pid, kind, n) WHERE pid > 0;
CREATE INDEX note_due ON note (due) WHERE due > 0;
CREATE INDEX note_unseen ON note (pairing, n) WHERE kind = 'feedback' AND seen = 0;

-- Whose chats belong to a match, beside that of the member whose referral led to it.
CREATE TABLE pairing_chat (
	pairing		TEXT NOT NULL,
	pid		INTEGER NOT NULL,
	side		TEXT NOT NULL,		-- member, specialist
	PRIMARY KEY (pairing, pid)
) STRICT, WITHOUT ROWID;
CREATE INDEX pairing_chat_pid ON pairing_chat (pid);
