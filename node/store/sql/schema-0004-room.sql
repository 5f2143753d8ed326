-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  Why nothing of ours is said in a channel or chat any more, though it is heard, or that a group's room is closed: enum room_aside.

ALTER TABLE room ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;
