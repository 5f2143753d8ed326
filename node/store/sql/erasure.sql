-- SPDX-License-Identifier: Apache-2.0
-- States: 1 wanted, 2 its keys and rows are gone, 3 nothing of it is left in the files.

-- name: erasure_want
INSERT INTO erasure (name, state, actor, at, done) VALUES (?1, 1, ?2, ?3, 0)
ON CONFLICT (name) DO UPDATE SET state = 1, actor = excluded.actor, at = excluded.at, done = 0 WHERE state = 3;

-- What is held waits; what somebody deleted of their own is not held.
-- name: erasure_next
SELECT name, actor FROM erasure WHERE state = 1 AND (name NOT IN (SELECT name FROM held) OR
	(name LIKE 'note:%' AND NOT EXISTS (SELECT 1 FROM note WHERE note.n = CAST(substr(erasure.name, 6) AS INTEGER)))) ORDER BY n LIMIT 1;

-- name: erasure_state
UPDATE erasure SET state = ?2, done = ?3 WHERE name = ?1;

-- name: erasure_cleaned
UPDATE erasure SET state = 3, done = ?1 WHERE state = 2 AND n <= ?2;

-- name: erasure_newest
SELECT max(n) FROM erasure WHERE state = 2;

-- name: erasure_get
SELECT state, actor, at, done FROM erasure WHERE name = ?1;

-- name: erasure_list
SELECT name, state, actor, at, done FROM erasure ORDER BY n DESC LIMIT ?1;

-- name: erasure_counts
SELECT count(*) FILTER (WHERE state < 3), count(*) FILTER (WHERE state = 3) FROM erasure;

-- name: erasure_number
SELECT value FROM counter WHERE name = ?1;

-- name: erasure_note
INSERT INTO counter (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: sealed_walk
SELECT key, row, subject, value FROM sealed WHERE col = ?1 AND key > ?2 AND value IS NOT NULL ORDER BY key LIMIT ?3;

-- name: sealed_put
UPDATE sealed SET value = ?3 WHERE col = ?1 AND key = ?2;

-- name: sealed_drop
DELETE FROM sealed WHERE col = ?1 AND key = ?2;

-- What people wrote in their chats has keys of its own; they are next.
-- name: erase_referral_own
INSERT INTO erasure (name, state, actor, at, done)
SELECT 'note:' || note.n, 1, e.actor, e.at, 0 FROM note JOIN erasure AS e ON e.name = 'referral:' || ?1
WHERE note.pid > 0 AND note.pairing IN (SELECT id FROM pairing WHERE whose = ?1) ON CONFLICT (name) DO NOTHING;

-- name: erase_referral_chats
DELETE FROM pairing_chat WHERE pairing IN (SELECT id FROM pairing WHERE whose = ?1);

-- Of a referral, or of a match without one.
-- name: erase_referral_notes
DELETE FROM note WHERE pairing IN (SELECT id FROM pairing WHERE whose = ?1);

-- name: erase_referral_pairings
DELETE FROM pairing WHERE whose = ?1;

-- What was to be said of it goes first, while it is known what that was.
-- name: erase_referral_outbox
DELETE FROM outbox WHERE purpose = 'traffic' AND ref IN (SELECT content_id FROM traffic WHERE referral = ?1);

-- What its partner sent and was refused may be of it: that is sealed, and nobody reads it again.
-- name: erase_referral_rejected
DELETE FROM rejected WHERE room_id IN (SELECT room_id FROM room WHERE kind = 4 AND subject IN
	(SELECT org FROM referral WHERE id = ?1 UNION SELECT org FROM traffic WHERE referral = ?1));

-- name: erase_referral_traffic
DELETE FROM traffic WHERE referral = ?1;

-- name: erase_referral_steps
DELETE FROM referral_step WHERE referral = ?1;

-- name: erase_referral_old_steps
DELETE FROM step WHERE referral = ?1;

-- While its consents are kept the row stays, and says nothing but that there was one.
-- name: erase_referral_husk
UPDATE referral SET request = NULL, disclosure = NULL, outcome = NULL, reason = NULL, clock_due = 0, erased = 1, lost = 0
WHERE id = ?1;

-- name: erase_referral_row
DELETE FROM referral WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM consent WHERE referral = ?1);

-- name: erase_legal_consents
DELETE FROM consent WHERE referral = ?1;

-- name: erase_legal_disclosed
DELETE FROM disclosed WHERE whose = ?1;

-- name: erase_legal_revocations
DELETE FROM revocation WHERE referral = ?1;

-- name: erase_legal_holders
DELETE FROM holder WHERE referral = ?1;

-- name: erase_legal_asks
DELETE FROM erasure_ask WHERE referral = ?1;

-- name: erase_legal_row
DELETE FROM referral WHERE id = ?1 AND erased = 1;

-- name: erase_note_row
DELETE FROM note WHERE n = ?1;

-- Of a person, and of the room of the two of us.
-- name: erase_person_notes
DELETE FROM note WHERE pid = ?1 AND 'note:' || n NOT IN (SELECT name FROM held);

-- name: erase_person_voices
DELETE FROM consult_voice WHERE pid = ?1;

-- name: erase_person_chats
DELETE FROM pairing_chat WHERE pid = ?1;

-- name: erase_person_bound
DELETE FROM bound WHERE pid = ?1;

