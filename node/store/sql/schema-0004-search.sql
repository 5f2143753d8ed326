-- SPDX-License-Identifier: Apache-2.0
-- Version 4.  Search by an index of our own: node/store/searchstore.h.  FTS5 kept deleted words until its next
-- optimize, and ranked every record that has a frequent word: a second for a million records.

DROP TABLE own_words;
DROP TABLE seen_words;
ALTER TABLE own DROP COLUMN words;
ALTER TABLE seen DROP COLUMN words;

-- The version of the terms by which it is in the index; lower: to be indexed anew; below 0: since then.
ALTER TABLE seen ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX seen_indexed ON seen (indexed);

-- Documents in the order in which they are shown: the number holds the rank.
CREATE TABLE search_doc (
	doc		INTEGER PRIMARY KEY,
	seen		INTEGER UNIQUE REFERENCES seen (n),	-- NULL: the number is free
	due		INTEGER NOT NULL,			-- its rank changes then; 0: it does not
	places		BLOB,					-- where it is
	id		TEXT,					-- of a specialist: the last of an order between equals
	program		TEXT					-- whose it says it is: what that lends is among the terms
) STRICT;
CREATE INDEX search_doc_id ON search_doc (id, seen) WHERE id IS NOT NULL;
CREATE INDEX search_doc_program ON search_doc (program, seen) WHERE program IS NOT NULL;
CREATE INDEX search_doc_due ON search_doc (due) WHERE due > 0;
CREATE INDEX search_doc_free ON search_doc (doc) WHERE seen IS NULL;

-- What each has.  Apart: a search reads the rows above of many documents, and these of none that is posted.
CREATE TABLE search_terms (
	doc		INTEGER PRIMARY KEY,
	terms		TEXT NOT NULL
) STRICT;

-- What is posted of documents whose terms have changed since.
CREATE TABLE search_pending (
	doc		INTEGER PRIMARY KEY,
	posted		TEXT NOT NULL
) STRICT;

-- By hash of the term and tile of 65,536 documents.
CREATE TABLE search_post (
	n		INTEGER PRIMARY KEY,
	docs		BLOB NOT NULL
) STRICT;

-- Words that some document has, to find those that begin alike.
CREATE TABLE search_word (
	word		TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
