/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn: the operator's command.  One table of verbs (cairn_verbs.c) from which
 * parsing, help and completion derive; most verbs are only a row of it: their
 * words and options become the "args" of a request to the node.
 *
 *	cairn.c		options, the chosen verb
 *	cairn_verbs.c	the table
 *	cairn_node.c	what the verbs of the node do and print
 *	cairn_import.c	files read here and sent as records
 *	cairn_backup.c	copies of the database and of its keys
 *	cairn_export.c	records written to a file
 *	cairn_keys.c	keys and signatures, offline
 *	cairn_consent.c	a specialist's consent to be published, offline
 *	cairn_federation.c	who belongs to the federation
 *	cairn_issuer.c	an issuer's book of credentials, offline
 *	cairn_setup.c	passwords and the first start
 *	cairn_time.c	times as people write them
 *	cairn_client.c	the admin socket
 *	cairn_help.c	help and completion
 *	cairn_out.c	everything that reaches the terminal
 */
#ifndef CAIRN_TOOL_H
#define CAIRN_TOOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/err.h"

/* JSON of this process; a file of 64 MiB with the worst nesting would be 5 GiB. */
enum { TOOL_HEAP = 256 << 20 };

/* Exit status; every function below that returns int returns one of these. */
enum {
	EXIT_OK		= 0,
	EXIT_REFUSED	= 1,	/* A rule forbids it, or not yet; doctor found a fault. */
	EXIT_USAGE	= 2,
	EXIT_BAD	= 3,	/* Input: the message begins with file:line:column or a path into it. */
	EXIT_NOTFOUND	= 4,
	EXIT_SOCKET	= 5,	/* The node does not run or does not answer. */
	EXIT_FATAL	= 6,
};

enum { CALL_MAX = 16 << 20, CALL_TIMEOUT = 60 };	/* Bytes of a request or reply; seconds. */

struct ev_enum;

struct cairn {
	const char	*config;	/* -c, or NULL. */
	bool		 json;
	bool		 wait;
	long		 timeout;	/* Seconds that --wait follows. */
	int		 fd;		/* The admin socket; -1: not connected. */
	struct buf	 in;
};

/*
 * A word of a verb and an option; both become a member of "args" named key.
 * REST: all that remain, at least one, joined by blanks.  ANY: the same or none.
 * PACKED: as REST, without any blanks.
 */
enum arity { ONE, MAYBE, REST, ANY, PACKED };

struct word {
	const char	*meta, *key;
	enum arity	 arity;
};

struct choice {
	const char	*name;		/* Long option. */
	const char	*meta;		/* Its value's name; NULL: a flag, true. */
	const char	*key;
	const char	*help;
	bool		 required;
	bool		 many;		/* May be repeated: an array. */
	const struct ev_enum *values;	/* Closed list, or NULL. */
};

struct verb {
	const char	*name;		/* One or two words. */
	const char	*summary;	/* One line. */
	const char	*help;		/* Paragraphs. */
	const char	*example;
	struct word	 words[4];	/* Ended by a NULL meta. */
	struct choice	 choices[40];	/* Ended by a NULL name. */
	const char	*wait_for;	/* Delivery state that --wait follows to; NULL: no --wait. */
	int		(*run)(struct cairn *, const struct verb *, json_t *args);
	/* For run == node_run, and what ends in it: shows a result to a person. */
	int		(*show)(const json_t *args, const json_t *result);
};

/* verbs_table is ended by a NULL name.  verbs_find(first, second, ret_used): NULL if there is none. */
extern const struct verb verbs_table[];
const struct verb *verbs_find(const char *, const char *, int *ret_used);

/* help_* print to ${out}.  help_guess: the verb most like ${word}, or NULL. */
void	help_all(FILE *);
void	help_usage(FILE *, const struct verb *);
void	help_verb(FILE *, const struct verb *);
const struct verb *help_guess(const char *);
int	help_run(struct cairn *, const struct verb *, json_t *args);
int	help_completion(struct cairn *, const struct verb *, json_t *args);

/*
 * client_config(c, ret): load the configuration (-c, $CAIRN_CONFIG, default).
 * client_call(c, verb, args, ret): one request and its result; connects first.
 * Both explain failure themselves.  ${args} is borrowed, NULL for none.
 */
int	client_config(const struct cairn *, struct config *);
const char *client_config_path(const struct cairn *);
int	client_call(struct cairn *, const char *verb, const json_t *args, json_t **);
/** client_pause(ms): sleep. client_clock(): milliseconds, monotonic. */
void	client_pause(long);
long	client_clock(void);

int	node_run(struct cairn *, const struct verb *, json_t *args);
int	node_check_config(struct cairn *, const struct verb *, json_t *args);
int	node_show_import(const json_t *, const json_t *);
int	node_show_publish(const json_t *, const json_t *);
int	node_show_queued(const json_t *, const json_t *);
int	node_show_referral(const json_t *, const json_t *);
int	node_show_done(const json_t *, const json_t *);
int	node_show_find(const json_t *, const json_t *);
int	node_show_match(const json_t *, const json_t *);
int	node_show_capacity(const json_t *, const json_t *);
int	node_show_list(const json_t *, const json_t *);
int	node_show_audit(const json_t *, const json_t *);
int	node_show_object(const json_t *, const json_t *);
int	node_show_entry(const json_t *, const json_t *);
int	node_show_doctor(const json_t *, const json_t *);

