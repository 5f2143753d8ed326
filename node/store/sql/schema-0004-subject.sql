-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  Whose data it is: each subject has a key of its own in keys.db, and what is sealed
-- under it says in which slot.

CREATE TABLE subject (
	slot	INTEGER PRIMARY KEY,	-- of keys.db; never used twice
	name	TEXT NOT NULL UNIQUE,	-- referral:ID, person:PID, legal:ID
	part_of	TEXT,			-- erased with that one
	made	INTEGER NOT NULL,
	lost	INTEGER NOT NULL DEFAULT 0	-- the slot that keys.db did not know at a start (erasure_open); 0: none
) STRICT;
CREATE INDEX subject_part ON subject (part_of) WHERE part_of IS NOT NULL;

-- What was erased, and what is being erased.  Of the subject only its name is left, which says nothing.
CREATE TABLE erasure (
	n	INTEGER PRIMARY KEY,
	name	TEXT NOT NULL UNIQUE,
	state	INTEGER NOT NULL,	-- enum erasure_state
	actor	TEXT NOT NULL,		-- who asked
	at	INTEGER NOT NULL,
	done	INTEGER NOT NULL,	-- when nothing of it was left in the files; 0: not yet
	cause	TEXT			-- erasure_cause, for partners who are asked once a hold is lifted; NULL: nobody waits for that
) STRICT;
CREATE INDEX erasure_open ON erasure (state) WHERE state < 3;

-- Who was asked to erase too, or asked us, and what came of it.
CREATE TABLE erasure_ask (
	n		INTEGER PRIMARY KEY,
	referral	TEXT NOT NULL,
	org		TEXT NOT NULL,
	ours		INTEGER NOT NULL,	-- we asked; 0: they did
	at		INTEGER NOT NULL,
	answer		TEXT,			-- erasure_result; or held: kept as long as a hold; NULL: none yet
	until		INTEGER NOT NULL,	-- what is kept is kept so long; 0: nothing is
	answered	INTEGER NOT NULL,
	UNIQUE (referral, org, ours)
) STRICT;

-- What is left of an erased referral while its consents must be kept.
ALTER TABLE referral ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;

-- What cannot be read because keys.db is older than it is, as of the last start (erasure_open).  Nothing waits for it.
ALTER TABLE referral ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE traffic ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
CREATE INDEX referral_lost ON referral (id) WHERE lost = 1;
CREATE INDEX traffic_lost ON traffic (referral) WHERE lost = 1;

-- Of whom the message was: each sender's are bounded.
ALTER TABLE crypt_hash ADD COLUMN pid INTEGER NOT NULL DEFAULT 0;
CREATE INDEX crypt_hash_person ON crypt_hash (pid, at);

-- A session is known by whoever gave it, besides its id: what one of its readers gives on serves that reader alone.
CREATE TABLE crypt_inbound_4 (
	n		INTEGER PRIMARY KEY,
	session_id	TEXT NOT NULL,
	room_id		TEXT NOT NULL,
	pid		INTEGER NOT NULL,	-- who gave it, and may speak with it
	curve25519	BLOB NOT NULL,		-- the device that gave it
	pickle		BLOB NOT NULL,		-- sealed
	first		INTEGER NOT NULL,
	shared_history	INTEGER NOT NULL,
	at		INTEGER NOT NULL,
	used		INTEGER,		-- of our own, once ended and forgotten: how many positions were used
	past		INTEGER NOT NULL DEFAULT 0,	-- 1: what was read of it is to be past (crypt/past.c)
	UNIQUE (session_id, pid)
) STRICT;
INSERT INTO crypt_inbound_4 (n, session_id, room_id, pid, curve25519, pickle, first, shared_history, at, used)
SELECT n, session_id, room_id, pid, curve25519, pickle, first, shared_history, at, used FROM crypt_inbound;
DROP TABLE crypt_inbound;
ALTER TABLE crypt_inbound_4 RENAME TO crypt_inbound;
CREATE INDEX crypt_inbound_person ON crypt_inbound (pid);
CREATE INDEX crypt_inbound_past ON crypt_inbound (n) WHERE past = 1;

