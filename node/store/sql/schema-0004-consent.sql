-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  What became of consents: to whom what was disclosed, what was revoked, who holds what.

-- One row a disclosure, from the moment in which it may leave this node; nothing is ever taken out of it.
CREATE TABLE disclosed (
	n		INTEGER PRIMARY KEY,
	id		TEXT NOT NULL UNIQUE,	-- of the content that discloses; of an emergency its own
	whose		TEXT NOT NULL,		-- a referral; of emergencies also a case, a match, or person:PID
	consent		TEXT,			-- NULL: none, in an emergency
	org		TEXT,			-- NULL: nobody of the network
	at		INTEGER NOT NULL,
	arrived		INTEGER NOT NULL,	-- 0: not confirmed
	detail		BLOB NOT NULL		-- sealed
) STRICT;
CREATE INDEX disclosed_whose ON disclosed (whose);

ALTER TABLE consent ADD COLUMN form BLOB;	-- hash, keyed by this store alone, of what was signed: all but the id
CREATE INDEX consent_form ON consent (form);

-- Also of consents that are not known here (yet): what comes under them later is refused.
CREATE TABLE revocation (
	consent		TEXT NOT NULL,
	org		TEXT NOT NULL,		-- the partner of that consent
	referral	TEXT,
	at		INTEGER NOT NULL,
	ended		INTEGER NOT NULL,	-- 1: not revoked; the event that ends it has happened
	detail		BLOB,			-- sealed
	PRIMARY KEY (consent, org)
) STRICT, WITHOUT ROWID;
CREATE INDEX revocation_referral ON revocation (referral);
CREATE INDEX revocation_unknown ON revocation (org, at) WHERE referral IS NULL;

-- Who was told of it, and what they answered.
CREATE TABLE holder (
	consent		TEXT NOT NULL,
	org		TEXT NOT NULL,
	referral	TEXT NOT NULL,
	told		INTEGER NOT NULL,	-- 0: could not be
	due		INTEGER NOT NULL,
	acked		INTEGER NOT NULL,	-- 0: not yet
	detail		BLOB,			-- sealed: what they keep
	PRIMARY KEY (consent, org)
) STRICT, WITHOUT ROWID;
CREATE INDEX holder_referral ON holder (referral);
CREATE INDEX holder_untold ON holder (due) WHERE told = 0;
