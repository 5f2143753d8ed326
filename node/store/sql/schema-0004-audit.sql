-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  What a row of the audit is about is sealed under its subject's key; the chain holds only a
-- commitment to it and the slot of that key, so it verifies after the subject was erased.  Rows of version 3 stay as they were.

CREATE TABLE audit_4 (
	n		INTEGER PRIMARY KEY,
	at		INTEGER NOT NULL,
	actor		TEXT NOT NULL,
	action		TEXT NOT NULL,
	subject		TEXT,		-- of version 3, else NULL; so is detail
	detail		TEXT,
	commitment	BLOB,		-- SHA-256 of salt, subject and detail
	about		BLOB,		-- sealed: these three
	hash		BLOB NOT NULL
) STRICT;
INSERT INTO audit_4 (n, at, actor, action, subject, detail, hash)
SELECT n, at, actor, action, subject, detail, hash FROM audit;
DROP TABLE audit;
ALTER TABLE audit_4 RENAME TO audit;

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
	SELECT raise(ABORT, 'the audit is append-only');
END;
-- What is over its term goes from the front, where the number and hash before the first row are noted.
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
WHEN old.n > coalesce((SELECT value FROM counter WHERE name = 'audit.trimmed'), 0) BEGIN
	SELECT raise(ABORT, 'the audit is append-only');
END;