-- Each sealed value that is ever sealed anew: under whose key it belongs, and what its seal is bound to.
-- First what moves; then what version 3 sealed under the store's own key.
CREATE VIEW sealed (col, key, row, subject, value) AS
SELECT 'crypt_account.pickle_key', n, '1', 'moving', pickle_key FROM crypt_account
UNION ALL SELECT 'crypt_account.pickle', n, '1', 'moving', pickle FROM crypt_account
UNION ALL SELECT 'crypt_olm.pickle', n, session_id, 'moving', pickle FROM crypt_olm
UNION ALL SELECT 'crypt_inbound.pickle', n, session_id, 'moving', pickle FROM crypt_inbound
UNION ALL SELECT 'crypt_outbound.pickle', n, session_id, 'moving', pickle FROM crypt_outbound
UNION ALL SELECT 'crypt_outbound.first_key', n, session_id, 'moving', first_key FROM crypt_outbound
UNION ALL SELECT 'outbox.state_key', id, id, 'moving', state_key FROM outbox
UNION ALL SELECT 'outbox.content', id, id, 'moving', content FROM outbox
UNION ALL SELECT 'outbox.body', id, id, 'moving', body FROM outbox
UNION ALL SELECT 'outbox.error', id, id, 'moving', error FROM outbox
UNION ALL SELECT 'waiting.raw', id, id, 'moving', raw FROM waiting
UNION ALL SELECT 'waiting.reason', id, id, 'moving', reason FROM waiting
UNION ALL SELECT 'rejected.raw', id, id, 'moving', raw FROM rejected
UNION ALL SELECT 'rejected.reason', id, id, 'moving', reason FROM rejected
UNION ALL SELECT 'gap_event.raw', id, id, 'moving', raw FROM gap_event
UNION ALL SELECT 'person.user', p.pid, p.pid, iif(s.pid IS NULL, 'person:' || p.pid, NULL), p.user
	FROM person AS p LEFT JOIN stranger AS s ON s.pid = p.pid
UNION ALL SELECT 'message.body', n, content_id, 'person:' || pid, body FROM message
UNION ALL SELECT 'referral.request', n, id, 'referral:' || id, request FROM referral
UNION ALL SELECT 'referral.disclosure', n, id, 'referral:' || id, disclosure FROM referral
UNION ALL SELECT 'referral.outcome', n, id, 'referral:' || id, outcome FROM referral
UNION ALL SELECT 'referral.reason', n, id, 'referral:' || id, reason FROM referral
UNION ALL SELECT 'consent.consent', n, id, 'legal:' || referral, consent FROM consent;

CREATE TRIGGER sealed_anew INSTEAD OF UPDATE OF value ON sealed BEGIN
	UPDATE crypt_account SET pickle_key = new.value WHERE n = old.key AND old.col = 'crypt_account.pickle_key';
	UPDATE crypt_account SET pickle = new.value WHERE n = old.key AND old.col = 'crypt_account.pickle';
	UPDATE crypt_olm SET pickle = new.value WHERE n = old.key AND old.col = 'crypt_olm.pickle';
	UPDATE crypt_inbound SET pickle = new.value WHERE n = old.key AND old.col = 'crypt_inbound.pickle';
	UPDATE crypt_outbound SET pickle = new.value WHERE n = old.key AND old.col = 'crypt_outbound.pickle';
	UPDATE crypt_outbound SET first_key = new.value WHERE n = old.key AND old.col = 'crypt_outbound.first_key';
	UPDATE outbox SET state_key = new.value WHERE id = old.key AND old.col = 'outbox.state_key';
	UPDATE outbox SET content = new.value WHERE id = old.key AND old.col = 'outbox.content';
	UPDATE outbox SET body = new.value WHERE id = old.key AND old.col = 'outbox.body';
	UPDATE outbox SET error = new.value WHERE id = old.key AND old.col = 'outbox.error';
	UPDATE waiting SET raw = new.value WHERE id = old.key AND old.col = 'waiting.raw';
	UPDATE waiting SET reason = new.value WHERE id = old.key AND old.col = 'waiting.reason';
	UPDATE rejected SET raw = new.value WHERE id = old.key AND old.col = 'rejected.raw';
	UPDATE rejected SET reason = new.value WHERE id = old.key AND old.col = 'rejected.reason';
	UPDATE gap_event SET raw = new.value WHERE id = old.key AND old.col = 'gap_event.raw';
	UPDATE person SET user = new.value WHERE pid = old.key AND old.col = 'person.user';
	UPDATE message SET body = new.value WHERE n = old.key AND old.col = 'message.body';
	UPDATE referral SET request = new.value WHERE n = old.key AND old.col = 'referral.request';
	UPDATE referral SET disclosure = new.value WHERE n = old.key AND old.col = 'referral.disclosure';
	UPDATE referral SET outcome = new.value WHERE n = old.key AND old.col = 'referral.outcome';
	UPDATE referral SET reason = new.value WHERE n = old.key AND old.col = 'referral.reason';
	UPDATE consent SET consent = new.value WHERE n = old.key AND old.col = 'consent.consent';
