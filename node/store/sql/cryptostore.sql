-- SPDX-License-Identifier: Apache-2.0

-- name: crypt_account_get
SELECT pid, device_id, pickle_key, pickle, uploaded, onetime, fallback_unused, fallback_at, forget_at
FROM crypt_account;

-- name: crypt_account_add
INSERT INTO crypt_account (n, pid, device_id, pickle_key, pickle, uploaded, onetime, fallback_unused,
	fallback_at, forget_at)
VALUES (1, ?1, ?2, ?3, ?4, 0, 0, 0, 0, 0);

-- name: crypt_account_renew
UPDATE crypt_account SET device_id = ?1, uploaded = 0, onetime = 0, fallback_unused = 0, fallback_at = 0,
	forget_at = 0;

-- name: crypt_account_key
UPDATE crypt_account SET pickle_key = ?1;

-- name: crypt_account_pickle
UPDATE crypt_account SET pickle = ?1;

-- name: crypt_account_state
UPDATE crypt_account SET uploaded = ?1, onetime = ?2, fallback_unused = ?3, fallback_at = ?4,
	forget_at = ?5;

-- name: crypt_olm_clear
DELETE FROM crypt_olm;

-- The one that received last comes first.
-- name: crypt_olm_list
SELECT n, session_id, pickle, used FROM crypt_olm WHERE pid = ?1 AND curve25519 = ?2
ORDER BY used DESC, n DESC LIMIT ?3;

-- name: crypt_olm_add
INSERT INTO crypt_olm (pid, curve25519, session_id, pickle, used) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: crypt_olm_put
UPDATE crypt_olm SET pickle = ?2, used = ?3 WHERE n = ?1;

-- name: crypt_olm_trim
DELETE FROM crypt_olm WHERE n IN (
	SELECT n FROM crypt_olm WHERE pid = ?1 AND curve25519 = ?2 ORDER BY used DESC, n DESC LIMIT -1 OFFSET ?3);

-- name: crypt_hash_get
SELECT 1 FROM crypt_hash WHERE hash = ?1;

-- name: crypt_hash_add
INSERT INTO crypt_hash (hash, pid, at) VALUES (?1, ?2, ?3);

-- All but the newest ?2 of one person.
-- name: crypt_hash_trim
DELETE FROM crypt_hash WHERE hash IN (
	SELECT hash FROM crypt_hash WHERE pid = ?1 ORDER BY at DESC, hash DESC LIMIT -1 OFFSET ?2);

-- name: crypt_hash_age
DELETE FROM crypt_hash WHERE at < ?1;

-- name: crypt_inbound_get
SELECT n, room_id, pid, curve25519, first, shared_history,
	EXISTS (SELECT 1 FROM crypt_index AS i WHERE i.session = s.n AND i.position < s.first)
FROM crypt_inbound AS s WHERE session_id = ?1 AND pid = ?2;

-- name: crypt_inbound_pickle
SELECT pickle FROM crypt_inbound WHERE session_id = ?1 AND pid = ?2;

