-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  Of somebody whose master key changed: when that was first seen, and which one is shown now, until a person said which counts.

ALTER TABLE crypt_user ADD COLUMN refused_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crypt_user ADD COLUMN shown BLOB;
CREATE INDEX crypt_user_refused ON crypt_user (refused_at, pid) WHERE refused = 1;
