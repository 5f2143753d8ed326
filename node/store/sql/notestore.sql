-- SPDX-License-Identifier: Apache-2.0

-- name: note_add
INSERT INTO note (n, pairing, kind, at, due, body, pid, own) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: note_list
SELECT n FROM note WHERE ?1 IS NULL OR pairing = ?1 ORDER BY n;

-- name: note_unseen
SELECT n FROM note WHERE kind = 'feedback' AND seen = 0 AND (?1 IS NULL OR pairing = ?1) ORDER BY n;

-- name: note_saw
UPDATE note SET seen = ?2 WHERE n = ?1;

-- name: note_of_kind
SELECT n FROM note WHERE pairing = ?1 AND kind = ?2 ORDER BY n;

-- name: note_at
SELECT n, pairing, kind, at, due, body, pid, own FROM note WHERE n = ?1;

-- name: note_mine
SELECT n FROM note WHERE pid = ?1 AND kind = ?2 ORDER BY n DESC;

-- name: note_share
UPDATE note SET own = ?3 WHERE pid = ?1 AND kind = ?2;

-- name: note_erase
DELETE FROM note WHERE n = ?1;

-- name: note_put_due
UPDATE note SET due = ?2 WHERE n = ?1;

-- The newest check-in of an active match says when the next is due.
-- name: note_due
SELECT count(*) FROM note AS a WHERE kind = 'checkin' AND due > 0 AND due <= ?1 AND
	EXISTS (SELECT 1 FROM pairing WHERE id = a.pairing AND state = 'active') AND
	NOT EXISTS (SELECT 1 FROM note AS b WHERE b.pairing = a.pairing AND b.kind = 'checkin' AND b.n > a.n);

-- Who is to be asked in their chat; of a match, only while it lasts; who wrote since, only as they said then.
-- name: note_ask
SELECT n, due FROM note AS a WHERE due > 0 AND pid > 0 AND
	(pairing = '' OR EXISTS (SELECT 1 FROM pairing WHERE id = a.pairing AND state = 'active')) AND
	NOT EXISTS (SELECT 1 FROM note AS b WHERE b.pid = a.pid AND b.kind = a.kind AND b.n > a.n) ORDER BY due, n LIMIT 1;

-- name: chat_put
INSERT INTO pairing_chat (pairing, pid, side) VALUES (?1, ?2, ?3)
ON CONFLICT (pairing, pid) DO UPDATE SET side = excluded.side;

-- name: chat_drop
DELETE FROM pairing_chat WHERE pairing = ?1 AND pid = ?2;

-- Of a match: those that staff named, and the member's own whose referral led to it.
-- name: chat_of_pairing
SELECT pairing, pid, side FROM pairing_chat WHERE pairing = ?1
UNION ALL
SELECT p.id, i.pid, 'member' FROM pairing AS p JOIN intake_referral AS ir ON ir.referral = p.whose
JOIN intake AS i ON i.id = ir.intake WHERE p.id = ?1 AND i.pid > 0 AND
	NOT EXISTS (SELECT 1 FROM pairing_chat AS c WHERE c.pairing = p.id AND (c.pid = i.pid OR c.side = 'member'))
ORDER BY 2;

-- Those whose member's chat is theirs, by the subject of each; without those that are part of their person already.
-- name: chat_subjects
SELECT DISTINCT 'referral:' || p.whose FROM pairing_chat AS c JOIN pairing AS p ON p.id = c.pairing
WHERE c.pid = ?1 AND c.side = 'member' AND NOT EXISTS (SELECT 1 FROM subject WHERE name = 'referral:' || p.whose AND part_of = 'person:' || ?1);

-- name: chat_of_person
SELECT c.pairing, c.pid, c.side FROM pairing_chat AS c JOIN pairing AS p ON p.id = c.pairing
WHERE c.pid = ?1 AND p.state = 'active'
UNION ALL
SELECT p.id, i.pid, 'member' FROM intake AS i JOIN intake_referral AS ir ON ir.intake = i.id
JOIN pairing AS p ON p.whose = ir.referral WHERE i.pid = ?1 AND p.state = 'active' AND
	NOT EXISTS (SELECT 1 FROM pairing_chat AS c WHERE c.pairing = p.id AND (c.pid = i.pid OR c.side = 'member'))
ORDER BY 1;
