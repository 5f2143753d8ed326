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
