/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "config.h"
#include "config_value.h"
#include "id.h"

enum { FILE_MAX = 64 * 1024 };

typedef int	(*check_fn)(const char *, struct err *);

enum kind { TEXT, BOOL, LEVEL, DAYS };

enum { DAYS_MOST = 36525, MESSAGES_DAYS = 365, REFERRALS_DAYS = 730, LEGAL_DAYS = 2192 };

#define FIELD(name)	#name, offsetof(struct config, name)

/* One row per key: the whole grammar. */
static const struct key {
	const char	*name;
	size_t		 offset;
	enum kind	 kind;
	bool		 required;
	check_fn	 check;
} keys[] = {
	{ FIELD(organization), TEXT, true, config_value_name },
	{ FIELD(homeserver), TEXT, true, config_value_url },
	{ FIELD(homeserver_ca), TEXT, false, config_value_path },
	{ FIELD(homeserver_loopback_http), BOOL, false, NULL },
	{ FIELD(server_name), TEXT, true, config_value_server },
	{ FIELD(node_user), TEXT, true, config_value_user },
	{ FIELD(steward_user), TEXT, true, config_value_user },
	{ FIELD(recovery_user), TEXT, false, config_value_user },
	{ FIELD(state_dir), TEXT, true, config_value_path },
	{ FIELD(key_file), TEXT, false, config_value_path },
	{ FIELD(admin_socket), TEXT, false, config_value_socket },
	{ FIELD(trust_signer), TEXT, false, config_value_signer },
	{ FIELD(crisis_text), TEXT, false, config_value_text },
	{ FIELD(crisis_words), TEXT, false, config_value_text },
	{ FIELD(on_call_user), TEXT, false, config_value_user },
	{ FIELD(staff_users), TEXT, false, config_value_users },
	{ FIELD(staff_zone), TEXT, false, config_value_zone },
	{ FIELD(bridge_user), TEXT, false, config_value_unix_user },
	{ FIELD(keep_messages), DAYS, false, NULL },
	{ FIELD(keep_referrals), DAYS, false, NULL },
	{ FIELD(keep_legal), DAYS, false, NULL },
	{ FIELD(keep_audit), DAYS, false, NULL },
	{ FIELD(keep_book), DAYS, false, NULL },
	{ FIELD(require_primitives), BOOL, false, NULL },
	{ FIELD(log_level), LEVEL, false, NULL },
};

/* Where a character of the file is, both from 1; line 0 speaks about the file. */
struct place {
	unsigned	line, column;
};

struct parser {
	const char	*file;
	struct config	 config;
	struct place	 seen[nelem(keys)];	/* Of each key's value; line 0: absent. */
};

static int	complain(const struct parser *, struct place, struct err *, const char *, ...)
		    like_printf(4, 5);

