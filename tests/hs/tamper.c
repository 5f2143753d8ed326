/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/canon.h"
#include "tamper.h"

/*
 * Spoiling: the tree is printed again, with other text in one place.
 */

enum kind { MISSING, DUPLICATE, DEEP, WIDE, LONG, FIRST_WORD };

static const char *const special[] = { "missing", "twice", "deep", "wide", "long" };
static const char *const words[] = {
	"null", "true", "0", "-1", "1.5", "9007199254740992", "9223372036854775808", "1e400", "-1e-400",
	"\"\"", "\"x\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\u202e\\u001b[2J\"", "{}", "[]", "[[]]", "[null]",
	"{\"\":null}", "{\"a\\u0000b\":{}}",
};

enum { KINDS = FIRST_WORD + 20, DEEP_BY = 500, WIDE_BY = 5000, LONG_BY = 70000 };

struct printer {
	struct buf	 out;
	size_t		 at, place;	/* Places passed; the one that is spoilt. */
	int		 kind;
	char		*what;
	char		 path[TAMPER_WHAT - 40];
};

size_t
tamper_parts(const json_t *json)
{
	size_t n = 1, i;
	const char *key;
	json_t *item;

	json_object_foreach((json_t *)json, key, item)
		n += tamper_parts(item);
	json_array_foreach(json, i, item)
		n += tamper_parts(item);
	return n;
}

size_t
tamper_count(const json_t *json)
{
	return tamper_parts(json) * KINDS;
}

static void
put(struct printer *p, const char *text)
{
	if (buf_puts(&p->out, text) != 0)
		abort();
}

static void
put_times(struct printer *p, const char *first, const char *text, const char *last, size_t n)
{
	put(p, first);
	for (size_t i = 0; i < n; i++)
		put(p, text);
	put(p, last);
}

static void	print(struct printer *, const json_t *);

static void
spoil(struct printer *p, const json_t *json)
{
	autofree char *text = NULL;

	switch (p->kind) {
	case MISSING:
		break;
	case DUPLICATE:
		text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
		put(p, text);
		break;
	case DEEP:
		put_times(p, "", "[", "", DEEP_BY);
		put_times(p, "", "]", "", DEEP_BY);
		break;
	case WIDE:
		put_times(p, "[{}", ",{}", "]", WIDE_BY);
		break;
	case LONG:
		put_times(p, "\"", "A", "\"", LONG_BY);
		break;
	default:
		put(p, words[p->kind - FIRST_WORD]);
	}
}

/* ${name} is the member's, or NULL for an item of a list. */
static void
print_part(struct printer *p, const char *name, const json_t *json, bool *first)
{
	autojson json_t *key = name != NULL ? json_string(name) : NULL;
	autofree char *quoted = name != NULL ? json_dumps(key, JSON_ENCODE_ANY) : NULL;
	bool here = p->at == p->place;
	size_t len = strlen(p->path);

	if (here && p->kind == MISSING) {
		p->at += tamper_parts(json);
		(void)snprintf(p->what, TAMPER_WHAT, "%s/%s missing", p->path, name != NULL ? name : "0");
		return;
	}
	for (int times = here && p->kind == DUPLICATE && name != NULL ? 2 : 1; times > 0; times--) {
		put(p, *first ? "" : ",");
		*first = false;
		if (quoted != NULL) {
			put(p, quoted);
			put(p, ":");
		}
		if (times == 2)
			spoil(p, json);
	}
	(void)snprintf(p->path + len, sizeof(p->path) - len, "/%.20s", name != NULL ? name : "0");
	print(p, json);
	p->path[len] = '\0';
}

static void
print(struct printer *p, const json_t *json)
{
	autofree char *text = NULL;
	const char *key;
	json_t *item;
	bool first = true;
	size_t i;

	if (p->at++ == p->place) {
		(void)snprintf(p->what, TAMPER_WHAT, "%s %s", *p->path != '\0' ? p->path : "/",
		    p->kind < FIRST_WORD ? special[p->kind] : words[p->kind - FIRST_WORD]);
		spoil(p, json);
		p->at += tamper_parts(json) - 1;
		return;
	}
	if (json_is_object(json)) {
		put(p, "{");
		json_object_foreach((json_t *)json, key, item)
			print_part(p, key, item, &first);
		put(p, "}");
	} else if (json_is_array(json)) {
		put(p, "[");
		json_array_foreach(json, i, item)
			print_part(p, NULL, item, &first);
		put(p, "]");
	} else {
		text = json_dumps(json, JSON_ENCODE_ANY);
		put(p, text);
	}
}

