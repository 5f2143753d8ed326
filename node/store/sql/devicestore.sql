-- SPDX-License-Identifier: Apache-2.0

-- name: crypt_user_get
SELECT pid, tracked, outdated, changed, answered, queried_at, tries, due, pinned, refused, master,
	refused_at, shown
FROM crypt_user WHERE pid = ?1;

-- name: crypt_user_put
INSERT INTO crypt_user (pid, tracked, outdated, changed, answered, queried_at, tries, due, pinned,
	refused, master, refused_at, shown)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (pid) DO UPDATE SET tracked = excluded.tracked, outdated = excluded.outdated,
	changed = excluded.changed, answered = excluded.answered, queried_at = excluded.queried_at,
	tries = excluded.tries, due = excluded.due, pinned = excluded.pinned,
	refused = excluded.refused, master = excluded.master, refused_at = excluded.refused_at,
	shown = excluded.shown;

-- name: crypt_user_refused
SELECT pid FROM crypt_user WHERE refused = 1 ORDER BY refused_at, pid LIMIT ?1;

-- Of what is to be encrypted in rooms that are for them alone (4: channel, 5: direct).
-- name: crypt_user_held
SELECT count(*) FROM outbox AS o JOIN roster AS r ON r.room_id = o.room_id JOIN room AS m ON m.room_id = o.room_id
WHERE o.state = 1 AND o.kind = 1 AND r.pid = ?1 AND m.kind IN (4, 5);

-- name: crypt_user_due
SELECT pid FROM crypt_user WHERE tracked = 1 AND outdated = 1 AND due <= ?1
ORDER BY due, pid LIMIT ?2;

-- name: crypt_user_next
SELECT min(due) FROM crypt_user WHERE tracked = 1 AND outdated = 1;

-- name: crypt_device_get
SELECT pid, device_id, ed25519, curve25519, listed, signed, eligible, claim, claim_tries, claim_due,
	mend, mended_at, failures, failing_at, refused, onetime
FROM crypt_device WHERE pid = ?1 AND device_id = ?2;

-- name: crypt_device_list
SELECT pid, device_id, ed25519, curve25519, listed, signed, eligible, claim, claim_tries, claim_due,
	mend, mended_at, failures, failing_at, refused, onetime
FROM crypt_device WHERE pid = ?1 ORDER BY device_id;

-- name: crypt_device_by_key
SELECT pid, device_id, ed25519, curve25519, listed, signed, eligible, claim, claim_tries, claim_due,
	mend, mended_at, failures, failing_at, refused, onetime
FROM crypt_device WHERE curve25519 = ?1 ORDER BY pid, device_id;

-- name: crypt_device_name
SELECT device_id, eligible FROM crypt_device WHERE curve25519 = ?1 AND pid = ?2
ORDER BY eligible DESC, listed DESC, device_id LIMIT 1;

-- name: crypt_device_claims
SELECT pid, device_id, ed25519, curve25519, listed, signed, eligible, claim, claim_tries, claim_due,
	mend, mended_at, failures, failing_at, refused, onetime
FROM crypt_device WHERE claim = 1 AND claim_due <= ?1 ORDER BY claim_due, pid, device_id LIMIT ?2;

-- name: crypt_device_mends
SELECT pid, device_id, ed25519, curve25519, listed, signed, eligible, claim, claim_tries, claim_due,
	mend, mended_at, failures, failing_at, refused, onetime
FROM crypt_device WHERE mend = 1 AND (onetime IS NOT NULL OR claim = 0 OR eligible = 0) LIMIT ?1;

-- name: crypt_device_put
INSERT INTO crypt_device (pid, device_id, ed25519, curve25519, listed, signed, eligible, claim,
	claim_tries, claim_due, mend, mended_at, failures, failing_at, refused, onetime)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
ON CONFLICT (pid, device_id) DO UPDATE SET ed25519 = excluded.ed25519,
	curve25519 = excluded.curve25519, listed = excluded.listed, signed = excluded.signed,
	eligible = excluded.eligible, claim = excluded.claim, claim_tries = excluded.claim_tries,
	claim_due = excluded.claim_due, mend = excluded.mend, mended_at = excluded.mended_at,
	failures = excluded.failures, failing_at = excluded.failing_at, refused = excluded.refused,
	onetime = excluded.onetime;

-- name: crypt_device_claim
UPDATE crypt_device SET claim = ?3, claim_tries = ?4, claim_due = ?5, mend = ?6, onetime = ?7,
	used = coalesce(?8, used)
WHERE pid = ?1 AND device_id = ?2;

-- Claimed, and perhaps used by then.
-- name: crypt_device_unclaim_all
UPDATE crypt_device SET claim = 0, claim_tries = 0, claim_due = 0, mend = 0, onetime = NULL;

-- name: crypt_device_used
SELECT used FROM crypt_device WHERE pid = ?1 AND device_id = ?2;

-- name: crypt_device_drop
DELETE FROM crypt_device WHERE pid = ?1 AND device_id = ?2;

-- name: crypt_claim_next
SELECT min(claim_due) FROM crypt_device WHERE claim = 1;

-- A share that was skipped is tried again then.
-- name: crypt_skipped_next
SELECT min(d.claim_due) FROM crypt_share AS s
JOIN crypt_device AS d ON d.pid = s.pid AND d.device_id = s.device_id
WHERE s.state = 5 AND d.eligible = 1;

-- name: crypt_pin_get
SELECT ed25519 FROM crypt_pin WHERE pid = ?1 AND device_id = ?2;

-- name: crypt_pin_drop
DELETE FROM crypt_pin WHERE pid = ?1 AND device_id = ?2;

-- name: crypt_pin_put
INSERT INTO crypt_pin (pid, device_id, ed25519) VALUES (?1, ?2, ?3)
ON CONFLICT (pid, device_id) DO UPDATE SET ed25519 = excluded.ed25519;

-- name: crypt_alarm_add
INSERT INTO crypt_alarm (at, pid, device_id, text) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING;

-- All but the newest ?3 of one text and person.
-- name: crypt_alarm_trim
DELETE FROM crypt_alarm WHERE n IN (
	SELECT n FROM crypt_alarm WHERE pid = ?1 AND text = ?2 ORDER BY n DESC LIMIT -1 OFFSET ?3);

-- name: crypt_alarm_list
SELECT at, pid, device_id, text FROM crypt_alarm ORDER BY n DESC LIMIT ?1;

-- name: crypt_epoch_get
SELECT value FROM counter WHERE name = ?1;
