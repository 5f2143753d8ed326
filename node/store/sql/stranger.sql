-- SPDX-License-Identifier: Apache-2.0

-- name: stranger_add
INSERT INTO stranger (pid, server) VALUES (?1, ?2);

-- name: stranger_has
SELECT 1 FROM stranger WHERE pid = ?1;

-- name: stranger_known
DELETE FROM stranger WHERE pid = ?1;

-- name: stranger_count
SELECT count(*) FROM stranger;

-- The oldest of the server that has the most.
-- name: stranger_oldest
SELECT pid FROM stranger WHERE n = (
	SELECT min(n) FROM stranger GROUP BY server ORDER BY count(*) DESC, min(n) LIMIT 1);

-- All that a stranger can have left behind.
-- name: stranger_forget_waiting
DELETE FROM waiting WHERE pid = ?1;

-- name: stranger_forget_rejected
DELETE FROM rejected WHERE pid = ?1;

-- name: stranger_forget_alarms
DELETE FROM crypt_alarm WHERE pid = ?1;

-- name: stranger_forget_hashes
DELETE FROM crypt_hash WHERE pid = ?1;

-- name: stranger_forget_indexes
DELETE FROM crypt_index WHERE session IN (SELECT n FROM crypt_inbound WHERE pid = ?1);

-- name: stranger_forget_inbound
DELETE FROM crypt_inbound WHERE pid = ?1;

-- name: stranger_forget_olm
DELETE FROM crypt_olm WHERE pid = ?1;

-- name: stranger_forget_devices
DELETE FROM crypt_device WHERE pid = ?1;

-- name: stranger_forget_user
DELETE FROM crypt_user WHERE pid = ?1;
