-- SPDX-License-Identifier: Apache-2.0

-- name: audit_last
SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1;

-- name: audit_add
INSERT INTO audit (n, at, actor, action, commitment, about, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: audit_list
SELECT n, at, actor, action, subject, detail, hash, commitment, about FROM audit ORDER BY n;

-- name: audit_newest
SELECT n, at, actor, action, subject, detail, hash, commitment, about FROM audit ORDER BY n DESC LIMIT ?1;

-- name: audit_hash
SELECT hash FROM audit WHERE n = ?1;

-- name: audit_over
SELECT max(n) FROM (SELECT n, at FROM audit ORDER BY n LIMIT ?2) WHERE at < ?1;

-- name: audit_trim
DELETE FROM audit WHERE n <= ?1;

-- Who is being given a key, but that of a directory, which holds nothing of anybody.
-- name: audit_shares
SELECT s.pid, s.device_id, o.room_id FROM crypt_share AS s JOIN crypt_outbound AS o ON o.n = s.outbound
JOIN room AS r ON r.room_id = o.room_id WHERE s.ref = ?1 AND s.state = 2 AND r.kind <> 1;
