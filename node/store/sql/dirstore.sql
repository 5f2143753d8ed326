-- SPDX-License-Identifier: Apache-2.0

-- name: own_put
INSERT INTO own (id, kind, source, body, record, hash, state_key, seq, dirty)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, source = excluded.source,
	body = excluded.body, record = excluded.record, hash = excluded.hash,
	state_key = excluded.state_key, seq = excluded.seq, dirty = excluded.dirty;

-- Higher than what was issued after this copy was made.
-- name: own_leap
UPDATE own SET seq = seq + 1000000, dirty = dirty | 1 WHERE seq > 0;

-- name: own_drop
DELETE FROM own WHERE id = ?1;

-- name: own_at
SELECT id, kind, source, body, record, hash, state_key, seq, dirty FROM own WHERE n = ?1;

-- name: own_by_id
SELECT n FROM own WHERE id = ?1;

-- name: own_by_source
SELECT n FROM own WHERE source = ?1;

-- name: own_list
SELECT n FROM own WHERE ?1 IS NULL OR kind = ?1 ORDER BY n;

-- name: partner_put
INSERT INTO partner (org, directory_room, follows, follower, loaded, manifest)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (org) DO UPDATE SET directory_room = excluded.directory_room,
	follows = excluded.follows, follower = excluded.follower, loaded = excluded.loaded,
	manifest = excluded.manifest;

-- name: partner_at
SELECT org, directory_room, follows, follower, loaded, manifest FROM partner WHERE n = ?1;

-- name: partner_by_org
SELECT n FROM partner WHERE org = ?1;

-- name: partner_by_room
SELECT n FROM partner WHERE directory_room = ?1;

-- name: partner_list
SELECT n FROM partner ORDER BY n;

-- name: seen_put
INSERT INTO seen (org, id, kind, seq, expires_at, received_at, hash, record, verdict, reason, forget_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (org, id) DO UPDATE SET kind = excluded.kind, seq = excluded.seq,
	expires_at = excluded.expires_at, received_at = excluded.received_at,
	hash = excluded.hash, record = excluded.record, verdict = excluded.verdict,
	reason = excluded.reason, forget_at = excluded.forget_at, indexed = 0;

-- name: seen_at
SELECT org, id, kind, seq, expires_at, received_at, hash, record, verdict, reason, n, forget_at
FROM seen WHERE n = ?1;

-- name: seen_count
SELECT count(*) FROM seen WHERE org = ?1;

-- One step into the index for each, however many records.
-- name: seen_orgs
WITH RECURSIVE each_org (org) AS (
	SELECT min(org) FROM seen
	UNION ALL
	SELECT (SELECT min(org) FROM seen WHERE org > each_org.org) FROM each_org WHERE each_org.org IS NOT NULL
)
SELECT org FROM each_org WHERE org IS NOT NULL;

-- name: seen_by_id
SELECT n FROM seen WHERE org = ?1 AND id = ?2;

-- name: seen_list
SELECT n FROM seen WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR org = ?2) ORDER BY n;

-- name: seen_indexed
UPDATE seen SET indexed = ?2 WHERE n = ?1;

-- name: seen_unindexed
SELECT n FROM seen WHERE indexed < ?1 ORDER BY indexed, n LIMIT ?2;

-- name: seen_over
SELECT n FROM seen WHERE forget_at > 0 AND forget_at <= ?1 ORDER BY forget_at LIMIT ?2;

-- A partner cannot fill the store with ids.
-- name: proved_put
INSERT INTO proved (org, id, seq, manifest) SELECT ?1, ?2, ?3, ?4
WHERE (SELECT count(*) FROM proved WHERE org = ?1) < ?5 OR EXISTS (SELECT 1 FROM proved WHERE org = ?1 AND id = ?2)
ON CONFLICT (org, id) DO UPDATE SET seq = excluded.seq, manifest = excluded.manifest WHERE excluded.seq > seq;

-- name: proved_drop
DELETE FROM proved WHERE org = ?1 AND id = ?2 AND seq <= ?3;

-- name: proved_seq
SELECT seq FROM proved WHERE org = ?1 AND id = ?2;

-- name: proved_manifest
SELECT count(*) FROM proved WHERE org = ?1 AND manifest = 1;

-- What a manifest of theirs counts.
-- name: counted_list
SELECT id, max(seq) FROM (
	SELECT id, seq FROM seen WHERE org = ?1 AND kind <> 'manifest'
	UNION ALL
	SELECT id, seq FROM proved WHERE org = ?1 AND manifest = 0
) GROUP BY id;

-- name: purge_ask
INSERT OR IGNORE INTO purge (record, org, asked_at) SELECT ?1, org, ?2 FROM partner WHERE follower = 1
UNION SELECT record, org, ?2 FROM record_read WHERE record = ?1;

-- name: read_put
INSERT OR IGNORE INTO record_read (record, org) VALUES (?1, ?2);

-- Whom nobody has asked yet.
-- name: read_unasked
SELECT r.record, r.org FROM record_read AS r JOIN purge AS p ON p.record = r.record AND p.org = r.org ORDER BY r.record, r.org;

-- name: read_drop
DELETE FROM record_read WHERE record = ?1 AND org = ?2;

-- name: purge_done
UPDATE purge SET done_at = ?3 WHERE record = ?1 AND org = ?2 AND done_at = 0;

-- name: purge_list
SELECT org, asked_at, done_at FROM purge WHERE record = ?1 ORDER BY org;

-- name: purge_late
SELECT count(*) FROM purge WHERE done_at = 0 AND asked_at < ?1;
