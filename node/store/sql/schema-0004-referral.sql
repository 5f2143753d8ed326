-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  The steps of a referral are a tree (node/domain/path.h): each names the one it was made on.  What
-- is in referral is what they come to.

ALTER TABLE referral ADD COLUMN leg INTEGER NOT NULL DEFAULT 1;
ALTER TABLE referral ADD COLUMN began INTEGER NOT NULL DEFAULT 0;
ALTER TABLE referral ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE referral ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;	-- When we had the last step.
ALTER TABLE referral ADD COLUMN channels INTEGER NOT NULL DEFAULT 0;
ALTER TABLE referral ADD COLUMN reminded INTEGER NOT NULL DEFAULT 0;	-- How often staff were, in this state.
ALTER TABLE referral ADD COLUMN part_of TEXT;				-- The referral that was forwarded.
-- node/app/untold.h: at the target, until when the member's consent lets us tell the source; 0: it does not.  At the
-- source, of the partner's news none with a lower number is taken any more.
ALTER TABLE referral ADD COLUMN tells_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE referral ADD COLUMN taken_from INTEGER NOT NULL DEFAULT 0;
-- Of which step or meeting, and of which end of a consent, the member was asked.
ALTER TABLE referral ADD COLUMN asked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE referral ADD COLUMN asked_until INTEGER NOT NULL DEFAULT 0;
-- node/app/remind.h.  1: staff are to be told; 2: by night, too; below 0: they were told, by the line of that time (negated).
ALTER TABLE referral ADD COLUMN rings INTEGER NOT NULL DEFAULT 0;
CREATE INDEX referral_rings ON referral (rings) WHERE rings <> 0;
CREATE INDEX referral_due ON referral (clock_due) WHERE clock_due > 0;
CREATE INDEX referral_part ON referral (part_of) WHERE part_of IS NOT NULL;

-- Table step is the history of referrals of version 3.  It can be read and not continued: a step named none that it
-- was made on, the two sides may have taken them in different order, and who guesses otherwise than the partner never
-- agrees with them again.  Such referrals stay as they are, and are begun anew (docs/adr/0023).

CREATE TABLE referral_step (
	n		INTEGER PRIMARY KEY,
	referral	TEXT NOT NULL REFERENCES referral (id),
	id		TEXT NOT NULL,		-- content id, or derived
	prev		TEXT NOT NULL,		-- '' for the first
	input		TEXT NOT NULL,
	actor		TEXT NOT NULL,
	said_by		TEXT NOT NULL,		-- source, target
	leg		INTEGER NOT NULL,
	at		INTEGER NOT NULL,	-- by the author's clock
	recorded	INTEGER NOT NULL,	-- by ours
	content		BLOB,			-- sealed; NULL: nothing more to say, or in referral
	apart		INTEGER NOT NULL DEFAULT 0,	-- 1: ours, and never told: it is not of the tree
	waits		INTEGER NOT NULL DEFAULT 0,	-- 1: for the one before it; 2: and by it the member leaves or revokes
	UNIQUE (referral, id)
) STRICT;
CREATE INDEX referral_step_waits ON referral_step (recorded) WHERE waits > 0;

CREATE INDEX traffic_done ON traffic (acked_at) WHERE referral IS NULL AND acked_at > 0;
CREATE INDEX traffic_withheld ON traffic (referral) WHERE type = 'org.cairnpeer.referral.withheld';