char *
tamper_spoil(const json_t *json, size_t n, char *what)
{
	struct printer p = { .place = n / KINDS, .kind = (int)(n % KINDS), .what = what };

	_Static_assert(sizeof(words) / sizeof(*words) == KINDS - FIRST_WORD, "KINDS counts the words");
	print(&p, json);
	put(&p, "");
	return buf_take(&p.out);
}

/*
 * In place of the truth.
 */

bool
tamper_news(const json_t *truth)
{
	const json_t *rooms = json_obj(truth, "rooms"), *lists = json_obj(truth, "device_lists");

	return json_array_size(json_arr(json_obj(truth, "to_device"), "events")) > 0 ||
	    json_object_size(json_obj(rooms, "join")) > 0 || json_object_size(json_obj(rooms, "invite")) > 0 ||
	    json_object_size(json_obj(rooms, "leave")) > 0 || json_array_size(json_arr(lists, "changed")) > 0;
}

static int
serve(struct tamper *t, const struct hs_call *call, json_t **ret)
{
	struct host_node *n = &t->host->node[t->who];
	const char *account = !strcmp(call->user, n->user) ? "node" : "steward";
	autofree char *body = call->body != NULL ? json_dumps(call->body, JSON_COMPACT) : NULL;
	int status = 0;
	int64_t until;

	hs_script(t->host->hs, NULL);
	if (hs_request(t->host->hs, *call->user != '\0' ? json_str(n->tokens, account) : NULL, call->method,
	    call->path, body, HS_ENOUGH, &status, ret, &until) != HS_SERVE)
		host_fail(t->host, "the homeserver does not answer %s", call->path);
	t->host->changes++;
	if (t->sync != NULL && strstr(call->path, "/sync?") != NULL)
		t->sync(t, call->user, *ret);
	return status;
}

static enum hs_fate
judge(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct tamper *t = cookie;
	const struct host_node *n = &t->host->node[t->who];
	bool sync = t->part != NULL && !strcmp(t->part, "/sync?");
	autofree char *text = NULL;
	autojson json_t *truth = NULL;
	int status = 200;

	if (sync && !strcmp(call->user, n->steward) && strstr(call->path, t->part) != NULL) {
		*ret_status = 502;
		*ret_body = json_object();
		return HS_SAY;
	}
	if (t->part == NULL || strstr(call->path, t->part) == NULL ||
	    (strcmp(call->user, n->user) != 0 && *call->user != '\0'))
		return HS_SERVE;
	t->met++;
	(void)snprintf(t->path, sizeof(t->path), "%s", call->path);
	if (!t->unserved) {
		status = serve(t, call, &truth);
		tamper_set(t);
		json_decref(t->truth);
		t->truth = json_incref(truth);
	}
	text = t->alter != NULL ? t->alter(t, truth) : NULL;
	*ret_status = text != NULL && t->status != 0 ? t->status : status;
	if (text != NULL) {
		t->told++;
		*ret_body = json_string_nocheck(text);
	} else if (sync && !tamper_news(truth)) {
		*ret_status = 502;
		*ret_body = json_object();
	} else
		*ret_body = json_incref(truth);
	return HS_SAY;
}

void
tamper_set(struct tamper *t)
{
	hs_script(t->host->hs, &(struct hs_script){ .request = judge, .sync = t->sync, .cookie = t });
}

void
tamper_end(struct tamper *t)
{
	hs_script(t->host->hs, NULL);
	json_decref(t->truth);
	t->truth = NULL;
}

void
tamper_since(const struct tamper *t, char *to, size_t n)
{
	const char *since = strstr(t->path, "since=");

	since = since != NULL ? since + strlen("since=") : "";
	(void)snprintf(to, n, "%.*s", (int)strcspn(since, "&"), since);
}

void
tamper_wait(struct host *h, int64_t ms)
{
	*h->now += ms;
	host_settle(h);
}

int64_t
tamper_written(const struct host *h, size_t i)
{
	static const char *const names[] = { "cairn.db", "cairn.db-wal" };
	int64_t last = 0;

	for (size_t k = 0; k < nelem(names); k++) {
		char path[PATH_MAX + 60];
		struct stat st;

		(void)snprintf(path, sizeof(path), "%s/%s/%s", h->dir, h->node[i].name, names[k]);
		/* The clock of files is coarse; what is added to one counts too. */
		if (stat(path, &st) == 0)
			last += st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec + st.st_size;
	}
	return last;
}
