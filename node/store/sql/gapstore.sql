-- SPDX-License-Identifier: Apache-2.0
-- States: 1 waits, 2 being read, 3 being judged, 4 over.

-- name: gap_count_waiting
SELECT count(*) FROM gap WHERE room_id = ?1 AND state = 1;

-- name: gap_add
INSERT INTO gap (n, room_id, state, token, until, most, asked, bytes, cut, held, due, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, 0, 0, ?8);

-- name: gap_at
SELECT n, room_id, state, token, until, most, asked, bytes, cut, at, held, due FROM gap WHERE n = ?1;

-- name: gap_put
UPDATE gap SET state = ?2, token = ?3, most = ?4, asked = ?5, bytes = ?6, cut = ?7, held = ?8, due = ?9 WHERE n = ?1;

-- The oldest that waits while no other of its room is at work.
-- name: gap_waiting
SELECT n FROM gap AS g WHERE state = 1 AND NOT EXISTS (
	SELECT 1 FROM gap AS o WHERE o.room_id = g.room_id AND o.n < g.n AND o.state < 4)
ORDER BY n LIMIT 1;

-- name: gap_judging
SELECT n FROM gap WHERE state = 3 AND due <= ?1 ORDER BY n LIMIT 1;

-- name: gap_next_due
SELECT min(due) FROM gap WHERE state = 3;

-- name: gap_kept
SELECT coalesce(sum(bytes), 0) FROM gap WHERE state = 3;

-- name: gap_drop
DELETE FROM gap WHERE n = ?1;

-- Of one room the last that ended badly is enough to know.
-- name: gap_drop_over
DELETE FROM gap WHERE room_id = ?1 AND state = 4 AND n < ?2;

-- name: gap_count_cut
SELECT count(*) FROM gap WHERE state = 4;

-- name: gap_count_late
SELECT count(DISTINCT room_id) FROM gap WHERE state < 4 AND at < ?1;

-- name: gap_forget_cut
DELETE FROM gap WHERE state = 4 AND at < ?1;

-- name: gap_event_add
INSERT INTO gap_event (id, gap, raw) VALUES (?1, ?2, ?3);

-- name: gap_event_list
SELECT id FROM gap_event WHERE gap = ?1 ORDER BY id DESC LIMIT ?2;

-- name: gap_event_at
SELECT raw FROM gap_event WHERE id = ?1;

-- name: gap_event_drop
DELETE FROM gap_event WHERE id = ?1;
