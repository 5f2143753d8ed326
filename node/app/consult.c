/* SPDX-License-Identifier: Apache-2.0 */
#include "consult.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bans.h"
#include "base/canon.h"
#include "base/id.h"
#include "domain/report.h"
#include "domain/trust.h"
#include "store/audit.h"
#include "store/bookstore.h"
#include "store/peoplestore.h"

enum { ASKED_MAX = 500, ANSWERS_MAX = 9, TEXT_MAX = 500, TELL_TURN = 4, PAGE_MAX = 30000 };

static bool
is_text(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) >= 1 && json_string_length(value) <= TEXT_MAX;
}

/* 0, or what is wrong with the file. */
static int
check(struct app *app, const json_t *doc, struct err *reterr)
{
	const json_t *answers = json_arr(doc, "answers"), *asked = json_arr(doc, "specialists");
	int r;

	if (!is_text(json_object_get(doc, "question")))
		return err_set(reterr, E_BAD, "question: words are wanted, at most %d bytes", TEXT_MAX);
	if (json_array_size(answers) < 2 || json_array_size(answers) > ANSWERS_MAX)
		return err_set(reterr, E_BAD, "answers: between 2 and %d are wanted, to choose from", ANSWERS_MAX);
	for (size_t i = 0; i < json_array_size(answers); i++)
		if (!is_text(json_array_get(answers, i)))
			return err_set(reterr, E_BAD, "answers[%zu]: words are wanted, at most %d bytes", i, TEXT_MAX);
	if (json_array_size(asked) < REPORT_LEAST || json_array_size(asked) > ASKED_MAX)
		return err_set(reterr, E_BAD, "specialists: between %d and %d are wanted: of fewer nothing may be told", REPORT_LEAST, ASKED_MAX);
	for (size_t i = 0; i < json_array_size(asked); i++) {
		const char *user = json_string_value(json_array_get(asked, i));

		if (user == NULL || !id_is_user(user) || trust_org_by_node(app->trust, user) != NULL || !strcmp(user, app->cfg->node_user) ||
		    !strcmp(user, app->cfg->steward_user))
			return err_set(reterr, E_BAD, "specialists[%zu]: a person's Matrix user id is wanted, such as @rosa:example.org", i);
		for (size_t k = 0; k < i; k++)
			if (json_equal(json_array_get(asked, i), json_array_get(asked, k)))
				return err_set(reterr, E_BAD, "specialists[%zu]: they are named twice", i);
		if ((r = bans_refuse(app, user, NULL, reterr)) != 0)
			return r;
	}
	return 0;
}

static int
put_question(const json_t *body, const char *organization, struct buf *out)
{
	const json_t *answers = json_arr(body, "answers");
	int r = buf_printf(out, "%s asks all its specialists:\n%s\n", organization, json_str(body, "question"));

	for (size_t i = 0; i < json_array_size(answers) && r == 0; i++)
		r = buf_printf(out, "%zu. %s\n", i + 1, json_string_value(json_array_get(answers, i)));
	return r != 0 ? r : buf_puts(out, "To answer, write the number, and words if you like, for example: !answer 1 because it suits families. Nobody is told who said what. "
	    "Counts below 5 are not shown, words only if five people or more wrote some, and the result is told to all who were asked.");
}

