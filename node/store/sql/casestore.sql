-- SPDX-License-Identifier: Apache-2.0

-- name: case_put
INSERT INTO referral (id, org, side, state, ended, last_input, last_actor, consented, disclosed,
	cancelling, attempts, request, disclosure, outcome, reason, created, updated, clock_due, leg, began, since,
	channels, reminded, part_of, heard)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
	?24, ?25)
ON CONFLICT (id) DO UPDATE SET org = excluded.org, side = excluded.side, state = excluded.state,
	ended = excluded.ended, last_input = excluded.last_input,
	last_actor = excluded.last_actor, consented = excluded.consented,
	disclosed = excluded.disclosed, cancelling = excluded.cancelling,
	attempts = excluded.attempts, request = excluded.request,
	disclosure = excluded.disclosure, outcome = excluded.outcome, reason = excluded.reason,
	created = excluded.created, updated = excluded.updated, clock_due = excluded.clock_due,
	leg = excluded.leg, began = excluded.began, since = excluded.since, channels = excluded.channels,
	reminded = excluded.reminded, part_of = excluded.part_of, heard = excluded.heard, lost = 0;

-- name: case_by_id
SELECT n FROM referral WHERE id = ?1 AND erased = 0;

-- name: case_at
SELECT id, org, side, state, ended, last_input, last_actor, consented, disclosed, cancelling,
	attempts, request, disclosure, outcome, reason, created, updated, clock_due, leg, began, since, channels,
	reminded, part_of, heard
FROM referral WHERE n = ?1;

-- name: case_due
SELECT n FROM referral WHERE clock_due > 0 AND clock_due <= ?1 AND lost = 0 ORDER BY clock_due LIMIT ?2;

-- name: case_next_due
SELECT min(clock_due) FROM referral WHERE clock_due > 0 AND lost = 0;

-- name: case_overdue
SELECT count(*) FROM referral WHERE reminded > 0 AND erased = 0 AND lost = 0;

-- name: case_lost
SELECT id, org FROM referral WHERE lost = 1 AND erased = 0 AND (?1 IS NULL OR id = ?1) ORDER BY created, n;

-- name: case_children
SELECT n FROM referral WHERE part_of = ?1 AND erased = 0 ORDER BY n;

-- name: case_list
SELECT n FROM referral WHERE erased = 0 ORDER BY created DESC, n DESC;

-- Under way, and of version 3: without a step in the tree.
-- name: case_old
SELECT id, org FROM referral WHERE state NOT IN ('draft', 'ended', 'closed', 'forwarded') AND erased = 0 AND lost = 0 AND
	NOT EXISTS (SELECT 1 FROM referral_step AS s WHERE s.referral = referral.id) ORDER BY created, n;

-- name: step_old
SELECT at, actor, input, old_state, new_state FROM step WHERE referral = ?1 ORDER BY n;

-- name: step_put
INSERT INTO referral_step (referral, id, prev, input, actor, said_by, leg, at, recorded, content, waits)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);

-- name: step_has
SELECT 1 FROM referral_step WHERE referral = ?1 AND id = ?2;

-- name: step_list
SELECT id, prev, input, actor, said_by, leg, at, recorded, content, waits FROM referral_step WHERE referral = ?1 AND apart = ?2
ORDER BY n;

-- name: step_waits_no_more
UPDATE referral_step SET waits = 0 WHERE referral = ?1 AND id = ?2;

-- name: step_waiting
SELECT count(*) FROM referral_step AS s JOIN referral AS r ON r.id = s.referral WHERE s.waits = 1 AND r.org = ?1;

-- name: step_waiting_long
SELECT count(DISTINCT referral), min(referral) FROM referral_step WHERE waits > 0 AND recorded < ?1;

-- name: step_waiting_oldest
SELECT referral, id FROM referral_step WHERE waits = 1 AND recorded < ?1 ORDER BY recorded LIMIT 1;

-- name: step_drop
DELETE FROM referral_step WHERE referral = ?1 AND id = ?2;

-- name: step_forget
UPDATE referral_step SET content = NULL WHERE referral = ?1 AND id = ?2;

-- name: step_apart
UPDATE referral_step SET apart = 1 WHERE referral = ?1 AND id = ?2;

-- name: case_tells
SELECT tells_until, taken_from FROM referral WHERE id = ?1;

-- name: case_tells_until
UPDATE referral SET tells_until = ?2 WHERE id = ?1;

-- name: case_page
SELECT n FROM referral WHERE n > ?1 AND side = 'source' AND state IN ('waitlisted', 'accepted', 'contacting', 'scheduled', 'engaged', 'paused') AND
	erased = 0 AND lost = 0 ORDER BY n LIMIT ?2;

-- name: case_asked
SELECT asked_at, asked_until FROM referral WHERE id = ?1;

-- name: case_asked_put
UPDATE referral SET asked_at = ?2, asked_until = ?3 WHERE id = ?1;

-- name: case_ring
UPDATE referral SET rings = CASE WHEN ?2 = 0 THEN 0 ELSE max(rings, ?2) END WHERE id = ?1;