static int
complain(const struct parser *p, struct place at, struct err *reterr, const char *fmt, ...)
{
	char text[sizeof(reterr->text)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (at.line == 0)
		return err_set(reterr, E_BAD, "%s: %s", p->file, text);
	return err_set(reterr, E_BAD, "%s:%u:%u: %s", p->file, at.line, at.column, text);
}

static char **
slot(struct config *c, size_t i)
{
	return (char **)((char *)c + keys[i].offset);
}

/*
 * Lines.
 */

/* The Levenshtein distance, for words of at most 63 bytes; longer ones are far from everything. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[64];
	size_t na = strlen(a), nb = strlen(b);

	if (na >= nelem(row) || nb >= nelem(row))
		return UINT32_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (best > row[j] + 1)
				best = row[j] + 1;
			if (best > row[j - 1] + 1)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

static int
unknown_key(const struct parser *p, struct place at, const char *name, struct err *reterr)
{
	const char *nearest = NULL;
	unsigned best = 4;

	for (size_t i = 0; i < nelem(keys); i++) {
		unsigned d = distance(name, keys[i].name);

		if (d < best) {
			best = d;
			nearest = keys[i].name;
		}
	}
	if (nearest != NULL)
		return complain(p, at, reterr, "unknown key \"%.64s\"; did you mean \"%s\"?", name, nearest);
	return complain(p, at, reterr, "unknown key \"%.64s\"; cairnd(8) lists the keys", name);
}

/* "quoted": \" \\ \n are the escapes; written over the value, which only shrinks. */
static int
unquote(const struct parser *p, struct place at, char *v, struct err *reterr)
{
	char *to = v, *from = v + 1;

	for (; *from != '"'; from++) {
		if (*from == '\0')
			return complain(p, at, reterr, "the quoted value does not end; "
			    "add a \" at the end of the line");
		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		from++;
		if (*from != '"' && *from != '\\' && *from != 'n')
			return complain(p, at, reterr, "unknown escape after \\; only \\\" \\\\ and \\n are known");
		*to++ = *from == 'n' ? '\n' : *from;
	}
	if (from[1] != '\0')
		return complain(p, at, reterr, "there is text after the closing quote; "
		    "remove it, or write \\\" for a quote inside");
	*to = '\0';
	return 0;
}

static int
set_value(struct parser *p, size_t i, struct place at, const char *v, struct err *reterr)
{
	void *field = (char *)&p->config + keys[i].offset;
	struct err why = { "" };
	char *end;
	long days;
	int r;

	switch (keys[i].kind) {
	case BOOL:
		if (strcmp(v, "yes") != 0 && strcmp(v, "no") != 0)
			return complain(p, at, reterr, "%s is \"%.64s\"; write yes or no", keys[i].name, v);
		*(bool *)field = v[0] == 'y';
		return 0;
	case LEVEL:
		if (log_level_parse(v, field) != 0)
			return complain(p, at, reterr, "%s is \"%.64s\"; write error, warn, info or debug",
			    keys[i].name, v);
		return 0;
	case DAYS:
		days = strtol(v, &end, 10);
		if (*v < '0' || *v > '9' || *end != '\0' || days > DAYS_MOST)
			return complain(p, at, reterr, "%s is \"%.64s\"; write a number of days, at most %d; 0: without end",
			    keys[i].name, v, DAYS_MOST);
		*(int *)field = (int)days;
		return 0;
	case TEXT:
		break;
	}
	r = keys[i].check(v, &why);
	if (r > 0)
		return complain(p, at, reterr, "%s: %s", keys[i].name, why.text);
	if (r == 0 && (*slot(&p->config, i) = strdup(v)) == NULL)
		r = err_set(reterr, -ENOMEM, "out of memory");
	return r;
}

static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	n = strlen(s);
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		s[--n] = '\0';
	return s;
}

/* Characters, not bytes: what an editor shows. */
static unsigned
column_of(const char *line, const char *at)
{
	unsigned column = 1;

	for (; line < at; line++)
		column += ((unsigned char)*line & 0xc0) != 0x80;
	return column;
}

static int
parse_line(struct parser *p, unsigned number, char *line, struct err *reterr)
{
	char *name = line + strspn(line, " \t"), *value, *equals;
	struct place at = { number, column_of(line, name) };
	size_t i;
	int r;

	if (*name == '\0' || *name == '#')
		return 0;
	equals = strchr(name, '=');
	if (equals == NULL)
		return complain(p, at, reterr, "no '=' here; write key = value, or # before a comment");
	value = equals + 1;
	value += strspn(value, " \t");
	struct place value_at = { number, column_of(line, value) };
	*equals = '\0';
	name = trim(name);
	value = trim(value);
	if (*name == '\0')
		return complain(p, at, reterr, "no key before '='; write key = value");

	for (i = 0; i < nelem(keys); i++)
		if (strcmp(name, keys[i].name) == 0)
			break;
	if (i == nelem(keys))
		return unknown_key(p, at, name, reterr);
	if (p->seen[i].line != 0)
		return complain(p, at, reterr, "%s is set twice, first in line %u; remove one", name, p->seen[i].line);
	p->seen[i] = value_at;

	if (*value == '"') {
		r = unquote(p, value_at, value, reterr);
		if (r != 0)
			return r;
	}
	if (*value == '\0')
		return complain(p, value_at, reterr, "%s has no value; write one, or remove the line", name);
	return set_value(p, i, value_at, value, reterr);
}