int
consult_ask(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const json_t *doc = json_obj(args, "document"), *asked = json_arr(doc, "specialists");
	autobuf struct buf text = { 0 };
	autoconsult struct consult open = { 0 };
	char id[ID_LEN + 1];
	struct consult c = { .id = id, .at = app_now(app) };
	int r = check(app, doc, reterr);

	if (r != 0)
		return r;
	if ((r = consult_open(app->db, &open)) == 0)
		return err_next(reterr, err_set(reterr, E_REFUSED, "another question is open: one at a time, so that each answer is to one"), "cairn consult close CONSULT");
	if (r != E_NOTFOUND)
		return r;
	id_new(app->world, id);
	c.body = json_pack("{s:O, s:O, s:I}", "question", json_object_get(doc, "question"), "answers", json_object_get(doc, "answers"), "asked",
	    (json_int_t)json_array_size(asked));
	if (c.body == NULL)
		return -ENOMEM;
	if ((r = put_question(c.body, app->cfg->organization, &text)) == 0)
		r = consult_put(app->db, &c);
	json_decref(c.body);
	for (size_t i = 0; i < json_array_size(asked) && r == 0; i++) {
		int64_t pid;

		if ((r = person_id(app->db, json_string_value(json_array_get(asked, i)), &pid)) == 0 && (r = voice_put(app->db, id, pid, NULL)) == 0)
			r = talk_say(app, pid, text.data);
	}
	if (r != 0 || (r = audit_add(app->db, app_now(app), actor, "consult", id, NULL)) != 0)
		return r;
	*ret = json_pack("{s:s, s:I, s:s}", "id", id, "asked", (json_int_t)json_array_size(asked), "text", "they are asked in their chats");
	return *ret != NULL ? 0 : -ENOMEM;
}

struct mine {
	int64_t	pid;
	bool	asked;
};

static int
was_asked(void *cookie, int64_t pid, const json_t *body)
{
	struct mine *m = cookie;

	(void)body;
	m->asked = m->asked || pid == m->pid;
	return 0;
}

/* The question that is open, if they are asked; else E_NOTFOUND. */
static int
open_for(struct talk *t, struct consult *ret)
{
	struct mine m = { .pid = t->pid };
	int r = consult_open(t->app->db, ret);

	if (r == 0)
		r = voice_each(t->app->db, ret->id, was_asked, &m);
	return r != 0 || m.asked ? r : E_NOTFOUND;
}

int
consult_number(struct talk *t, const char *words)
{
	autoconsult struct consult c = { 0 };
	int r;

	if (*words < '1' || *words > '9' || words[1 + strspn(words + 1, " .)\r\n\t")] != '\0')
		return E_NOTFOUND;
	if ((r = open_for(t, &c)) != 0)
		return r;
	if ((size_t)(*words - '0') > json_array_size(json_arr(t->state, "found")))
		return consult_answer(t, words);
	t->took = t->quiet = true;
	return buf_printf(&t->say, "Two things may be meant. Write !answer %c to answer the question that you were asked, or !refer %c to ask number %c of the list for support.",
	    *words, *words, *words);
}

int
consult_answer(struct talk *t, const char *words)
{
	autoconsult struct consult c = { 0 };
	autojson json_t *body = NULL;
	char *end;
	unsigned long n = strtoul(words, &end, 10);
	int r = open_for(t, &c);

	if (r < 0)
		return r;
	if (r > 0)
		return buf_puts(&t->say, "Nothing is asked of you now. !help shows what you can write.");
	if (*words < '1' || *words > '9' || n > json_array_size(json_arr(c.body, "answers")) || (*end != '\0' && strchr(" .,:;)\r\n\t", *end) == NULL))
		return (r = buf_puts(&t->say, "Which of them? Write its number.\n")) != 0 ? r : put_question(c.body, t->app->cfg->organization, &t->say);
	end += strspn(end, " .,:;)\r\n\t");
	if (strlen(end) > TEXT_MAX)
		return buf_printf(&t->say, "At most %d characters go with an answer; nothing is kept of this one. Please write it shorter.", TEXT_MAX);
	body = json_pack("{s:I, s:s*}", "choice", (json_int_t)n - 1, "words", *end != '\0' ? end : NULL);
	if (body == NULL)
		return -ENOMEM;
	if ((r = voice_put(t->app->db, c.id, t->pid, body)) != 0)
		return r;
	t->took = t->quiet = true;	/* Nobody is told who said what: it is not among the messages. */
	return buf_printf(&t->say, "Thank you: %s. Until the question is closed you may answer anew; the last one counts.",
	    json_string_value(json_array_get(json_arr(c.body, "answers"), n - 1)));
}