END;

-- What moves and cannot be read any more goes; of the account a new device is made (crypto_account_lost).
CREATE TRIGGER sealed_gone INSTEAD OF DELETE ON sealed BEGIN
	DELETE FROM crypt_olm WHERE n = old.key AND old.col = 'crypt_olm.pickle';
	DELETE FROM crypt_index WHERE session = old.key AND old.col = 'crypt_inbound.pickle';
	DELETE FROM crypt_inbound WHERE n = old.key AND old.col = 'crypt_inbound.pickle';
	DELETE FROM crypt_outbound WHERE n = old.key AND old.col IN ('crypt_outbound.pickle', 'crypt_outbound.first_key');
	UPDATE message SET room_id = NULL WHERE old.col = 'outbox.content' AND content_id =
		(SELECT ref FROM outbox WHERE id = old.key AND purpose = 'say');	-- Said again, from there.
	DELETE FROM outbox WHERE id = old.key AND old.col IN ('outbox.state_key', 'outbox.content', 'outbox.body');
	UPDATE outbox SET error = NULL WHERE id = old.key AND old.col = 'outbox.error';
	DELETE FROM waiting WHERE id = old.key AND old.col IN ('waiting.raw', 'waiting.reason');
	DELETE FROM rejected WHERE id = old.key AND old.col IN ('rejected.raw', 'rejected.reason');
	DELETE FROM gap_event WHERE id = old.key AND old.col = 'gap_event.raw';
END;

-- What the law wants kept for a while, whatever its term and whoever wants it erased.
CREATE TABLE hold (
	n	INTEGER PRIMARY KEY,
	id	TEXT NOT NULL UNIQUE,
	name	TEXT NOT NULL,		-- of the subject: referral:ID, person:PID
	class	TEXT NOT NULL,		-- domain/hold.h
	untold	INTEGER NOT NULL,	-- 1: the member may not be told why
	placed	INTEGER NOT NULL,
	review	INTEGER NOT NULL,	-- to be looked at again; 0: it ends by itself
	until	INTEGER NOT NULL,	-- it ends by itself; 0: it does not
	lifted	INTEGER NOT NULL,	-- 0: it is in force
	reason	BLOB NOT NULL		-- sealed, under the key of what the law wants kept of it
) STRICT;
CREATE INDEX hold_open ON hold (name) WHERE lifted = 0;

-- Which subjects: that one; of a case its referrals, of a person the matches whose member's chat is theirs; their parts; notes of their matches; consents and accounting.
CREATE VIEW held (name, hold) AS
WITH RECURSIVE kept (name, hold) AS (
	SELECT name, n FROM hold WHERE lifted = 0
	UNION SELECT 'referral:' || l.referral, h.n FROM hold AS h JOIN intake_referral AS l ON l.intake = substr(h.name, 10) WHERE h.lifted = 0
	UNION SELECT 'referral:' || p.whose, h.n FROM hold AS h JOIN pairing_chat AS c ON c.pid = CAST(substr(h.name, 8) AS INTEGER) AND c.side = 'member'
		JOIN pairing AS p ON p.id = c.pairing WHERE h.lifted = 0 AND h.name LIKE 'person:%'
	UNION SELECT s.name, kept.hold FROM kept JOIN subject AS s ON s.part_of = kept.name
)
SELECT name, hold FROM kept
UNION SELECT 'legal:' || iif(name LIKE 'referral:%', substr(name, 10), name), hold FROM kept WHERE name LIKE 'referral:%' OR name LIKE 'person:%'
UNION SELECT 'note:' || note.n, kept.hold FROM kept JOIN pairing AS p ON p.whose = substr(kept.name, 10) JOIN note ON note.pairing = p.id;
