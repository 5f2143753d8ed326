-- SPDX-License-Identifier: Apache-2.0

-- name: message_add
INSERT INTO message (content_id, room_id, pid, outgoing, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: message_drop
DELETE FROM message WHERE content_id = ?1;

-- name: message_automatic
UPDATE message SET automatic = 1 WHERE content_id = ?1;

-- name: message_came
UPDATE message SET event_id = ?2 WHERE content_id = ?1;

-- name: message_of_event
SELECT n FROM message WHERE event_id = ?1 AND pid = ?2 AND outgoing = 0 ORDER BY n;

-- name: message_blank
UPDATE message SET body = ?2, event_id = NULL WHERE content_id = ?1;

-- name: message_roomless
SELECT n FROM message WHERE room_id IS NULL ORDER BY n;

-- name: message_room
UPDATE message SET room_id = ?2 WHERE content_id = ?1;

-- name: message_where
SELECT room_id, pid FROM message WHERE content_id = ?1;

-- name: message_late
SELECT (SELECT count(*) FROM message WHERE room_id IS NULL AND at < ?1) +
	(SELECT count(*) FROM outbox AS o JOIN message AS m ON m.content_id = o.ref
	WHERE o.purpose = 'say' AND o.state < 3 AND m.at < ?1);

-- name: message_list
SELECT n FROM message ORDER BY at DESC, n DESC LIMIT ?1;

-- name: message_of
SELECT n FROM message WHERE pid = ?1 AND n > ?2 ORDER BY n LIMIT ?3;

-- name: message_at
SELECT m.content_id, m.room_id, m.pid, p.user, m.outgoing, m.body, m.at, m.automatic
FROM message AS m JOIN person AS p ON p.pid = m.pid WHERE m.n = ?1;
