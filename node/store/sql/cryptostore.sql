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
INSERT INTO crypt_hash (hash, at) VALUES (?1, ?2);

-- name: crypt_hash_age
DELETE FROM crypt_hash WHERE at < ?1;

-- name: crypt_inbound_get
SELECT n, room_id, pid, curve25519, first, shared_history FROM crypt_inbound WHERE session_id = ?1;

-- name: crypt_inbound_pickle
SELECT pickle FROM crypt_inbound WHERE session_id = ?1;

-- name: crypt_inbound_add
INSERT INTO crypt_inbound (session_id, room_id, pid, curve25519, pickle, first, shared_history, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: crypt_inbound_extend
UPDATE crypt_inbound SET pickle = ?2, first = ?3 WHERE session_id = ?1;

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
WHERE o.n = ?1 AND o.history = 0 AND crypt_inbound.session_id = o.session_id;

-- name: crypt_outbound_forget
DELETE FROM crypt_outbound WHERE n = ?1 AND history = 0;

-- name: crypt_outbound_retire_all
UPDATE crypt_outbound SET active = 0 WHERE history = 1;

-- name: crypt_outbound_forget_all
DELETE FROM crypt_outbound WHERE history = 0;

-- name: crypt_outbound_rotate_room
UPDATE crypt_outbound SET rotate = 1 WHERE room_id = ?1 AND active = 1;

-- name: crypt_outbound_rotate_person
UPDATE crypt_outbound SET rotate = 1 WHERE active = 1 AND n IN (
	SELECT outbound FROM crypt_share WHERE pid = ?1 AND state IN (2, 3));

-- name: crypt_outbound_after
SELECT n FROM crypt_outbound WHERE room_id = ?1 AND n > ?2 ORDER BY n LIMIT ?3;
