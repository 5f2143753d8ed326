-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  What a partner says that it does not take, and what we did not take: once, however often it came.

ALTER TABLE traffic ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;	-- why, as schemas/referral.refused.json has it; 0: it was not

ALTER TABLE rejected ADD COLUMN what BLOB;	-- blind index of what came: one row for each thing of a sender; NULL: of a thing of which no more can come
ALTER TABLE rejected ADD COLUMN times INTEGER NOT NULL DEFAULT 1;
ALTER TABLE rejected ADD COLUMN last INTEGER NOT NULL DEFAULT 0;	-- when it came last
UPDATE rejected SET last = at;
CREATE UNIQUE INDEX rejected_what ON rejected (pid, what) WHERE what IS NOT NULL;
CREATE INDEX rejected_last ON rejected (last, id);

CREATE INDEX inbox_deleted ON inbox (pid, at) WHERE type = 'm.room.redaction';	-- what was deleted before it came