static int
check_bytes(const struct parser *p, const char *text, size_t len, struct err *reterr)
{
	struct place at = { 1, 1 };
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = config_value_character((const unsigned char *)text + i, len - i);
		if (n == 0 && text[i] == '\r')
			return complain(p, at, reterr, "a carriage return; save the file with Unix line ends");
		if (n == 0)
			return complain(p, at, reterr, "byte 0x%02x is a control character or not UTF-8; "
			    "save the file as plain UTF-8 text", (unsigned char)text[i]);
		if (text[i] == '\n')
			at = (struct place){ at.line + 1, 1 };
		else
			at.column++;
	}
	return 0;
}

/*
 * The whole.
 */

#define SEEN(p, field)	((p)->seen[key_index(offsetof(struct config, field))])

static size_t
key_index(size_t offset)
{
	size_t i = 0;

	while (keys[i].offset != offset)
		i++;
	return i;
}

/* The accounts are on the homeserver; only the offline recovery account and people may be elsewhere. */
static int
full_user(const struct parser *p, struct place at, const char *key, bool elsewhere, char **user, struct err *reterr)
{
	const char *server = p->config.server_name;
	char *full;

	if (*user == NULL)
		return 0;
	if ((*user)[0] != '@') {
		if (asprintf(&full, "@%s:%s", *user, server) < 0)
			return err_set(reterr, -ENOMEM, "out of memory");
		free(*user);
		*user = full;
	}
	if (!id_is_user(*user))
		return complain(p, at, reterr, "%s: the full id has more than 255 bytes; choose a shorter name", key);
	if (!elsewhere && strcmp(id_server(*user), server) != 0)
		return complain(p, at, reterr, "%s is on \"%s\", but server_name is \"%s\"; make them agree",
		    key, id_server(*user), server);
	return 0;
}

/* Each as a full id, with a blank between two. */
static int
full_staff(const struct parser *p, struct place at, char **users, struct err *reterr)
{
	const struct config *c = &p->config;
	autobuf struct buf all = { 0 };
	struct err why = { "" };
	int r = 0;

	for (char *next = *users; next != NULL && r == 0;) {
		char *one = NULL, *name = strsep(&next, CONFIG_BETWEEN);

		if (*name == '\0')
			continue;
		if ((one = strdup(name)) == NULL)
			return err_set(reterr, -ENOMEM, "out of memory");
		if ((r = full_user(p, at, "staff_users", true, &one, reterr)) == 0 && (!strcmp(one, c->node_user) || !strcmp(one, c->steward_user)))
			r = complain(p, at, reterr, "staff_users: %s is one of the node's own accounts; name those of people", one);
		if (r == 0 && buf_printf(&all, "%s%s", all.len > 0 ? " " : "", one) != 0)
			r = err_set(reterr, -ENOMEM, "out of memory");
		free(one);
	}
	if (r != 0 || *users == NULL)
		return r;
	if (config_value_text(all.data, &why) != 0)
		return complain(p, at, reterr, "staff_users: with full ids %s", why.text);
	free(*users);
	return (*users = strdup(all.data)) != NULL ? 0 : err_set(reterr, -ENOMEM, "out of memory");
}

static int
check_users(struct parser *p, struct err *reterr)
{
	struct config *c = &p->config;
	int r;

	r = full_user(p, SEEN(p, node_user), "node_user", false, &c->node_user, reterr);
	if (r == 0)
		r = full_user(p, SEEN(p, steward_user), "steward_user", false, &c->steward_user, reterr);
	if (r == 0)
		r = full_user(p, SEEN(p, recovery_user), "recovery_user", true, &c->recovery_user, reterr);
	if (r == 0)
		r = full_user(p, SEEN(p, on_call_user), "on_call_user", true, &c->on_call_user, reterr);
	if (r == 0)
		r = full_staff(p, SEEN(p, staff_users), &c->staff_users, reterr);
	if (r != 0)
		return r;
	if (strcmp(c->node_user, c->steward_user) == 0)
		return complain(p, SEEN(p, steward_user), reterr, "steward_user is the same account as node_user; "
		    "make a second account for it");
	if (c->recovery_user != NULL &&
	    (strcmp(c->recovery_user, c->node_user) == 0 || strcmp(c->recovery_user, c->steward_user) == 0))
		return complain(p, SEEN(p, recovery_user), reterr, "recovery_user is one of the node's own accounts; "
		    "make a third account for it and keep it offline");
	return 0;
}

