-- SPDX-License-Identifier: Apache-2.0
-- Rules of the policy lists that are followed: who is banned.

CREATE TABLE policy_rule (
	n		INTEGER PRIMARY KEY,
	room_id		TEXT NOT NULL,		-- of the list
	type		TEXT NOT NULL,
	state_key	TEXT NOT NULL,
	kind		INTEGER NOT NULL,	-- enum policy_kind
	entity		TEXT NOT NULL,
	glob		INTEGER NOT NULL,	-- entity has '*' or '?'
	reason		TEXT NOT NULL,
	UNIQUE (room_id, type, state_key)
) STRICT;
CREATE INDEX policy_rule_entity ON policy_rule (entity);
CREATE INDEX policy_rule_glob ON policy_rule (kind) WHERE glob = 1;

-- Who is in any room of ours, in the order in which bans_step looks at them.
CREATE INDEX roster_pid ON roster (pid);

-- Which servers our rooms keep out.
CREATE TABLE room_acl (
	room_id		TEXT PRIMARY KEY,
	hash		TEXT NOT NULL		-- of the list that was sent
) STRICT, WITHOUT ROWID;
