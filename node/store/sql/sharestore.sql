-- SPDX-License-Identifier: Apache-2.0
-- States: 0 wanted, 2 queued, 3 done, 4 waits for a claim, 5 skipped.

-- Every eligible device of a user that has no share yet, and those skipped before: wanted if there
-- is an Olm session or what it takes to make one; else it waits for a claim, if one may be made.
-- name: crypt_share_plan
INSERT INTO crypt_share (outbound, pid, device_id, curve25519, state, ref)
SELECT ?1, d.pid, d.device_id, d.curve25519, CASE
	WHEN d.onetime IS NOT NULL OR EXISTS (SELECT 1 FROM crypt_olm AS o
		WHERE o.pid = d.pid AND o.curve25519 = d.curve25519) THEN 0
	WHEN d.claim_due > ?3 THEN 5 ELSE 4 END, NULL
FROM crypt_device AS d WHERE d.pid = ?2 AND d.eligible = 1
ON CONFLICT DO UPDATE SET state = excluded.state WHERE state = 5;

-- name: crypt_share_claim
UPDATE crypt_device SET claim = 1 WHERE pid = ?2 AND claim = 0 AND device_id IN (
	SELECT device_id FROM crypt_share WHERE outbound = ?1 AND pid = ?2 AND state = 4);

-- A session that has any, the lowest; none of a room of which it is not known who is in it.
-- name: crypt_share_session
SELECT s.outbound FROM crypt_share AS s JOIN crypt_outbound AS o ON o.n = s.outbound
WHERE s.state = ?1 AND NOT EXISTS (SELECT 1 FROM unsure AS u WHERE u.room_id = o.room_id)
ORDER BY s.outbound LIMIT 1;

-- The index must be named: SQLite would walk all shares of the session, also those that are done.
-- name: crypt_share_list
SELECT outbound, pid, device_id, curve25519, whole FROM crypt_share INDEXED BY crypt_share_state
WHERE outbound = ?1 AND state = ?2 ORDER BY pid, device_id LIMIT ?3;

-- name: crypt_share_state
UPDATE crypt_share SET state = ?4, ref = ?5, whole = ?6
WHERE outbound = ?1 AND pid = ?2 AND device_id = ?3;

-- name: crypt_share_drop
DELETE FROM crypt_share WHERE outbound = ?1 AND pid = ?2 AND device_id = ?3;

-- How many, up to a number.
-- name: crypt_share_count
SELECT count(*) FROM (SELECT 1 FROM crypt_share WHERE outbound = ?1 AND state = ?2 LIMIT ?3);

-- name: crypt_share_answered
UPDATE crypt_share SET state = 3 WHERE ref = ?1 AND state = 2;

-- Is another share of that row's session still on its way?
-- name: crypt_share_others
SELECT EXISTS (SELECT 1 FROM crypt_share WHERE state = 2 AND outbound = (
	SELECT outbound FROM crypt_share WHERE ref = ?1 LIMIT 1));

-- name: crypt_share_again
UPDATE crypt_share SET state = 0, ref = NULL WHERE ref = ?1 AND state = 2;

-- name: crypt_share_again_all
UPDATE crypt_share SET state = 0, ref = NULL WHERE state IN (2, 4, 5);

-- A device got its one-time key, or did not.
-- name: crypt_share_claimed
UPDATE crypt_share SET state = 0 WHERE pid = ?1 AND device_id = ?2 AND state IN (4, 5);

-- Its Olm session broke: the keys of present sessions go again.
-- name: crypt_share_resend
UPDATE crypt_share SET state = 0, ref = NULL
WHERE pid = ?1 AND device_id = ?2 AND state = 3
	AND outbound IN (SELECT n FROM crypt_outbound WHERE active = 1);

-- Skipped devices whose back-off has passed.
-- name: crypt_share_revive
UPDATE crypt_share SET state = 0 WHERE (outbound, pid, device_id) IN (
	SELECT s.outbound, s.pid, s.device_id FROM crypt_share AS s
	JOIN crypt_device AS d ON d.pid = s.pid AND d.device_id = s.device_id
	WHERE s.state = 5 AND d.eligible = 1 AND d.claim_due <= ?1 LIMIT ?2);

-- Does anybody hold, or is about to get, this session who may not?
-- name: crypt_share_strangers
SELECT EXISTS (SELECT 1 FROM crypt_share AS s WHERE s.outbound = ?1 AND s.state IN (2, 3)
	AND (NOT EXISTS (SELECT 1 FROM roster AS r WHERE r.room_id = ?2 AND r.pid = s.pid)
	OR NOT EXISTS (SELECT 1 FROM crypt_device AS d WHERE d.pid = s.pid
		AND d.device_id = s.device_id AND d.eligible = 1 AND d.curve25519 = s.curve25519)));

-- name: crypt_share_readers
SELECT count(*) FROM roster WHERE room_id = ?1;

-- Does this user hold it?
-- name: crypt_share_holds
SELECT EXISTS (SELECT 1 FROM crypt_share WHERE outbound = ?1 AND pid = ?2 AND state IN (2, 3));

-- name: crypt_share_row
SELECT count(*), sum(NOT EXISTS (SELECT 1 FROM roster AS r WHERE r.room_id = o.room_id AND r.pid = s.pid)
	OR EXISTS (SELECT 1 FROM unsure AS u WHERE u.room_id = o.room_id)
	OR NOT EXISTS (SELECT 1 FROM crypt_device AS d WHERE d.pid = s.pid
		AND d.device_id = s.device_id AND d.eligible = 1 AND d.curve25519 = s.curve25519))
FROM crypt_share AS s JOIN crypt_outbound AS o ON o.n = s.outbound
WHERE s.ref = ?1 AND s.state = 2;

-- name: crypt_history_add
INSERT INTO crypt_history (room_id, pid, done) VALUES (?1, ?2, 0)
ON CONFLICT (room_id, pid) DO UPDATE SET done = 0;

-- name: crypt_history_list
SELECT room_id, pid, done FROM crypt_history
WHERE (room_id, pid) > (?1, ?2) ORDER BY room_id, pid LIMIT 1;

-- name: crypt_history_done
UPDATE crypt_history SET done = ?3 WHERE room_id = ?1 AND pid = ?2;

-- name: crypt_history_drop
DELETE FROM crypt_history WHERE room_id = ?1 AND pid = ?2;

-- Rooms whose later readers get history, with this user on the roster.
-- name: crypt_history_rooms
INSERT INTO crypt_history (room_id, pid, done)
SELECT DISTINCT o.room_id, r.pid, 0 FROM roster AS r JOIN crypt_outbound AS o ON o.room_id = r.room_id
WHERE r.pid = ?1 AND o.history = 1
ON CONFLICT (room_id, pid) DO UPDATE SET done = 0;

-- name: crypt_blocked_get
SELECT reason FROM crypt_blocked WHERE room_id = ?1;

-- name: crypt_blocked_put
INSERT INTO crypt_blocked (room_id, reason) VALUES (?1, ?2)
ON CONFLICT (room_id) DO UPDATE SET reason = excluded.reason WHERE reason <> excluded.reason;

-- name: crypt_blocked_drop
DELETE FROM crypt_blocked WHERE room_id = ?1;
