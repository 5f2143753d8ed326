-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  Accounts that say that they are a specialist's (schemas/binding.json).

CREATE TABLE bound (
	pid	INTEGER NOT NULL,	-- the account
	text	TEXT NOT NULL,		-- blind index, in hexadecimal, of specialist, account and master key
	asked	INTEGER NOT NULL,	-- when the account was asked; 0: not yet
	said	INTEGER NOT NULL,	-- when it said so; 0: not yet
	body	BLOB NOT NULL,		-- sealed: {specialist, issued_at}
	PRIMARY KEY (pid, text)
) STRICT, WITHOUT ROWID;
CREATE INDEX bound_unasked ON bound (pid) WHERE asked = 0 AND said = 0;