-- name: crypt_inbound_add
INSERT INTO crypt_inbound (session_id, room_id, pid, curve25519, pickle, first, shared_history, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: crypt_inbound_extend
UPDATE crypt_inbound SET pickle = ?3, first = ?4 WHERE session_id = ?1 AND pid = ?2;

-- Of what was said among a few: the sessions of which something was read ...
-- name: crypt_past_mark
UPDATE crypt_inbound SET past = 1
WHERE shared_history = 0 AND EXISTS (SELECT 1 FROM crypt_index AS i WHERE i.session = crypt_inbound.n AND i.position >= crypt_inbound.first);

-- ... and our own that were used, which are begun anew.
-- name: crypt_past_used
UPDATE crypt_inbound SET used = o.messages FROM crypt_outbound AS o
WHERE o.history = 0 AND o.messages > 0 AND crypt_inbound.session_id = o.session_id
	AND crypt_inbound.pid = (SELECT pid FROM crypt_account);

-- name: crypt_past_forget
DELETE FROM crypt_outbound WHERE history = 0 AND messages > 0;

-- While something of it waits, or may be in a hole, it waits too.  Of a chat (5) up to the first position that was not read, which may still
-- come and is said once; elsewhere all that was read: what was not read is sent again until it was.
-- name: crypt_past_next
SELECT i.session_id, i.pid, CASE r.kind WHEN 5 THEN (
	SELECT min(p.at) FROM (
		SELECT i.first AS at UNION ALL SELECT s.position + 1 FROM crypt_index AS s WHERE s.session = i.n AND s.position >= i.first) AS p
	WHERE NOT EXISTS (SELECT 1 FROM crypt_index AS s WHERE s.session = i.n AND s.position = p.at))
ELSE (SELECT max(s.position) + 1 FROM crypt_index AS s WHERE s.session = i.n) END
FROM crypt_inbound AS i LEFT JOIN room AS r ON r.room_id = i.room_id
WHERE i.past = 1 AND NOT EXISTS (SELECT 1 FROM waiting AS w WHERE w.room_id = i.room_id AND w.session_id = i.session_id)
AND NOT EXISTS (SELECT 1 FROM gap AS g WHERE g.room_id = i.room_id AND g.state < 4)
LIMIT 1;

-- name: crypt_past_put
UPDATE crypt_inbound SET pickle = ?3, first = ?4, past = 0 WHERE session_id = ?1 AND pid = ?2;

-- name: crypt_inbound_count
SELECT count(*) FROM crypt_inbound WHERE pid = ?1;

-- name: crypt_index_get
SELECT event FROM crypt_index WHERE session = ?1 AND position = ?2;

-- name: crypt_index_add
INSERT INTO crypt_index (session, position, event) VALUES (?1, ?2, ?3);

-- name: crypt_index_drop
DELETE FROM crypt_index WHERE session = ?1 AND position = ?2;

-- name: crypt_outbound_active
SELECT n, session_id, room_id, created, messages, history, rotate, planned, plan_epoch, plan_roster,
	pickle
FROM crypt_outbound WHERE room_id = ?1 AND active = 1;

-- name: crypt_outbound_at
SELECT n, session_id, room_id, created, messages, history, rotate, planned, plan_epoch, plan_roster,
	pickle
FROM crypt_outbound WHERE n = ?1;

-- name: crypt_outbound_used
SELECT messages FROM crypt_outbound WHERE session_id = ?1
UNION ALL SELECT used FROM crypt_inbound WHERE session_id = ?1 AND used IS NOT NULL;

-- name: crypt_outbound_first_key
SELECT first_key, session_id FROM crypt_outbound WHERE n = ?1;

-- name: crypt_outbound_add
INSERT INTO crypt_outbound (session_id, room_id, pickle, first_key, created, messages, active, history,
	rotate, planned, plan_epoch, plan_roster)
VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, ?6, 0, -1, 0, 0);

-- name: crypt_outbound_advance
UPDATE crypt_outbound SET pickle = ?2, messages = messages + 1, planned = -1 WHERE n = ?1;

-- name: crypt_outbound_plan
UPDATE crypt_outbound SET planned = ?2, plan_epoch = ?3, plan_roster = ?4 WHERE n = ?1;

-- A session whose first key later readers get is kept, any other one forgotten.
-- name: crypt_outbound_retire
UPDATE crypt_outbound SET active = 0 WHERE n = ?1 AND history = 1;

-- name: crypt_outbound_ended
UPDATE crypt_inbound SET used = o.messages FROM crypt_outbound AS o
WHERE o.n = ?1 AND o.history = 0 AND crypt_inbound.session_id = o.session_id
	AND crypt_inbound.pid = (SELECT pid FROM crypt_account);

-- name: crypt_outbound_forget
DELETE FROM crypt_outbound WHERE n = ?1 AND history = 0;

-- name: crypt_outbound_retire_all
UPDATE crypt_outbound SET active = 0 WHERE history = 1;

-- name: crypt_outbound_forget_all
DELETE FROM crypt_outbound WHERE history = 0;

-- name: crypt_outbound_rotate_room
UPDATE crypt_outbound SET rotate = 1 WHERE room_id = ?1 AND active = 1;

-- name: crypt_outbound_rotates
SELECT 1 FROM crypt_outbound WHERE room_id = ?1 AND active = 1 AND rotate = 1;

-- name: crypt_outbound_rotate_person
UPDATE crypt_outbound SET rotate = 1 WHERE active = 1 AND n IN (
	SELECT outbound FROM crypt_share WHERE pid = ?1 AND state IN (2, 3));

-- name: crypt_outbound_after
SELECT n FROM crypt_outbound WHERE room_id = ?1 AND n > ?2 ORDER BY n LIMIT ?3;
