-- SPDX-License-Identifier: Apache-2.0
-- Version 3.  Status lists by the name that credentials call them, and the newest of each that was ever seen.

CREATE TABLE status_list (
	n		INTEGER PRIMARY KEY,
	org		TEXT NOT NULL,		-- in whose directory
	uri		TEXT NOT NULL,
	id		TEXT NOT NULL,		-- of the record there
	UNIQUE (org, uri)
) STRICT;
CREATE INDEX status_list_uri ON status_list (uri, n);

CREATE TABLE status_newest (
	issuer		TEXT NOT NULL,		-- of the credentials
	uri		TEXT NOT NULL,
	issued		INTEGER NOT NULL,
	PRIMARY KEY (issuer, uri)
) STRICT, WITHOUT ROWID;