struct counting {
	struct report_row rows[ANSWERS_MAX];
	size_t	 n;
	json_t	*words;
};

static int
count(void *cookie, int64_t pid, const json_t *body)
{
	struct counting *c = cookie;
	long long choice = json_int(body, "choice", -1);

	(void)pid;
	if (choice < 0 || choice >= (long long)c->n)
		return 0;
	c->rows[choice].count++;
	return json_object_get(body, "words") != NULL && json_array_append(c->words, json_object_get(body, "words")) != 0 ? -ENOMEM : 0;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

/* In an order that says nothing of who wrote first. */
static json_t *
sorted(const json_t *words)
{
	size_t n = json_array_size(words);
	autofree json_t **all = calloc(n + 1, sizeof(json_t *));
	json_t *ret = all != NULL ? json_array() : NULL;

	for (size_t i = 0; i < n && ret != NULL; i++)
		all[i] = json_array_get(words, i);
	if (ret != NULL)
		qsort(all, n, sizeof(json_t *), by_text);
	for (size_t i = 0; i < n && ret != NULL; i++)
		(void)json_array_append(ret, all[i]);
	return ret;
}

/* {counts: [{answer, people}], hidden, words}; or a note that nothing may be told. */
static int
result_of(struct app *app, const struct consult *c, json_t **ret)
{
	struct counting k = { .n = json_array_size(json_arr(c->body, "answers")), .words = json_array() };
	struct report_row rows[ANSWERS_MAX];
	size_t at[ANSWERS_MAX], n = 0;
	json_t *counts = json_array(), *words = NULL;
	bool hidden = false;
	int r = k.words == NULL || counts == NULL ? -ENOMEM : voice_each(app->db, c->id, count, &k);

	for (size_t i = 0; i < k.n; i++)
		if (k.rows[i].count > 0) {
			rows[n] = k.rows[i];
			at[n++] = i;
		}
	if (r == 0)
		r = n == 0 ? E_REFUSED : report_hide(rows, n);	/* Fewer than REPORT_LEAST in all are refused there. */
	for (size_t i = 0; i < n && r == 0; i++) {
		hidden = hidden || rows[i].hidden;
		if (!rows[i].hidden && json_array_append_new(counts, json_pack("{s:O, s:I}", "answer", json_array_get(json_arr(c->body, "answers"), at[i]), "people",
		    (json_int_t)rows[i].count)) != 0)
			r = -ENOMEM;
	}
	if (r == E_REFUSED) {
		*ret = json_pack("{s:s}", "note", "too few answered, or too much alike, to tell anything of it without telling who");
		r = *ret != NULL ? 0 : -ENOMEM;
	} else if (r == 0) {
		words = json_array_size(k.words) >= REPORT_LEAST ? sorted(k.words) : NULL;
		*ret = json_pack("{s:O, s:b, s:o*}", "counts", counts, "some_hidden", (int)hidden, "words", words);
		r = *ret != NULL ? 0 : -ENOMEM;
	}
	json_decref(k.words);
	json_decref(counts);
	return r;
}

static int
put_result(const json_t *body, struct buf *out)
{
	const json_t *result = json_obj(body, "result"), *row;
	size_t i;
	int r = buf_printf(out, "You were asked: %s\n", json_str(body, "question"));

	if (r == 0 && json_str(result, "note") != NULL)
		return buf_printf(out, "The result: %s.", json_str(result, "note"));
	json_array_foreach(json_arr(result, "counts"), i, row)
		if (r == 0)
			r = buf_printf(out, "%s: %lld\n", json_str(row, "answer"), json_int(row, "people", 0));
	if (r == 0 && json_is_true(json_object_get(result, "some_hidden")))
		r = buf_puts(out, "Some are not shown: fewer than 5, or what would tell of fewer than 5.\n");
	json_array_foreach(json_arr(result, "words"), i, row)
		if (r == 0)
			r = buf_printf(out, "- %s\n", json_string_value(row));
	return r;
}

/* Bytes of the text as it is in an event's JSON. */
static size_t
weight(const char *text, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (unsigned char)text[i] < 0x20 && text[i] != '\n' ? 6 : text[i] == '\n' || text[i] == '"' || text[i] == '\\' ? 2 : 1;
	return sum;
}

/* How much of it goes into one message: whole lines, of which each is far shorter. */
static size_t
page_of(const char *text)
{
	size_t all = 0, line, sum = 0;

	for (; text[all] != '\0'; all += line) {
		line = strcspn(text + all, "\n");
		line += text[all + line] == '\n';
		if ((sum += weight(text + all, line)) > PAGE_MAX && all > 0)
			break;
	}
	return all;
}

/* Tell one who was asked what came of it, in as many messages as it takes. */
static int
tell(struct app *app, const struct consult *c, int64_t pid)
{
	autobuf struct buf text = { 0 };
	size_t n = 0, len;
	int r = put_result(c->body, &text);

	for (const char *p = text.data; r == 0 && *p != '\0'; p += len, n++) {
		autobuf struct buf page = { 0 };

		len = page_of(p);
		if ((r = n == 0 ? 0 : buf_printf(&page, "What came of the question, part %zu:\n", n + 1)) == 0 && (r = buf_printf(&page, "%.*s", (int)len, p)) == 0)
			r = talk_say(app, pid, page.data);
	}
	return r;
}

int
consult_step(struct app *app, bool *ret_more)
{
	int r = 0;

	for (int i = 0; i < TELL_TURN && r == 0; i++) {
		autoconsult struct consult c = { 0 };
		autofree char *id = NULL;
		int64_t pid;

		if ((r = voice_untold(app->db, &id, &pid)) != 0)
			return r == E_NOTFOUND ? 0 : r;
		if ((r = consult_get(app->db, id, &c)) == 0 && (r = tell(app, &c, pid)) == 0)
			r = voice_told(app->db, id, pid);
	}
	*ret_more = true;
	return r;
}

static int
need(struct app *app, const json_t *args, struct consult *ret, struct err *reterr)
{
	int r = json_str(args, "consult") != NULL ? consult_get(app->db, json_str(args, "consult"), ret) : consult_open(app->db, ret);

	return r == E_NOTFOUND ? err_set(reterr, r, json_str(args, "consult") != NULL ? "no question has this id" : "no question is open now") : r;
}

int
consult_close(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autoconsult struct consult c = { 0 };
	json_t *result = NULL;
	int r = need(app, args, &c, reterr);

	if (r != 0)
		return r;
	if (c.closed != 0)
		return err_set(reterr, E_EXISTS, "this question is closed already; cairn consult show has the result");
	if ((r = result_of(app, &c, &result)) != 0)
		return r;
	if (json_object_set_new(c.body, "result", result) != 0)
		return -ENOMEM;
	c.closed = app_now(app);
	/* What each said is needed no more; whom to tell, until they are told (consult_step). */
	if ((r = consult_put(app->db, &c)) != 0 || (r = voice_drop(app->db, c.id)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "consult close", c.id, NULL)) != 0)
		return r;
	if (json_object_set_new(c.body, "id", json_string(c.id)) != 0)
		return -ENOMEM;
	*ret = json_incref(c.body);
	return 0;
}

int
consult_show(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autoconsult struct consult c = { 0 };
	int r = need(app, args, &c, reterr);

	if (r != 0 || (r = audit_add(app->db, app_now(app), actor, "consult show", c.id, NULL)) != 0)
		return r;
	/* What is counted before the end would tell, by its changes, who answered what. */
	if (c.closed == 0 && json_object_set_new(c.body, "note", json_string("still open; the result is shown when it is closed")) != 0)
		return -ENOMEM;
	if (json_object_set_new(c.body, "id", json_string(c.id)) != 0)
		return -ENOMEM;
	*ret = json_incref(c.body);
	return 0;
}
