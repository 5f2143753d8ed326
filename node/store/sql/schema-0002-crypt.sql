-- SPDX-License-Identifier: Apache-2.0
-- Version 2.  Olm sessions get a number and belong to a user, so that those made in one turn
-- lie side by side, and so do their places in the index: by random ids and keys each was a page of
-- its own to write.  A share holds no ciphertext: that is made in the turn that puts it
-- into the outbox.

CREATE TABLE crypt_olm_2 (
	n		INTEGER PRIMARY KEY,
	pid		INTEGER NOT NULL,
	curve25519	BLOB NOT NULL,		-- the other device
	session_id	TEXT NOT NULL,
	pickle		BLOB NOT NULL,		-- sealed
	used		INTEGER NOT NULL	-- last received, or made
) STRICT;
-- Where two users claim one key, only whoever may have keys can hold its other half.
INSERT INTO crypt_olm_2 (pid, curve25519, session_id, pickle, used)
SELECT (SELECT d.pid FROM crypt_device AS d WHERE d.curve25519 = o.curve25519
	ORDER BY d.eligible DESC, d.pid LIMIT 1) AS owner, o.curve25519, o.session_id, o.pickle, o.used
FROM crypt_olm AS o WHERE owner IS NOT NULL ORDER BY o.used;
DROP TABLE crypt_olm;
ALTER TABLE crypt_olm_2 RENAME TO crypt_olm;
CREATE INDEX crypt_olm_device ON crypt_olm (pid, curve25519, used);

UPDATE crypt_share SET state = 0 WHERE state = 1;
ALTER TABLE crypt_share DROP COLUMN message;

-- Of a session of our own that came to its end and is forgotten: how many positions were used.
ALTER TABLE crypt_inbound ADD COLUMN used INTEGER;
