-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  Trust lists: each version that was accepted, what of later ones has arrived in the
-- federation room, and what this node decided for itself.  All of it is about organizations.

CREATE TABLE trust_version (
	version		INTEGER PRIMARY KEY,
	hash		TEXT NOT NULL,
	document	TEXT NOT NULL,		-- canonical JSON, signed
	at		INTEGER NOT NULL
) STRICT;

CREATE TABLE trust_part (
	version		INTEGER NOT NULL,
	part		INTEGER NOT NULL,
	parts		INTEGER NOT NULL,
	text		TEXT NOT NULL,
	PRIMARY KEY (version, part)
) STRICT;

CREATE TABLE trust_override (
	org		TEXT PRIMARY KEY,
	word		TEXT NOT NULL		-- {decision, reason, at, since}
) STRICT;
