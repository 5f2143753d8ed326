-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  What a program of ours answered by itself goes as m.notice, which no program answers; and by its event a
-- message that a person deletes is found again (of a change: that of the message which it changes).

ALTER TABLE message ADD COLUMN automatic INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN event_id TEXT;
CREATE INDEX message_event ON message (event_id) WHERE event_id IS NOT NULL;
