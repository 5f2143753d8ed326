/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: the one file of `key = value` lines; docs/operating.md lists the keys.
 *
 * '#' begins a comment at the start of a line; blanks around key and value are
 * dropped; a value may be "quoted".  Each key at most once; an unknown key is
 * an error with a suggestion.
 */
#ifndef CAIRN_CONFIG_H
#define CAIRN_CONFIG_H

#include <stdbool.h>

#include "err.h"
#include "log.h"

struct config {
	char	*organization;		/* Name people read. */
	char	*homeserver;		/* https://host[:port], no path. */
	char	*homeserver_ca;		/* PEM file or NULL: the system's. */
	bool	 homeserver_loopback_http; /* Allow http:// to a loopback address. */
	char	*server_name;		/* Matrix server name, for via and user ids. */
	char	*node_user;		/* Localparts or full user ids... always stored full. */
	char	*steward_user;
	char	*recovery_user;		/* Offline co-creator of rooms, or NULL. */
	char	*state_dir;		/* Holds cairn.db, lock, recovery file; 0700. */
	char	*key_file;		/* 32 bytes, 0400; NULL: $CREDENTIALS_DIRECTORY/kek. */
	char	*admin_socket;		/* Default state_dir/admin.sock. */
	char	*trust_signer;		/* who signs trust lists (signers.h), or NULL: whom cairn federation join named, or nobody. */
	char	*crisis_text;		/* Plain words with the local crisis numbers. */
	char	*crisis_words;		/* What somebody in danger writes, with commas or lines between; NULL: none is known. */
	char	*on_call_user;		/* Who is told then, or NULL. */
	char	*staff_users;		/* Who is told that a referral waits: full user ids, a blank between two; or NULL. */
	char	*staff_zone;		/* By which clock they sleep, such as Europe/Berlin; NULL: UTC. */
	char	*bridge_user;		/* Unix user for bridges when started as root, or NULL. */
	int	 keep_messages, keep_referrals, keep_legal, keep_audit, keep_book;	/* Terms in days; 0: none (of legal: the standard one). */
	bool	 require_primitives;
	enum log_level	log_level;
};

/**
 * config_load(path, ret, reterr): read and check.  0; E_BAD with
 * "file:line:column: what is wrong; what to do"; or -errno when unreadable.
 * config_parse(name, text, len, ret, reterr): the same from memory.
 */
int	config_load(const char *, struct config *, struct err *) must_check;
int	config_parse(const char *, const char *, size_t, struct config *, struct err *) must_check;
void	config_free(struct config *);

#endif /* !CAIRN_CONFIG_H */
