-- SPDX-License-Identifier: Apache-2.0
-- A device that was given a session's key as at position 0 may have that again.
ALTER TABLE crypt_share ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;
