-- SPDX-License-Identifier: Apache-2.0
-- Version 2.  Olm sessions get a number, so that new ones lie side by side: by their random
-- ids each was a page of its own to write.  A share holds no ciphertext: that is
-- made in the turn that puts it into the outbox.

CREATE TABLE crypt_olm_2 (
	n		INTEGER PRIMARY KEY,
	session_id	TEXT NOT NULL UNIQUE,
	curve25519	BLOB NOT NULL,		-- the other device
	pickle		BLOB NOT NULL,		-- sealed
	used		INTEGER NOT NULL	-- last received, or made
) STRICT;
INSERT INTO crypt_olm_2 (session_id, curve25519, pickle, used)
SELECT session_id, curve25519, pickle, used FROM crypt_olm ORDER BY used;
DROP TABLE crypt_olm;
ALTER TABLE crypt_olm_2 RENAME TO crypt_olm;
CREATE INDEX crypt_olm_device ON crypt_olm (curve25519, used);

UPDATE crypt_share SET state = 0 WHERE state = 1;
ALTER TABLE crypt_share DROP COLUMN message;
