-- SPDX-License-Identifier: Apache-2.0

-- An id chosen by a partner cannot take over a consent for another referral or organization.
-- name: consent_put
INSERT INTO consent (id, referral, org, consent, granted_at, revoked_at, form)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (id) DO UPDATE SET consent = excluded.consent, form = excluded.form, granted_at = excluded.granted_at,
	revoked_at = max(revoked_at, excluded.revoked_at)
WHERE referral = excluded.referral AND org = excluded.org;

-- name: consent_for
SELECT id, referral, org, consent, granted_at, revoked_at FROM consent
WHERE referral = ?1 ORDER BY granted_at DESC, n DESC LIMIT 1;

-- name: consent_get
SELECT id, referral, org, consent, granted_at, revoked_at FROM consent WHERE id = ?1;

-- name: consent_list
SELECT n FROM consent WHERE referral = ?1 ORDER BY granted_at, n;

-- name: consent_alike
SELECT n FROM consent WHERE form = ?1 ORDER BY n;

-- name: consent_closed
SELECT id, referral, org, granted_at, revoked_at FROM consent WHERE n = ?1;

-- name: consent_at
SELECT id, referral, org, consent, granted_at, revoked_at FROM consent WHERE n = ?1;

-- name: consent_end
UPDATE consent SET revoked_at = ?4 WHERE id = ?1 AND referral = ?2 AND org = ?3 AND revoked_at = 0;

-- What may have left before counts once.
-- name: disclosed_put
INSERT INTO disclosed (id, whose, consent, org, at, arrived, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (id) DO NOTHING;

-- name: disclosed_has
SELECT 1 FROM disclosed WHERE id = ?1;

-- name: disclosed_arrived
UPDATE disclosed SET arrived = ?2 WHERE id = ?1 AND arrived = 0;

-- name: disclosed_list
SELECT n FROM disclosed WHERE whose = ?1 ORDER BY at, n;

-- name: disclosed_any
SELECT 1 FROM disclosed WHERE whose = ?1 LIMIT 1;

-- name: disclosed_at
SELECT id, whose, consent, org, at, arrived, detail FROM disclosed WHERE n = ?1;

-- name: revocation_put
INSERT INTO revocation (consent, org, referral, at, ended, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (consent, org) DO UPDATE SET ended = 0, at = excluded.at, detail = excluded.detail
WHERE ended = 1 AND excluded.ended = 0;

-- name: revocation_get
SELECT consent, org, referral, at, ended, detail FROM revocation WHERE consent = ?1 AND org = ?2;

-- Of consents that are not known here.
-- name: revocation_unknown
SELECT count(*) FROM revocation WHERE referral IS NULL AND org = ?1;

-- name: revocation_oldest
SELECT consent, org FROM revocation WHERE referral IS NULL AND at < ?1 LIMIT 1;

-- name: revocation_drop
DELETE FROM revocation WHERE consent = ?1 AND org = ?2 AND referral IS NULL;

-- Told again, the clock and the answer begin anew.
-- name: holder_put
INSERT INTO holder (consent, org, referral, told, due, acked, detail) VALUES (?1, ?2, ?3, ?4, ?5, 0, NULL)
ON CONFLICT (consent, org) DO UPDATE SET told = excluded.told, due = excluded.due, acked = 0, detail = NULL;

-- name: holder_ack
UPDATE holder SET acked = ?3, detail = ?4 WHERE consent = ?1 AND org = ?2 AND referral = ?5;

-- name: holder_get
SELECT acked FROM holder WHERE consent = ?1 AND org = ?2 AND referral = ?3;

-- name: holder_list
SELECT consent, org, referral, told, due, acked, detail FROM holder WHERE consent = ?1 ORDER BY org;

-- name: holder_late
SELECT count(*) FROM holder WHERE acked = 0 AND (due <= ?1 OR told = 0);

-- name: holder_untold
SELECT consent, org, referral, told, due, acked, detail FROM holder WHERE told = 0 AND acked = 0 AND due <= ?1 ORDER BY due LIMIT 1;
