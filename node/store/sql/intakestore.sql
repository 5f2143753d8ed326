-- SPDX-License-Identifier: Apache-2.0

-- name: intake_put
INSERT INTO intake (id, pid, person, talk, made) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (id) DO UPDATE SET person = excluded.person, talk = excluded.talk;

-- name: intake_get
SELECT id, pid, person, talk, made FROM intake WHERE id = ?1;

-- name: intake_by_person
SELECT id FROM intake WHERE pid = ?1;

-- name: intake_list
SELECT id FROM intake WHERE pid = 0 ORDER BY made DESC, id;

-- name: intake_refer
INSERT INTO intake_referral (referral, intake, origin) VALUES (?1, ?2, ?3);

-- name: intake_of
SELECT intake FROM intake_referral WHERE referral = ?1;

-- The oldest first; of those that are not there any more, the first.
-- name: intake_referrals
SELECT l.referral FROM intake_referral AS l LEFT JOIN referral AS r ON r.id = l.referral WHERE l.intake = ?1 ORDER BY r.n, l.referral;

-- name: task_put
INSERT INTO task (id, referral, what, begins, due, done, tries) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (id) DO UPDATE SET begins = excluded.begins, due = excluded.due, done = excluded.done, tries = excluded.tries;

-- name: task_get
SELECT id, referral, what, begins, due, done, tries FROM task WHERE id = ?1;

-- name: task_list
SELECT id, referral, what, begins, due, done, tries FROM task WHERE done = 0 ORDER BY due, id LIMIT 1000;

-- name: task_settle
UPDATE task SET done = ?2 WHERE referral = ?1 AND done = 0;

-- name: likeness_put
INSERT INTO likeness (referral, hash) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: likeness_find
SELECT DISTINCT other.referral FROM likeness AS own JOIN likeness AS other ON other.hash = own.hash
WHERE own.referral = ?1 AND other.referral <> ?1 ORDER BY 1 LIMIT 20;

-- name: likeness_drop
DELETE FROM likeness WHERE referral = ?1;

-- Erased with a referral: what was to be done for it, and what would tell that it is somebody we know.
-- name: erase_referral_tasks
DELETE FROM task WHERE referral = ?1;

-- name: erase_referral_likeness
DELETE FROM likeness WHERE referral = ?1;

-- A case is a subject like a referral, and part of its newest one (subject_link); if that is erased and another is not, of
-- the newest of the others.  ?1: the subject that is erased.
-- name: erase_referral_keeps_intake
UPDATE subject SET part_of = (SELECT 'referral:' || r.id FROM intake_referral AS l JOIN referral AS r ON r.id = l.referral
	WHERE 'referral:' || l.intake = subject.name AND r.erased = 0 AND
	NOT EXISTS (SELECT 1 FROM erasure AS e WHERE e.name = 'referral:' || r.id) ORDER BY r.n DESC LIMIT 1)
WHERE part_of = ?1 AND name LIKE 'referral:%' AND NOT EXISTS (SELECT 1 FROM erasure AS e WHERE e.name = subject.name) AND
	EXISTS (SELECT 1 FROM intake_referral AS l JOIN referral AS r ON r.id = l.referral
	WHERE 'referral:' || l.intake = subject.name AND r.erased = 0 AND
	NOT EXISTS (SELECT 1 FROM erasure AS e WHERE e.name = 'referral:' || r.id));

-- name: intake_others
SELECT count(*) FROM intake_referral AS l JOIN referral AS r ON r.id = l.referral WHERE l.intake = ?1 AND l.referral <> ?2 AND r.erased = 0 AND
	NOT EXISTS (SELECT 1 FROM erasure AS e WHERE e.name = 'referral:' || r.id);

-- name: erase_referral_intake
DELETE FROM intake WHERE pid = 0 AND id = ?1;

-- name: erase_referral_intake_of
DELETE FROM intake_referral WHERE referral = ?1;

-- name: erase_person_intake
DELETE FROM intake WHERE pid = ?1;
