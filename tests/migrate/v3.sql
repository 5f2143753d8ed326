-- SPDX-License-Identifier: Apache-2.0
-- A store of version 3: test_migrate --freeze.  Never edited.
PRAGMA foreign_keys = OFF;
BEGIN;
-- SPDX-License-Identifier: Apache-2.0
-- Version 1.  A column marked "sealed" holds what column_seal() made of it;
-- everything else is in clear and may name no member.

CREATE TABLE meta (
	key	TEXT PRIMARY KEY,
	secret	INTEGER NOT NULL,
	value	BLOB NOT NULL		-- sealed if secret
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
	name	TEXT PRIMARY KEY,
	value	INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Accounts, people, rooms

CREATE TABLE account (
	name		TEXT PRIMARY KEY,
	user_id		TEXT NOT NULL,
	device_id	TEXT,
	token		BLOB,		-- sealed
	next_batch	TEXT,
	filter		TEXT,
	ready		INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE person (
	pid	INTEGER PRIMARY KEY,
	hash	BLOB NOT NULL UNIQUE,	-- blind index of user
	user	BLOB NOT NULL		-- sealed
) STRICT;

CREATE TABLE room (
	n		INTEGER PRIMARY KEY,
	room_id		TEXT UNIQUE,
	tag		TEXT UNIQUE,
	account		TEXT NOT NULL,
	kind		INTEGER NOT NULL,
	subject		TEXT,
	pid		INTEGER NOT NULL,
	encrypted	INTEGER NOT NULL,
	state_encrypted	INTEGER NOT NULL,
	joined		INTEGER NOT NULL,
	ours		INTEGER NOT NULL
) STRICT;
CREATE INDEX room_subject ON room (kind, subject);
CREATE INDEX room_person ON room (pid, kind);

CREATE TABLE member (
	room_id		TEXT NOT NULL,
	pid		INTEGER NOT NULL REFERENCES person (pid),
	membership	TEXT NOT NULL,
	PRIMARY KEY (room_id, pid)
) STRICT, WITHOUT ROWID;

CREATE TABLE roster (
	room_id		TEXT NOT NULL,
	pid		INTEGER NOT NULL REFERENCES person (pid),
	PRIMARY KEY (room_id, pid)
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
	n		INTEGER PRIMARY KEY,
	content_id	TEXT NOT NULL UNIQUE,
	room_id		TEXT,		-- NULL until the chat exists
	pid		INTEGER NOT NULL REFERENCES person (pid),
	outgoing	INTEGER NOT NULL,
	body		BLOB NOT NULL,	-- sealed
	at		INTEGER NOT NULL
) STRICT;
CREATE INDEX message_at ON message (at);
CREATE INDEX message_roomless ON message (n) WHERE room_id IS NULL;

-- Traffic with the homeserver

CREATE TABLE outbox (
	id		INTEGER PRIMARY KEY,
	kind		INTEGER NOT NULL,
	state		INTEGER NOT NULL,
	account		TEXT NOT NULL,
	lane		TEXT NOT NULL,
	purpose		TEXT NOT NULL,
	ref		TEXT,
	room_id		TEXT,
	type		TEXT,
	state_key	BLOB,		-- sealed: may be a user id
	content		BLOB,		-- sealed
	method		TEXT,
	path		TEXT,
	body		BLOB,		-- sealed
	txn		TEXT NOT NULL UNIQUE,
	attempts	INTEGER NOT NULL,
	first_try	INTEGER NOT NULL,
	due		INTEGER NOT NULL,
	created		INTEGER NOT NULL,
	error		BLOB		-- sealed: quotes the server
) STRICT;
CREATE INDEX outbox_live ON outbox (lane, id) WHERE state < 3;
CREATE INDEX outbox_ref ON outbox (purpose, ref);
CREATE INDEX outbox_state ON outbox (state);

CREATE TABLE inbox (
	content_id	TEXT PRIMARY KEY,
	pid		INTEGER NOT NULL,
	room_id		TEXT,
	type		TEXT NOT NULL,
	hash		TEXT NOT NULL,
	at		INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE waiting (
	id		INTEGER PRIMARY KEY,
	account		TEXT NOT NULL,
	room_id		TEXT,
	session_id	TEXT,
	pid		INTEGER NOT NULL,
	raw		BLOB NOT NULL,	-- sealed
	reason		BLOB,		-- sealed: may quote the event
	at		INTEGER NOT NULL
) STRICT;
CREATE INDEX waiting_session ON waiting (room_id, session_id);
CREATE INDEX waiting_person ON waiting (pid);

CREATE TABLE rejected (
	id		INTEGER PRIMARY KEY,
	account		TEXT NOT NULL,
	room_id		TEXT,
	pid		INTEGER NOT NULL,
	raw		BLOB NOT NULL,	-- sealed
	reason		BLOB,		-- sealed: may quote the event
	at		INTEGER NOT NULL
) STRICT;
CREATE INDEX rejected_person ON rejected (pid, id);

-- The directory: public records only; each put writes the index of its table

CREATE TABLE own (
	n		INTEGER PRIMARY KEY,
	id		TEXT NOT NULL UNIQUE,
	kind		TEXT NOT NULL,
	source		TEXT UNIQUE,
	body		TEXT NOT NULL,
	record		TEXT,
	hash		TEXT,
	state_key	TEXT NOT NULL UNIQUE,
	seq		INTEGER NOT NULL,
	dirty		INTEGER NOT NULL,
	words		TEXT NOT NULL
) STRICT;
CREATE INDEX own_kind ON own (kind);

CREATE VIRTUAL TABLE own_words USING fts5 (
	words, content = 'own', content_rowid = 'n',
	tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE partner (
	n		INTEGER PRIMARY KEY,
	org		TEXT NOT NULL UNIQUE,
	directory_room	TEXT UNIQUE,
	follows		INTEGER NOT NULL,
	follower	INTEGER NOT NULL,
	loaded		INTEGER NOT NULL,
	manifest	TEXT
) STRICT;

CREATE TABLE seen (
	n		INTEGER PRIMARY KEY,
	org		TEXT NOT NULL,
	id		TEXT NOT NULL,
	kind		TEXT NOT NULL,
	seq		INTEGER NOT NULL,
	expires_at	INTEGER NOT NULL,
	received_at	INTEGER NOT NULL,
	hash		TEXT NOT NULL,
	record		TEXT NOT NULL,
	verdict		INTEGER NOT NULL,
	reason		TEXT,
	words		TEXT NOT NULL,
	UNIQUE (org, id)
) STRICT;
CREATE INDEX seen_kind ON seen (kind);

CREATE VIRTUAL TABLE seen_words USING fts5 (
	words, content = 'seen', content_rowid = 'n',
	tokenize = 'unicode61 remove_diacritics 2'
);

-- Cases

CREATE TABLE referral (
	n		INTEGER PRIMARY KEY,
	id		TEXT NOT NULL UNIQUE,
	org		TEXT NOT NULL,
	side		TEXT NOT NULL,
	state		TEXT NOT NULL,
	ended		TEXT NOT NULL,
	last_input	TEXT NOT NULL,
	last_actor	TEXT NOT NULL,
	consented	INTEGER NOT NULL,
	disclosed	INTEGER NOT NULL,
	cancelling	INTEGER NOT NULL,
	attempts	INTEGER NOT NULL,
	request		BLOB,		-- sealed
	disclosure	BLOB,		-- sealed
	outcome		BLOB,		-- sealed
	reason		BLOB,		-- sealed
	created		INTEGER NOT NULL,
	updated		INTEGER NOT NULL,
	clock_due	INTEGER NOT NULL
) STRICT;

CREATE TABLE step (
	n		INTEGER PRIMARY KEY,
	referral	TEXT NOT NULL REFERENCES referral (id),
	at		INTEGER NOT NULL,
	actor		TEXT NOT NULL,
	input		TEXT NOT NULL,
	old_state	TEXT NOT NULL,
	new_state	TEXT NOT NULL,
	content_id	TEXT
) STRICT;
CREATE INDEX step_referral ON step (referral);

CREATE TABLE consent (
	n		INTEGER PRIMARY KEY,
	id		TEXT NOT NULL UNIQUE,
	referral	TEXT NOT NULL REFERENCES referral (id),
	org		TEXT NOT NULL,
	consent		BLOB NOT NULL,	-- sealed
	granted_at	INTEGER NOT NULL,
	revoked_at	INTEGER NOT NULL
) STRICT;
CREATE INDEX consent_referral ON consent (referral);

CREATE TABLE traffic (
	content_id	TEXT PRIMARY KEY,
	org		TEXT NOT NULL,
	referral	TEXT,
	type		TEXT NOT NULL,
	seq		INTEGER NOT NULL,
	content		BLOB,		-- sealed; NULL once acknowledged
	sent_at		INTEGER NOT NULL,
	acked_at	INTEGER NOT NULL,
	resend_at	INTEGER NOT NULL,
	tries		INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX traffic_resend ON traffic (resend_at) WHERE acked_at = 0 AND resend_at > 0;

-- The audit: append only

CREATE TABLE audit (
	n	INTEGER PRIMARY KEY,
	at	INTEGER NOT NULL,
	actor	TEXT NOT NULL,
	action	TEXT NOT NULL,
	subject	TEXT NOT NULL,
	detail	TEXT,
	hash	BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
	SELECT raise(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
	SELECT raise(ABORT, 'the audit is append-only');
END;
-- SPDX-License-Identifier: Apache-2.0

-- Our device

CREATE TABLE crypt_account (
	n		INTEGER PRIMARY KEY CHECK (n = 1),
	pid		INTEGER NOT NULL REFERENCES person (pid),
	device_id	TEXT NOT NULL,
	pickle_key	BLOB NOT NULL,		-- sealed
	pickle		BLOB NOT NULL,		-- sealed
	uploaded	INTEGER NOT NULL,	-- its identity is on the server
	onetime		INTEGER NOT NULL,	-- unclaimed keys there
	fallback_unused	INTEGER NOT NULL,
	fallback_at	INTEGER NOT NULL,	-- when the present one was made; 0: never
	forget_at	INTEGER NOT NULL	-- when the one before goes; 0: none
) STRICT;

CREATE TABLE crypt_olm (
	session_id	TEXT PRIMARY KEY,
	curve25519	BLOB NOT NULL,		-- the other device
	pickle		BLOB NOT NULL,		-- sealed
	used		INTEGER NOT NULL	-- last received, or made
) STRICT, WITHOUT ROWID;
CREATE INDEX crypt_olm_device ON crypt_olm (curve25519, used);

CREATE TABLE crypt_hash (
	hash		BLOB PRIMARY KEY,	-- of an Olm message taken
	at		INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX crypt_hash_at ON crypt_hash (at);

-- Others

CREATE TABLE crypt_user (
	pid		INTEGER PRIMARY KEY REFERENCES person (pid),
	tracked		INTEGER NOT NULL,
	outdated	INTEGER NOT NULL,
	changed		INTEGER NOT NULL,	-- generation of the last change announced
	answered	INTEGER NOT NULL,	-- generation of the last query answered
	queried_at	INTEGER NOT NULL,	-- when that query was made
	tries		INTEGER NOT NULL,
	due		INTEGER NOT NULL,
	master		BLOB,
	pinned		INTEGER NOT NULL,	-- by the trust list or an operator
	refused		INTEGER NOT NULL	-- its master key changed
) STRICT;
CREATE INDEX crypt_user_due ON crypt_user (due) WHERE tracked = 1 AND outdated = 1;

CREATE TABLE crypt_device (
	pid		INTEGER NOT NULL REFERENCES person (pid),
	device_id	TEXT NOT NULL,
	ed25519		BLOB NOT NULL,
	curve25519	BLOB NOT NULL,
	listed		INTEGER NOT NULL,	-- in the latest list
	signed		INTEGER NOT NULL,	-- by the self-signing key
	refused		TEXT,			-- for ever, and why
	eligible	INTEGER NOT NULL,
	claim		INTEGER NOT NULL,	-- a one-time key is wanted
	claim_tries	INTEGER NOT NULL,
	claim_due	INTEGER NOT NULL,
	onetime		TEXT,			-- as claimed, not yet checked
	mend		INTEGER NOT NULL,	-- a fresh Olm session is wanted
	mended_at	INTEGER NOT NULL,
	failures	INTEGER NOT NULL,	-- since failing_at
	failing_at	INTEGER NOT NULL,
	PRIMARY KEY (pid, device_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX crypt_device_key ON crypt_device (curve25519);
CREATE INDEX crypt_device_claim ON crypt_device (claim_due) WHERE claim = 1;
CREATE INDEX crypt_device_mend ON crypt_device (mend) WHERE mend = 1;

CREATE TABLE crypt_pin (
	pid		INTEGER NOT NULL REFERENCES person (pid),
	device_id	TEXT NOT NULL,
	ed25519		BLOB NOT NULL,
	PRIMARY KEY (pid, device_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE crypt_alarm (
	n		INTEGER PRIMARY KEY,
	at		INTEGER NOT NULL,
	pid		INTEGER NOT NULL,
	device_id	TEXT NOT NULL,
	text		TEXT NOT NULL,
	UNIQUE (pid, device_id, text)
) STRICT;

-- Megolm

CREATE TABLE crypt_inbound (
	n		INTEGER PRIMARY KEY,
	session_id	TEXT NOT NULL UNIQUE,
	room_id		TEXT NOT NULL,
	pid		INTEGER NOT NULL,	-- who may speak with it
	curve25519	BLOB NOT NULL,		-- the device that gave it
	pickle		BLOB NOT NULL,		-- sealed
	first		INTEGER NOT NULL,
	shared_history	INTEGER NOT NULL,
	at		INTEGER NOT NULL
) STRICT;
CREATE INDEX crypt_inbound_person ON crypt_inbound (pid);

CREATE TABLE crypt_index (
	session		INTEGER NOT NULL,	-- crypt_inbound.n
	position	INTEGER NOT NULL,
	event		BLOB NOT NULL,		-- hash of event id and time
	PRIMARY KEY (session, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE crypt_outbound (
	n		INTEGER PRIMARY KEY,
	session_id	TEXT NOT NULL UNIQUE,
	room_id		TEXT NOT NULL,
	pickle		BLOB NOT NULL,		-- sealed
	first_key	BLOB NOT NULL,		-- sealed: as at position 0
	created		INTEGER NOT NULL,
	messages	INTEGER NOT NULL,
	active		INTEGER NOT NULL,
	history		INTEGER NOT NULL,	-- given to later readers
	rotate		INTEGER NOT NULL,
	planned		INTEGER NOT NULL,	-- users up to here have their shares for the next event
	plan_epoch	INTEGER NOT NULL,	-- of the plan; a new one begins when these change
	plan_roster	INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX crypt_outbound_active ON crypt_outbound (room_id) WHERE active = 1;
CREATE INDEX crypt_outbound_room ON crypt_outbound (room_id, n);

CREATE TABLE crypt_share (
	outbound	INTEGER NOT NULL REFERENCES crypt_outbound (n) ON DELETE CASCADE,
	pid		INTEGER NOT NULL,
	device_id	TEXT NOT NULL,
	curve25519	BLOB NOT NULL,
	state		INTEGER NOT NULL,	-- enum share_state
	message		TEXT,			-- the Olm ciphertext while not queued
	ref		TEXT,			-- of the outbox row that carries it
	PRIMARY KEY (outbound, pid, device_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX crypt_share_state ON crypt_share (state, outbound);
CREATE INDEX crypt_share_ref ON crypt_share (ref) WHERE ref IS NOT NULL;
CREATE INDEX crypt_share_device ON crypt_share (pid, device_id);

CREATE TABLE crypt_history (
	room_id		TEXT NOT NULL,
	pid		INTEGER NOT NULL,
	done		INTEGER NOT NULL,	-- crypt_outbound.n up to which it is planned
	PRIMARY KEY (room_id, pid)
) STRICT, WITHOUT ROWID;

CREATE TABLE crypt_blocked (
	room_id		TEXT PRIMARY KEY,
	reason		TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- SPDX-License-Identifier: Apache-2.0
-- Version 2.  What may have left counts as sent since it was made: version 1 wrote down attempts only.
UPDATE outbox SET first_try = created WHERE state = 2 AND first_try = 0;

-- What is not acknowledged, in the order in which it was said of a referral.
CREATE INDEX traffic_open ON traffic (referral, org, seq) WHERE acked_at = 0;

-- Whoever is known only by what they sent, so that invented senders can be forgotten.
-- What was put aside by then counts as known people's.

CREATE TABLE stranger (
	n	INTEGER PRIMARY KEY,
	pid	INTEGER NOT NULL UNIQUE REFERENCES person (pid),
	server	BLOB NOT NULL		-- blind index of the user's server
) STRICT;
CREATE INDEX stranger_server ON stranger (server);

ALTER TABLE waiting ADD COLUMN class INTEGER NOT NULL DEFAULT 1;	-- enum inbox_class
CREATE INDEX waiting_class ON waiting (class, pid);
ALTER TABLE waiting ADD COLUMN due INTEGER NOT NULL DEFAULT 0;	-- looked at again then; 0: when what it lacks comes
CREATE INDEX waiting_due ON waiting (due) WHERE due > 0;
ALTER TABLE rejected ADD COLUMN class INTEGER NOT NULL DEFAULT 1;
CREATE INDEX rejected_class ON rejected (class, pid);

-- Why a device did not share a key, as it is said; a hint for people.
CREATE TABLE withheld (
	n		INTEGER PRIMARY KEY,
	pid		INTEGER NOT NULL,
	room_id		TEXT NOT NULL,
	session_id	TEXT NOT NULL,
	code		TEXT NOT NULL,
	UNIQUE (pid, room_id, session_id)
) STRICT;

-- Rooms of which a sync did not show who is in them, and whom a sync has named there since.
CREATE TABLE unsure (
	room_id		TEXT PRIMARY KEY,
	since		INTEGER NOT NULL,
	asked		INTEGER NOT NULL	-- the question is in the outbox
) STRICT, WITHOUT ROWID;
CREATE INDEX unsure_next ON unsure (since) WHERE asked = 0;
ALTER TABLE member ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;	-- from before that sync

-- With the device, whose row is written anyway when a session is made.
ALTER TABLE crypt_device ADD COLUMN used BLOB;	-- hashes of its last one-time keys that we used

-- It leaves when the homeserver holds this mark, or a later one: docs/adr/0016.
ALTER TABLE outbox ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;
-- SPDX-License-Identifier: Apache-2.0
-- Version 2.  Olm sessions get a number and belong to a user, so that those made in one turn
-- lie side by side, and so do their places in the index: by random ids and keys each was a page of
-- its own to write.  A share holds no ciphertext: that is made in the turn that puts it
-- into the outbox.

CREATE TABLE crypt_olm_2 (
	n		INTEGER PRIMARY KEY,
	pid		INTEGER NOT NULL,
	curve25519	BLOB NOT NULL,		-- the other device
	session_id	TEXT NOT NULL,
	pickle		BLOB NOT NULL,		-- sealed
	used		INTEGER NOT NULL	-- last received, or made
) STRICT;
-- Where two users claim one key, only whoever may have keys can hold its other half.
INSERT INTO crypt_olm_2 (pid, curve25519, session_id, pickle, used)
SELECT (SELECT d.pid FROM crypt_device AS d WHERE d.curve25519 = o.curve25519
	ORDER BY d.eligible DESC, d.pid LIMIT 1) AS owner, o.curve25519, o.session_id, o.pickle, o.used
FROM crypt_olm AS o WHERE owner IS NOT NULL ORDER BY o.used;
DROP TABLE crypt_olm;
ALTER TABLE crypt_olm_2 RENAME TO crypt_olm;
CREATE INDEX crypt_olm_device ON crypt_olm (pid, curve25519, used);

UPDATE crypt_share SET state = 0 WHERE state = 1;
ALTER TABLE crypt_share DROP COLUMN message;

-- Of a session of our own that came to its end and is forgotten: how many positions were used.
ALTER TABLE crypt_inbound ADD COLUMN used INTEGER;
-- SPDX-License-Identifier: Apache-2.0
-- Holes in the timelines of direct chats and channels, and what was read of them so far.

CREATE TABLE gap (
	n		INTEGER PRIMARY KEY,
	room_id		TEXT NOT NULL,
	state		INTEGER NOT NULL,	-- enum gap_state
	token		TEXT NOT NULL,		-- read backwards from here
	until		TEXT,			-- to here; NULL: our invitation
	most		INTEGER NOT NULL,	-- events of the next page
	asked		INTEGER NOT NULL,	-- pages so far
	bytes		INTEGER NOT NULL,	-- of what was kept
	cut		INTEGER NOT NULL,	-- its older end could not be read
	held		INTEGER NOT NULL,	-- since when it waits for a place among the waiting; 0: not
	due		INTEGER NOT NULL,	-- judged then
	at		INTEGER NOT NULL	-- of the sync that showed it
) STRICT;
CREATE INDEX gap_room ON gap (room_id, n);

-- A page has the newest first: the highest id is the oldest event.
CREATE TABLE gap_event (
	id		INTEGER PRIMARY KEY,
	gap		INTEGER NOT NULL REFERENCES gap (n) ON DELETE CASCADE,
	raw		BLOB NOT NULL		-- sealed
) STRICT;
CREATE INDEX gap_event_gap ON gap_event (gap, id);

-- Items that might have been opened one day and were given up for want of space.
CREATE TABLE waiting_lost (
	day		INTEGER PRIMARY KEY,	-- since 1970
	items		INTEGER NOT NULL
) STRICT;
-- SPDX-License-Identifier: Apache-2.0
-- Version 3.  Status lists by the name that credentials call them, and how new the newest was
-- of what somebody signed under a name: a status list, or a statement of lived experience.

CREATE TABLE status_list (
	n		INTEGER PRIMARY KEY,
	org		TEXT NOT NULL,		-- in whose directory
	uri		TEXT NOT NULL,
	id		TEXT NOT NULL,		-- of the record there
	UNIQUE (org, uri)
) STRICT;
CREATE INDEX status_list_uri ON status_list (uri, n);

CREATE TABLE signed_newest (
	signer		TEXT NOT NULL,		-- DID; of a status list, the issuer of the credentials
	name		TEXT NOT NULL,
	issued		INTEGER NOT NULL,
	PRIMARY KEY (signer, name)
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('db.generation', 0, X'859EB292B03A81E19867B4894DD79EEB');
INSERT INTO meta VALUES ('db.key', 0, X'01682F4E2244BBB2714940BF3801CD61EA3204EFFDF4E40B27D93CD25E961AA35F51D3728E50BB9BDB8FCCAF89B7A788CEB9627550690B9300FDF3E41080FB8DD086D3B620A5458568');
INSERT INTO counter VALUES ('outbox', 1);
INSERT INTO counter VALUES ('person', 1);
INSERT INTO account VALUES ('node', '@node:a', NULL, X'015A4EA04735BB424DC2067AE0AE27406D796D2D7E5EB143D6BF196C6F53AF4FF778AE1146C806EA460CA81598AE', NULL, NULL, 0);
INSERT INTO person VALUES (1, X'4DDBDE886862691CA83DA415DDF8DC50', X'010AFFA93740403F82E3F3BB7A152A9CA684F452909065BBCD4FB82BF14B91740B182FEB9D3D5AEFF0A40ACAB6243A6157D1');
INSERT INTO outbox VALUES (1, 1, 1, 'node', '!a', 'say', 'c1', '!a', 'm.room.message', NULL, X'014FCA6A2AC1EA73DA56082328C732909DE21475C3E8910A4EB695C904BBAA49CAEAA0D2F1FCE5044368DCF68A59232F999ACE82331E69984D', NULL, NULL, NULL, 'PYRD51ND0TAS13B2DBDYPKF95A', 0, 0, 0, 1700000000000, NULL, 1);
INSERT INTO own VALUES (1, 'P1', 'program', NULL, '{"name":"Grief circle"}', NULL, NULL, 'k1', 0, 0, 'Grief circle
');
INSERT INTO seen VALUES (1, 'org', 'S1', 'specialist', 0, 0, 0, 'ab', '{}', 0, NULL, 'Ana grief');
INSERT INTO referral VALUES (1, 'R1', 'org', 'source', 'draft', 'none', 'ask_consent', 'source', 0, 0, 0, 0, X'01FDF27BB908037C1F4203CE9370E3BCE6079FE0BB55620A21BB507083DBE15A07B6590F3FA2C60B5D5CCF69A438F790', NULL, NULL, NULL, 0, 0, 0);
INSERT INTO own_words (own_words) VALUES ('rebuild');
INSERT INTO seen_words (seen_words) VALUES ('rebuild');
PRAGMA application_id = 0x4361726e;
PRAGMA user_version = 3;
COMMIT;
