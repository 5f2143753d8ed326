-- SPDX-License-Identifier: Apache-2.0

-- name: status_list_put
INSERT INTO status_list (org, uri, id) VALUES (?1, ?2, ?3)
ON CONFLICT (org, uri) DO UPDATE SET id = excluded.id;

-- name: status_list_of
SELECT org, id FROM status_list WHERE uri = ?1 ORDER BY n;

-- name: status_newest_put
INSERT INTO status_newest (issuer, uri, issued) VALUES (?1, ?2, ?3)
ON CONFLICT (issuer, uri) DO UPDATE SET issued = max(issued, excluded.issued);

-- name: status_newest
SELECT issued FROM status_newest WHERE issuer = ?1 AND uri = ?2;
