-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  Free places as partners said when asked; public, like the records they belong to.

CREATE TABLE capacity_asked (
	org	TEXT PRIMARY KEY,
	inquiry	TEXT NOT NULL,		-- content id of the last one; only its answer is taken
	after	TEXT NOT NULL,		-- the record after which it goes on; '' at first
	at	INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE capacity_said (
	org	TEXT NOT NULL,
	record	TEXT NOT NULL,
	said	TEXT NOT NULL,		-- JSON: rows of $defs/capacity
	at	INTEGER NOT NULL,	-- when it arrived
	PRIMARY KEY (org, record)
) STRICT, WITHOUT ROWID;