-- name: case_rings
SELECT max(rings) FROM referral WHERE rings > 0 AND erased = 0 AND lost = 0;

-- name: case_told
UPDATE referral SET rings = -?1 WHERE rings > 0 AND lost = 0;

-- name: case_told_of
SELECT 1 FROM referral WHERE rings <> 0 AND (rings > 0 OR rings <= -?1) AND erased = 0 AND lost = 0 LIMIT 1;

-- Those under way and those of which staff are to be told, by what their turn depends on; not those of version 3.
-- name: case_turns
SELECT side, state, consented, cancelling, reminded > 0, max(rings, 0), count(*), min(max(since, heard)) FROM referral
WHERE erased = 0 AND lost = 0 AND ((state NOT IN ('ended', 'closed', 'forwarded') AND since > 0) OR rings > 0)
GROUP BY 1, 2, 3, 4, 5, 6;

-- name: case_takes_from
UPDATE referral SET taken_from = max(taken_from, ?2) WHERE id = ?1;

-- name: traffic_put
INSERT INTO traffic (content_id, org, referral, type, seq, content, sent_at, acked_at, resend_at,
	tries, refused)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (content_id) DO UPDATE SET org = excluded.org, referral = excluded.referral,
	type = excluded.type, seq = excluded.seq, content = excluded.content,
	sent_at = excluded.sent_at, acked_at = excluded.acked_at,
	resend_at = excluded.resend_at, tries = excluded.tries, refused = excluded.refused, lost = 0;

-- name: traffic_get
SELECT content_id, org, referral, type, seq, content, sent_at, acked_at, resend_at, tries, refused
FROM traffic WHERE content_id = ?1;

-- What is said about a referral is heard in its order: the next content waits for the acknowledgement of the one
-- before, until that was sent ?3 times to no avail.  The index traffic_open finds what was before.
-- name: traffic_due
SELECT content_id, org, referral, type, seq, content, sent_at, acked_at, resend_at, tries, refused
FROM traffic WHERE acked_at = 0 AND resend_at > 0 AND resend_at <= ?1 AND lost = 0 AND NOT EXISTS (
	SELECT 1 FROM traffic AS earlier WHERE earlier.acked_at = 0 AND earlier.resend_at > 0 AND earlier.lost = 0 AND
		earlier.referral = traffic.referral AND earlier.org = traffic.org AND earlier.seq < traffic.seq AND
		earlier.tries < ?3)
ORDER BY resend_at, seq LIMIT ?2;

-- Sent at least ?1 times, to no avail; and what nobody sends again: given up, lost, or withheld because its consent ended.
-- name: traffic_silent
SELECT count(*) FILTER (WHERE resend_at > 0 AND lost = 0 AND tries >= ?1), count(*) FILTER (WHERE resend_at = 0 OR lost = 1) +
	(SELECT count(*) FROM traffic WHERE type = 'org.cairnpeer.referral.withheld')
FROM traffic WHERE acked_at = 0 AND NOT EXISTS (SELECT 1 FROM referral_step AS s WHERE s.referral = traffic.referral AND
	s.id = traffic.content_id AND s.apart = 1);

-- name: traffic_silent_of
SELECT count(*) FILTER (WHERE resend_at > 0 AND lost = 0 AND tries >= ?1), count(*) FILTER (WHERE resend_at = 0 OR lost = 1) +
	(SELECT count(*) FROM traffic WHERE type = 'org.cairnpeer.referral.withheld' AND referral = ?2)
FROM traffic WHERE acked_at = 0 AND referral = ?2 AND NOT EXISTS (SELECT 1 FROM referral_step AS s WHERE s.referral = traffic.referral AND
	s.id = traffic.content_id AND s.apart = 1);

-- name: traffic_open
SELECT count(*) FROM traffic WHERE org = ?1 AND type = ?2 AND acked_at = 0 AND resend_at > 0;

-- name: traffic_next
SELECT min(resend_at) FROM traffic WHERE acked_at = 0 AND resend_at > 0 AND lost = 0 AND NOT EXISTS (
	SELECT 1 FROM traffic AS earlier WHERE earlier.acked_at = 0 AND earlier.resend_at > 0 AND earlier.lost = 0 AND
		earlier.referral = traffic.referral AND earlier.org = traffic.org AND earlier.seq < traffic.seq AND
		earlier.tries < ?1);

-- What is said of a referral and may still be sent (again).
-- name: traffic_open_of
SELECT content_id, seq FROM traffic WHERE referral = ?1 AND type = ?2 AND acked_at = 0 AND resend_at > 0 AND seq > ?3 AND seq < ?4
ORDER BY seq LIMIT 1;

-- Not acknowledged, whether or not it is sent again.
-- name: traffic_untold
SELECT content_id, seq FROM traffic WHERE referral = ?1 AND type = ?2 AND acked_at = 0 AND seq > ?3 AND seq < ?4 ORDER BY seq LIMIT 1;
