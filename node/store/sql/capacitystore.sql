-- SPDX-License-Identifier: Apache-2.0

-- name: capacity_ask
INSERT INTO capacity_asked (org, inquiry, after, at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (org) DO UPDATE SET inquiry = excluded.inquiry, after = excluded.after, at = excluded.at;

-- name: capacity_asked
SELECT inquiry, after, at FROM capacity_asked WHERE org = ?1;

-- name: capacity_put
INSERT INTO capacity_said (org, record, said, at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (org, record) DO UPDATE SET said = excluded.said, at = excluded.at;

-- name: capacity_get
SELECT said, at FROM capacity_said WHERE org = ?1 AND record = ?2;

-- name: capacity_list
SELECT org, record, said, at FROM capacity_said ORDER BY org, record;

-- name: capacity_count
SELECT count(*) FROM capacity_said WHERE org = ?1;

-- name: capacity_drop
DELETE FROM capacity_said WHERE org = ?1;