static int
check_whole(struct parser *p, struct err *reterr)
{
	struct config *c = &p->config;
	struct err why = { "" };
	int r;

	for (size_t i = 0; i < nelem(keys); i++)
		if (keys[i].required && p->seen[i].line == 0)
			return complain(p, (struct place){ 0, 0 }, reterr, "%s is missing; add a line %s = ...",
			    keys[i].name, keys[i].name);

	if (strncmp(c->homeserver, "http://", 7) == 0) {
		if (!config_value_loopback(c->homeserver + 7))
			return complain(p, SEEN(p, homeserver), reterr, "http:// is not encrypted and works only for "
			    "a homeserver on this machine; write https://");
		if (!c->homeserver_loopback_http)
			return complain(p, SEEN(p, homeserver), reterr, "http:// is not encrypted; write https://, "
			    "or for a trial on this machine add homeserver_loopback_http = yes");
	}
	r = check_users(p, reterr);
	if (r != 0)
		return r;

	if (c->admin_socket == NULL) {
		if (asprintf(&c->admin_socket, "%s/admin.sock", c->state_dir) < 0) {
			c->admin_socket = NULL;
			return err_set(reterr, -ENOMEM, "out of memory");
		}
		if (config_value_socket(c->admin_socket, &why) != 0)
			return complain(p, SEEN(p, state_dir), reterr, "state_dir is too long for a socket in it; "
			    "set admin_socket to a path of at most 107 bytes");
	}
	return 0;
}

int
config_parse(const char *name, const char *text, size_t len, struct config *ret, struct err *reterr)
{
	struct parser p = { .file = name, .config = { .log_level = LOG_LEVEL_INFO,
	    .keep_messages = MESSAGES_DAYS, .keep_referrals = REFERRALS_DAYS, .keep_legal = LEGAL_DAYS, .keep_audit = LEGAL_DAYS,
	    .keep_book = LEGAL_DAYS } };
	autofree char *copy = NULL;
	char *line, *next;
	unsigned number = 1;
	int r;

	if (len > FILE_MAX)
		return complain(&p, (struct place){ 0, 0 }, reterr,
		    "the file has more than %d bytes; is it the right one?", FILE_MAX);
	r = check_bytes(&p, text, len, reterr);
	if (r != 0)
		return r;
	copy = strndup(text, len);
	if (copy == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	for (line = copy; r == 0 && line != NULL; line = next, number++) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		r = parse_line(&p, number, line, reterr);
	}
	if (r == 0)
		r = check_whole(&p, reterr);
	if (r != 0) {
		config_free(&p.config);
		return r;
	}
	*ret = p.config;
	return 0;
}

int
config_load(const char *path, struct config *ret, struct err *reterr)
{
	autofree char *text = malloc(FILE_MAX + 1);
	size_t len = 0;
	ssize_t n = 1;
	int fd, saved;

	if (text == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(reterr, -errno, "cannot read %s: %s", path, strerror(errno));
	while (len < FILE_MAX + 1 && n > 0) {
		n = read(fd, text + len, FILE_MAX + 1 - len);
		if (n > 0)
			len += (size_t)n;
	}
	saved = errno;
	(void)close(fd);
	if (n < 0)
		return err_set(reterr, -saved, "cannot read %s: %s", path, strerror(saved));
	return config_parse(path, text, len, ret, reterr);
}

void
config_free(struct config *c)
{
	for (size_t i = 0; i < nelem(keys); i++)
		if (keys[i].kind == TEXT) {
			free(*slot(c, i));
			*slot(c, i) = NULL;
		}
}
