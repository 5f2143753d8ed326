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
