-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  A member and the specialist whom they chose: what was wished, who was proposed, when it is looked at again.

CREATE TABLE pairing (
	n		INTEGER PRIMARY KEY,
	id		TEXT NOT NULL UNIQUE,
	whose		TEXT NOT NULL,		-- the referral it is of, else its own id: erased with that
	state		TEXT NOT NULL,		-- offered, active, ended
	asked		INTEGER NOT NULL,
	began		INTEGER NOT NULL,	-- 0: not yet; so for the others
	review		INTEGER NOT NULL,	-- when both look back next
	until		INTEGER NOT NULL,	-- when it ends unless both go on
	ended		INTEGER NOT NULL,
	asked_review	INTEGER NOT NULL DEFAULT 0,	-- the review about which the member was asked
	body		BLOB NOT NULL		-- sealed: the wish, who was proposed, who was chosen, the referral
) STRICT;
CREATE INDEX pairing_whose ON pairing (whose);
CREATE INDEX pairing_state ON pairing (state, n);