-- Also what only names them: who is to be invited, whose invitation is taken, whose devices get keys, whose session is mended.
-- name: erase_person_outbox
DELETE FROM outbox WHERE room_id IN (SELECT room_id FROM room WHERE pid = ?1 AND kind = 5)
OR (purpose = 'say' AND ref IN (SELECT content_id FROM message WHERE pid = ?1))
OR (purpose = 'create_room' AND ref IN (SELECT tag FROM room WHERE pid = ?1 AND kind = 5))
OR (purpose IN ('join', 'invite') AND ref IN (SELECT room_id FROM room WHERE pid = ?1 AND kind = 5))
OR (purpose = 'share' AND ref IN (SELECT ref FROM crypt_share WHERE pid = ?1))
OR (purpose = 'dummy' AND ref = CAST(?1 AS TEXT))
OR (purpose = 'group_invite' AND ref LIKE '%/' || ?1);

-- Others' keys that were in the same row go in another.
-- name: erase_person_parcels
UPDATE crypt_share SET state = 0, ref = NULL WHERE state = 2 AND ref IN (SELECT ref FROM crypt_share WHERE pid = ?1);

-- name: erase_person_messages
DELETE FROM message WHERE pid = ?1;

-- name: erase_person_inbox
DELETE FROM inbox WHERE pid = ?1;

-- name: erase_person_withheld
DELETE FROM withheld WHERE pid = ?1;

-- name: erase_person_gaps
DELETE FROM gap WHERE room_id IN (SELECT room_id FROM room WHERE pid = ?1 AND kind = 5);

-- name: erase_person_indexes
DELETE FROM crypt_index WHERE session IN (SELECT n FROM crypt_inbound WHERE room_id IN (
	SELECT room_id FROM room WHERE pid = ?1 AND kind = 5));

-- Also our own copies, of what was said to them.
-- name: erase_person_inbound
DELETE FROM crypt_inbound WHERE room_id IN (SELECT room_id FROM room WHERE pid = ?1 AND kind = 5);

-- name: erase_person_sessions
DELETE FROM crypt_outbound WHERE room_id IN (SELECT room_id FROM room WHERE pid = ?1 AND kind = 5);

-- name: erase_person_shares
DELETE FROM crypt_share WHERE pid = ?1;

-- name: erase_person_history
DELETE FROM crypt_history WHERE pid = ?1;

-- name: erase_person_pins
DELETE FROM crypt_pin WHERE pid = ?1;

-- name: erase_person_roster
DELETE FROM roster WHERE pid = ?1;

-- name: erase_person_member
DELETE FROM member WHERE pid = ?1 OR room_id IN (SELECT room_id FROM room WHERE pid = ?1 AND kind = 5);

-- name: erase_person_room
DELETE FROM room WHERE pid = ?1 AND kind = 5;

-- name: subject_parts
SELECT name FROM subject WHERE part_of = ?1 AND name NOT IN (SELECT name FROM held) LIMIT 1;

-- Parts that are held are wanted erased, and stay: of nobody.
-- name: subject_parts_held
INSERT INTO erasure (name, state, actor, at, done)
SELECT name, 1, ?2, ?3, 0 FROM subject WHERE part_of = ?1 AND name IN (SELECT name FROM held)
ON CONFLICT (name) DO NOTHING;

-- name: subject_parts_free
UPDATE subject SET part_of = NULL WHERE part_of = ?1 AND name IN (SELECT name FROM held);

-- name: subject_drop
DELETE FROM subject WHERE name = ?1;

-- name: subject_each
SELECT slot, name, lost FROM subject ORDER BY slot;

-- name: subject_lost
UPDATE subject SET lost = ?2 WHERE name = ?1;

-- Of a referral whose key is not there.
-- name: lost_referral
UPDATE referral SET lost = 1 WHERE id = ?1 AND erased = 0;

-- name: lost_traffic
UPDATE traffic SET lost = 1 WHERE referral = ?1 AND content IS NOT NULL;

-- What may be lost, and a value of it that tells whether it is.
-- name: lost_each
SELECT 'referral.request', id, request FROM referral WHERE lost = 1
UNION ALL SELECT 'traffic.content', content_id, content FROM traffic WHERE lost = 1;

-- name: found_referral
UPDATE referral SET lost = 0 WHERE id = ?1;

-- name: found_traffic
UPDATE traffic SET lost = 0 WHERE content_id = ?1;

-- name: erasure_ask_put
INSERT INTO erasure_ask (referral, org, ours, at, until, answered) VALUES (?1, ?2, ?3, ?4, 0, 0)
ON CONFLICT (referral, org, ours) DO NOTHING;

-- Answers overtake each other, since they wait for nothing: that its staff will decide undoes no decision of a partner, and is taken.
-- name: erasure_ask_answer
UPDATE erasure_ask SET
	answer = CASE WHEN ours = 1 AND ?4 = 'asked' AND answer IS NOT NULL THEN answer ELSE ?4 END,
	until = CASE WHEN ours = 1 AND ?4 = 'asked' AND answer IS NOT NULL THEN until ELSE ?5 END,
	answered = CASE WHEN ours = 1 AND ?4 = 'asked' AND answer IS NOT NULL THEN answered ELSE ?6 END
WHERE referral = ?1 AND org = ?2 AND ours = ?3;

-- name: erasure_ask_list
SELECT referral, org, ours, at, answer, until, answered FROM erasure_ask WHERE ?1 IS NULL OR referral = ?1 ORDER BY n;

-- name: erasure_ask_open
SELECT count(*) FROM erasure_ask WHERE ours = 1 AND (answer IS NULL OR answer = 'asked') AND at < ?1;

-- name: erasure_ask_wanted
SELECT count(*) FROM erasure_ask WHERE ours = 0 AND answer = 'asked';
