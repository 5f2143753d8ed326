-- SPDX-License-Identifier: Apache-2.0
-- What is over its term, and not held (holdstore.h).

-- Not while the two whom it brought together go on, nor before their end is as long ago.
-- name: retention_referrals
SELECT 'referral:' || id FROM referral WHERE erased = 0 AND 'referral:' || id NOT IN (SELECT name FROM held) AND state IN ('ended', 'closed', 'forwarded') AND updated < ?1 AND
	NOT EXISTS (SELECT 1 FROM pairing AS p WHERE p.whose = referral.id AND (p.state = 'active' OR p.ended >= ?1)) LIMIT ?2;

-- Of matches that no referral led to; each ends by itself (pairing_lapse).
-- name: retention_pairings
SELECT 'referral:' || id FROM pairing WHERE state = 'ended' AND ended < ?1 AND whose = id AND 'referral:' || id NOT IN (SELECT name FROM held) LIMIT ?2;

-- Of somebody without Matrix for whom nothing was asked, or nothing is left of what was.
-- name: retention_cases
SELECT 'referral:' || i.id FROM intake AS i WHERE i.pid = 0 AND i.made < ?1 AND
	NOT EXISTS (SELECT 1 FROM intake_referral AS l JOIN referral AS r ON r.id = l.referral WHERE l.intake = i.id AND r.erased = 0) AND
	NOT EXISTS (SELECT 1 FROM erasure AS e WHERE e.name = 'referral:' || i.id) AND 'referral:' || i.id NOT IN (SELECT name FROM held) LIMIT ?2;

-- The legal term begins when the rest was erased.
-- name: retention_legal
SELECT s.name FROM erasure AS e JOIN subject AS s ON s.name = 'legal:' || CASE WHEN e.name LIKE 'referral:%' THEN substr(e.name, 10) ELSE e.name END
WHERE (e.name LIKE 'referral:%' OR e.name LIKE 'person:%') AND e.state = 3 AND e.at < ?1 AND s.name NOT IN (SELECT name FROM held) LIMIT ?2;

-- Of what was proposed nobody was chosen: with its own key if the match has one, else by itself.
-- name: retention_offers
SELECT 'referral:' || id FROM pairing WHERE state = 'offered' AND asked < ?1 AND whose = id AND 'referral:' || id NOT IN (SELECT name FROM held) LIMIT ?2;

-- name: retention_offers_of
DELETE FROM pairing WHERE n IN (SELECT n FROM pairing WHERE state = 'offered' AND asked < ?1 AND whose <> id AND
	'referral:' || whose NOT IN (SELECT name FROM held) LIMIT ?2);

-- name: retention_book
SELECT 'entry:' || n FROM book WHERE at < ?1 AND 'entry:' || n NOT IN (SELECT name FROM held) LIMIT ?2;

-- name: retention_messages
DELETE FROM message WHERE n IN (SELECT n FROM message WHERE at < ?1 AND room_id IS NOT NULL AND NOT EXISTS
	(SELECT 1 FROM outbox WHERE purpose = 'say' AND ref = message.content_id) AND 'person:' || pid NOT IN (SELECT name FROM held) ORDER BY at LIMIT ?2);

-- What was refused: nobody reads it again, and that of somebody who is erased later is among it.
-- name: retention_rejected
DELETE FROM rejected WHERE id IN (SELECT id FROM rejected WHERE at < ?1 ORDER BY id LIMIT ?2);

-- What concerns a referral goes with it.
-- name: retention_traffic
DELETE FROM traffic WHERE content_id IN (
	SELECT content_id FROM traffic WHERE referral IS NULL AND acked_at > 0 AND acked_at < ?1 ORDER BY acked_at LIMIT ?2);

-- name: retention_names
DELETE FROM erasure WHERE state = 3 AND done < ?1 AND
	NOT EXISTS (SELECT 1 FROM subject WHERE name = 'legal:' || CASE WHEN erasure.name LIKE 'referral:%' THEN substr(erasure.name, 10) ELSE erasure.name END);
