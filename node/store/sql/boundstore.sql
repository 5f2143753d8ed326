-- SPDX-License-Identifier: Apache-2.0

-- name: bound_put
INSERT INTO bound (pid, text, asked, said, body) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (pid, text) DO UPDATE SET asked = excluded.asked, said = excluded.said, body = excluded.body;

-- name: bound_list
SELECT text, asked, said, body FROM bound WHERE pid = ?1 ORDER BY text;

-- name: bound_unasked
SELECT DISTINCT pid FROM bound WHERE asked = 0 AND said = 0;
