-- SPDX-License-Identifier: Apache-2.0

-- name: feed_put
INSERT INTO feed (n, name, at) VALUES ((SELECT coalesce(max(n), 0) + 1 FROM feed), ?1, ?2);

-- name: feed_part_put
INSERT INTO feed_part (feed, source, base, text) VALUES (?1, ?2, ?3, ?4);

-- name: feed_count
SELECT count(*) FROM feed WHERE name != ?1;

-- name: feed_list
SELECT f.name, f.at, count(nullif(p.source, '')), sum(length(CAST(p.text AS BLOB)))
FROM feed AS f JOIN feed_part AS p ON p.feed = f.n GROUP BY f.n ORDER BY f.n;

-- name: feed_parts
SELECT p.source, p.text FROM feed_part AS p JOIN feed AS f ON f.n = p.feed WHERE f.name = ?1 ORDER BY p.n;

-- name: feed_base
SELECT base FROM feed_part WHERE source = ?1 ORDER BY feed DESC LIMIT 1;

-- name: feed_drop
DELETE FROM feed WHERE name = ?1;

-- What cannot be taken out of a file takes the file along.
-- name: feed_drop_whole
DELETE FROM feed WHERE n IN (SELECT feed FROM feed_part WHERE source = ?1 AND text = '');

-- name: feed_drop_part
DELETE FROM feed_part WHERE source = ?1;
