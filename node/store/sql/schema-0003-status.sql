-- SPDX-License-Identifier: Apache-2.0
-- Version 3.  Status lists by the name that credentials call them, and how new the newest was
-- of what somebody signed under a name: a status list, or a statement of lived experience.

CREATE TABLE status_list (
	n		INTEGER PRIMARY KEY,
	org		TEXT NOT NULL,		-- in whose directory
	uri		TEXT NOT NULL,
	id		TEXT NOT NULL,		-- of the record there
	UNIQUE (org, uri)
) STRICT;
CREATE INDEX status_list_uri ON status_list (uri, n);

CREATE TABLE signed_newest (
	signer		TEXT NOT NULL,		-- DID; of a status list, the issuer of the credentials
	name		TEXT NOT NULL,
	issued		INTEGER NOT NULL,
	PRIMARY KEY (signer, name)
) STRICT, WITHOUT ROWID;
