-- SPDX-License-Identifier: Apache-2.0

-- name: policy_put
INSERT INTO policy_rule (room_id, type, state_key, kind, entity, glob, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (room_id, type, state_key) DO UPDATE SET kind = excluded.kind, entity = excluded.entity,
	glob = excluded.glob, reason = excluded.reason;

-- name: policy_known
SELECT 1 FROM policy_rule WHERE room_id = ?1 AND type = ?2 AND state_key = ?3;

-- name: policy_drop
DELETE FROM policy_rule WHERE room_id = ?1 AND type = ?2 AND state_key = ?3;

-- name: policy_forget
DELETE FROM policy_rule WHERE room_id = ?1;

-- Those without a glob, by their entity.
-- name: policy_exact
SELECT kind, entity, room_id, reason FROM policy_rule WHERE entity IN (?1, ?2, ?3, ?4, ?5) AND glob = 0;

-- All that have one.
-- name: policy_globs
SELECT kind, entity, room_id, reason FROM policy_rule WHERE glob = 1;

-- name: policy_count
SELECT count(*) FROM policy_rule WHERE room_id = ?1;

-- name: policy_total
SELECT count(*) FROM policy_rule;

-- name: policy_servers
SELECT DISTINCT entity FROM policy_rule WHERE kind = 1 ORDER BY entity;

-- name: acl_get
SELECT hash FROM room_acl WHERE room_id = ?1;

-- name: acl_put
INSERT INTO room_acl (room_id, hash) VALUES (?1, ?2) ON CONFLICT (room_id) DO UPDATE SET hash = excluded.hash;
