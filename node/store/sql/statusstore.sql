-- SPDX-License-Identifier: Apache-2.0

-- name: status_list_put
INSERT INTO status_list (org, uri, id) VALUES (?1, ?2, ?3)
ON CONFLICT (org, uri) DO UPDATE SET id = excluded.id;

-- name: status_list_of
SELECT org, id FROM status_list WHERE uri = ?1 ORDER BY n;

-- name: newest_put
INSERT INTO signed_newest (signer, name, issued) VALUES (?1, ?2, ?3)
ON CONFLICT (signer, name) DO UPDATE SET issued = max(issued, excluded.issued);

-- name: newest_get
SELECT issued FROM signed_newest WHERE signer = ?1 AND name = ?2;