int	import_hsds(struct cairn *, const struct verb *, json_t *args);
int	import_records(struct cairn *, const struct verb *, json_t *args);
/** import_document: FILE, a JSON document, becomes "document". */
int	import_document(struct cairn *, const struct verb *, json_t *args);
int	import_minors(struct cairn *, const struct verb *, json_t *args);
int	import_consent(struct cairn *, const struct verb *, json_t *args);
/** import_person: somebody without Matrix, from a file. */
int	import_person(struct cairn *, const struct verb *, json_t *args);
/** import_text: words about or to a person are read from a file: every user of the machine sees arguments. */
int	import_text(struct cairn *, const struct verb *, json_t *args);
/** import_json(c, path, ret): a JSON file, at most 64 MiB; explains failure with file:line:column. */
int	import_json(const struct cairn *, const char *path, json_t **);

/** export_hsds: the node's programs as HSDS. */
int	export_hsds(struct cairn *, const struct verb *, json_t *args);
/** export_member: all that the node holds of one, part by part, to a file that is theirs. */
int	export_member(struct cairn *, const struct verb *, json_t *args);

int	keys_new(struct cairn *, const struct verb *, json_t *args);
int	keys_show(struct cairn *, const struct verb *, json_t *args);
int	keys_sign_credential(struct cairn *, const struct verb *, json_t *args);
int	keys_sign_statement(struct cairn *, const struct verb *, json_t *args);
/** consent_sign, consent_withdraw: "sign publication", "sign withdrawal". */
int	consent_sign(struct cairn *, const struct verb *, json_t *args);
int	consent_withdraw(struct cairn *, const struct verb *, json_t *args);
/** keys_make(c, path, mode): a new key's file.  keys_load: its seed, which the caller overwrites; refused if others may read it. */
int	keys_make(const struct cairn *, const char *path, mode_t);
int	keys_load(const struct cairn *, const char *path, uint8_t ret[32]);
void	keys_public(const uint8_t seed[32], char ret[64]);
/** keys_write(c, doc, path): the document to ${path}, at once and whole; NULL: to standard output. */
int	keys_write(const struct cairn *, const json_t *, const char *path);

/* The federation's list: made and signed offline; put in force, and decided upon, by the node. */
int	federation_new(struct cairn *, const struct verb *, json_t *args);
int	federation_sign(struct cairn *, const struct verb *, json_t *args);
int	federation_words(struct cairn *, const struct verb *, json_t *args);
int	federation_import(struct cairn *, const struct verb *, json_t *args);
int	federation_node(struct cairn *, const struct verb *, json_t *args);
int	federation_join(struct cairn *, const struct verb *, json_t *args);
int	federation_decide(struct cairn *, const struct verb *, json_t *args);
/* A second organization: invited by a code, which answers, and is admitted by the words of its answer. */
int	federation_invite(struct cairn *, const struct verb *, json_t *args);
int	federation_accept(struct cairn *, const struct verb *, json_t *args);
int	federation_admit(struct cairn *, const struct verb *, json_t *args);

int	issuer_key(struct cairn *, const struct verb *, json_t *args);
int	issuer_issue(struct cairn *, const struct verb *, json_t *args);
int	issuer_change(struct cairn *, const struct verb *, json_t *args);
int	issuer_refresh(struct cairn *, const struct verb *, json_t *args);
int	issuer_jwt(struct cairn *, const struct verb *, json_t *args);
int	issuer_list(struct cairn *, const struct verb *, json_t *args);

enum { TIME_TEXT = 32 };
/** time_is(key): is a member of this name a time, as an integer in milliseconds since 1970? */
bool	time_is(const char *);
/** time_print(ms, out): "2026-11-21T09:30:00Z"; false if it is no time. */
bool	time_print(json_int_t, char[TIME_TEXT]);
/**
 * time_to_text(value): each time anywhere in ${value}, printed.
 * time_from_text(c, file, value): and back, with any offset; numbers stay.  Explains what is no time; ${file} NULL: it stays.
 */
int	time_to_text(json_t *);
int	time_from_text(const struct cairn *, const char *file, json_t *);

/** backup_run: a copy of the database, made by the node, taken from it; and of its keys. */
int	backup_run(struct cairn *, const struct verb *, json_t *args);

/** erase_run: says what will be gone and what not, and has the id typed again.  erase_show: its end. */
int	erase_run(struct cairn *, const struct verb *, json_t *args);
int	erase_show(const json_t *, const json_t *);

int	setup_run(struct cairn *, const struct verb *, json_t *args);

/*
 * out_problem(c, status, hint, fmt, ...): say what is wrong and, unless NULL, what to do, on
 * standard error (and as JSON on standard output with --json); returns ${status}.
 */
int	out_problem(const struct cairn *, int, const char *hint, const char *, ...) like_printf(4, 5);
/** out_precision(value): the flag for jansson with which its numbers read as the same again, and look as people write them. */
size_t	out_precision(const json_t *);
/** out_json(value): one document on standard output, ASCII. */
int	out_json(const json_t *);
/** out_line(fmt, ...): a line on standard output in which control and bidirectional characters are escaped. */
void	out_line(const char *, ...) like_printf(1, 2);
/**
 * out_table(items, columns, empty): rows of an array of objects, aligned; ${columns} are the
 * keys in order, separated by blanks; members it does not name follow.  ${empty} is said of no rows.
 */
void	out_table(const json_t *, const char *columns, const char *empty);
/** out_object(value): members, one a line, nested ones indented. */
void	out_object(const json_t *);

#endif /* !CAIRN_TOOL_H */
