-- SPDX-License-Identifier: Apache-2.0
-- States: 1 new, 2 ready, 3 failed.  "state < 3" is the index outbox_live.

-- name: outbox_add
INSERT INTO outbox (id, kind, state, account, lane, purpose, ref, room_id, type, state_key, content,
	method, path, body, txn, attempts, first_try, due, created, mark)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0, 0, 0, ?16,
	(SELECT coalesce(max(value), 0) + 1 FROM counter WHERE name = 'epoch'));

-- name: outbox_at
SELECT id, kind, state, account, lane, purpose, ref, room_id, type, state_key, content, method, path,
	body, txn, attempts, first_try, due, created, error, mark
FROM outbox WHERE id = ?1;

-- From lane to lane through the index, so a long queue costs nothing.
-- name: outbox_due
WITH RECURSIVE head (lane) AS (
	SELECT min(lane) FROM outbox WHERE state < 3
	UNION ALL
	SELECT (SELECT min(lane) FROM outbox WHERE state < 3 AND lane > head.lane)
	FROM head WHERE head.lane IS NOT NULL)
SELECT o.id FROM head CROSS JOIN outbox AS o
ON o.id = (SELECT min(id) FROM outbox WHERE state < 3 AND lane = head.lane)
WHERE o.due <= ?1 ORDER BY o.due, o.id LIMIT ?2;

-- name: outbox_next
WITH RECURSIVE head (lane) AS (
	SELECT min(lane) FROM outbox WHERE state < 3
	UNION ALL
	SELECT (SELECT min(lane) FROM outbox WHERE state < 3 AND lane > head.lane)
	FROM head WHERE head.lane IS NOT NULL)
SELECT min(o.due) FROM head CROSS JOIN outbox AS o
ON o.id = (SELECT min(id) FROM outbox WHERE state < 3 AND lane = head.lane)
WHERE o.due > ?1;

-- From now on it may have been sent, whatever is written down of it: first_try.
-- The marks begun so far do not speak of it: only the next will.
-- name: outbox_ready
UPDATE outbox SET state = 2, method = ?2, path = ?3, body = ?4, first_try = ?5,
	mark = (SELECT coalesce(max(value), 0) + 1 FROM counter WHERE name = 'epoch')
WHERE id = ?1 AND state = 1;

-- name: outbox_rebody
UPDATE outbox SET body = ?2, due = 0 WHERE id = ?1 AND state = 2 AND kind = 3;

-- name: outbox_renew
UPDATE outbox SET state = 1, method = NULL, path = NULL, body = NULL, txn = ?2, attempts = 0,
	first_try = 0, due = 0
WHERE id = ?1 AND state = 2 AND kind = 1;

-- name: outbox_tried
UPDATE outbox SET attempts = attempts + 1, first_try = iif(first_try = 0, ?2, first_try), due = ?3
WHERE id = ?1 AND state < 3;

-- name: outbox_later
UPDATE outbox SET due = ?2 WHERE id = ?1 AND state < 3;

-- name: outbox_wake
UPDATE outbox SET due = 0 WHERE state = 1 AND due > 0 AND (?1 IS NULL OR lane = ?1);

-- name: outbox_done
DELETE FROM outbox WHERE id = ?1;

-- name: outbox_fail
UPDATE outbox SET state = 3, error = ?2 WHERE id = ?1 AND state < 3;

-- name: outbox_void
DELETE FROM outbox WHERE purpose = ?1 AND ref IS ?2;

-- name: outbox_void_each
DELETE FROM outbox WHERE purpose = ?1 AND substr(ref, 1, length(?2) + 1) = ?2 || '/';

-- What was made for a device that is no longer ours.
-- name: outbox_void_kind
DELETE FROM outbox WHERE kind = ?1;

-- name: outbox_forget
DELETE FROM outbox WHERE purpose = ?1 AND ref IS ?2 AND state = 3;

-- name: outbox_count
SELECT count(*) FROM outbox WHERE state = ?1;

-- name: outbox_due_count
SELECT count(*) FROM outbox WHERE purpose = ?1 AND state < 3 AND due <= ?2;

-- name: outbox_pending
SELECT 1 FROM outbox WHERE purpose = ?1 AND ref IS ?2 AND state < 3 LIMIT 1;

-- name: outbox_may_have_left
SELECT 1 FROM outbox WHERE purpose = ?1 AND ref IS ?2 AND state < 3 AND attempts > 0 LIMIT 1;

-- name: outbox_failed
SELECT 1 FROM outbox WHERE purpose = ?1 AND ref IS ?2 AND state = 3 LIMIT 1;

-- name: outbox_list
SELECT id FROM outbox WHERE state = ?1 ORDER BY id;
