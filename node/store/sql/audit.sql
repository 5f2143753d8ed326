-- SPDX-License-Identifier: Apache-2.0

-- name: audit_last
SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1;

-- name: audit_add
INSERT INTO audit (n, at, actor, action, subject, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: audit_list
SELECT n, at, actor, action, subject, detail, hash FROM audit ORDER BY n;
