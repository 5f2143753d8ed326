/* SPDX-License-Identifier: Apache-2.0 */
#include "lifeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/crisis.h"
#include "domain/fields.h"
#include "store/dirstore.h"
#include "talk.h"
#include "zones.h"

enum { LINES = 32 };		/* More nobody reads; a message has its limit. */

struct line {
	char			*text;
	enum crisis_open	 open;
	size_t			 n;
};

struct lines {
	struct app		*app;
	struct zones		 zones;
	struct line		*line;
	size_t			 n;
	bool			 sure;		/* One answers now, and was tried as it was due. */
};

static void
free_lines(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i].text);
	free(l->line);
	zones_free(&l->zones);
}

static const struct zone *
get_zone(void *cookie, const char *name)
{
	return zone_is_name(name) ? zones_get(cookie, name) : NULL;
}

/* "day and night"; "open now, until 22:00, New York time"; "closed now, opens tomorrow at 08:00, New York time". */
static int
say_open(struct lines *l, const struct crisis_hours *h, struct buf *out)
{
	const struct zone *zone = h->at > 0 ? zones_get(&l->zones, h->zone) : NULL;
	const char *town = h->zone != NULL && strrchr(h->zone, '/') != NULL ? strrchr(h->zone, '/') + 1 : h->zone;
	char when[CRISIS_WHEN];
	size_t from = out->len;
	int r;

	if (h->always)
		return buf_puts(out, "day and night");
	if (h->open == CRISIS_UNSAID)
		return buf_puts(out, "not day and night, perhaps closed now");
	if (zone == NULL)
		return buf_puts(out, h->open == CRISIS_OPEN ? "open now" : "closed now");
	(void)crisis_when(h->at, app_now(l->app), zone, when);
	if (h->open == CRISIS_OPEN)
		r = buf_printf(out, "open now, until %s, %s time", strncmp(when, "at ", 3) == 0 ? when + 3 : when, town);
	else
		r = buf_printf(out, "closed now, opens %s, %s time", when, town);
	for (size_t i = from; i < out->len; i++)
		out->data[i] = (char)(out->data[i] == '_' ? ' ' : out->data[i]);
	return r;
}

/* "; for veterans; in Spanish", of what is said. */
static int
say_whom(const json_t *way, const json_t *body, struct buf *out)
{
	const char *audience = json_str(way, "audience");
	const json_t *languages = json_arr(way, "languages") != NULL ? json_arr(way, "languages") : json_arr(body, "languages");
	char word[64], tag[3];
	json_t *item;
	size_t i;
	int r = 0;

	if (audience != NULL && strcmp(audience, "anyone") != 0)
		r = buf_printf(out, "; for %s", talk_plainly(audience, word));
	json_array_foreach(languages, i, item) {
		const char *text = json_string_value(item) != NULL ? json_string_value(item) : "";

		/* Spanish, wherever it is spoken. */
		(void)snprintf(tag, sizeof(tag), "%s", text);
		if (r == 0)
			r = buf_printf(out, "%s%s", i == 0 ? "; in " : i + 1 < json_array_size(languages) ? ", " : " and ",
			    talk_plainly(text[strcspn(text, "-")] == '-' && strcspn(text, "-") == 2 ? tag : text, word));
	}
	return r;
}

static int
say_way(struct lines *l, const json_t *body, const json_t *way, bool old, struct line *ret)
{
	autobuf struct buf out = { 0 };
	const char *option = json_str(way, "option"), *audience = json_str(way, "audience");
	struct crisis_hours h = { .zone = NULL };
	int r;

	crisis_open(way, app_now(l->app), get_zone, &l->zones, &h);
	if ((r = buf_printf(&out, "%s: %s %s - ", json_str(body, "name"), json_str(way, "how"), json_str(way, "value"))) != 0 ||
	    (r = say_open(l, &h, &out)) != 0 || (r = say_whom(way, body, &out)) != 0 || (r = buf_puts(&out, ".")) != 0 ||
	    (r = option != NULL ? buf_printf(&out, " %s", option) : 0) != 0 ||
	    (r = old ? buf_puts(&out, " Not checked lately: if nobody answers, try another number.") : 0) != 0)
		return r;
	talk_one_line(&out, 0);
	*ret = (struct line){ .open = h.open, .n = l->n };
	l->sure |= h.open == CRISIS_OPEN && !old && (audience == NULL || strcmp(audience, "anyone") == 0);
	return (ret->text = buf_take(&out)) != NULL ? 0 : -ENOMEM;
}

static int
add_ways(struct lines *l, const json_t *body)
{
	bool old = fields_aged("crisis_line", body, app_now(l->app), NULL) != 0;
	json_t *way;
	size_t i;
	int r;

	json_array_foreach(json_arr(body, "ways"), i, way) {
		struct line *more = realloc(l->line, (l->n + 1) * sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		l->line = more;
		if ((r = say_way(l, body, way, old, &l->line[l->n])) != 0)
			return r;
		l->n++;
	}
	return 0;
}

static int
add_record(void *cookie, const struct own_record *rec)
{
	autojson json_t *body = NULL;
	int r = canon_stored(rec->body, &body);

	return r != 0 ? r : add_ways(cookie, body);
}

/* Whoever answers now comes first, then who may; the order is else as it was. */
static int
by_open(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->open != y->open ? (x->open > y->open) - (x->open < y->open) : (x->n > y->n) - (x->n < y->n);
}

static void
sort(struct lines *l)
{
	if (l->n > 1)
		qsort(l->line, l->n, sizeof(*l->line), by_open);
}

int
lifeline_say(struct app *app, struct buf *out)
{
	struct lines l = { .app = app, .sure = app->cfg->crisis_text != NULL };
	int r = app->cfg->crisis_text != NULL ? buf_printf(out, "\n%s", app->cfg->crisis_text) : 0;

	if (r == 0 && (r = own_each(app->db, "crisis_line", add_record, &l)) == 0 && !l.sure)
		r = buf_puts(out, "\nCall the emergency number of where you are.");
	sort(&l);
	for (size_t i = 0; i < l.n && i < LINES && r == 0; i++)
		r = buf_printf(out, "\n%s", l.line[i].text);
	free_lines(&l);
	return r;
}

int
lifeline_words(struct app *app, const char *kind, const json_t *body, json_t *list)
{
	struct lines l = { .app = app };
	int r = strcmp(kind, "crisis_line") == 0 ? add_ways(&l, body) : 0;

	sort(&l);
	for (size_t i = 0; i < l.n && r == 0; i++)
		r = json_array_insert_new(list, i, json_string(l.line[i].text)) != 0 ? -ENOMEM : 0;
	free_lines(&l);
	return r;
}

int
lifeline_row(struct app *app, const char *kind, const json_t *body, json_t *row)
{
	autojson json_t *list = json_array();
	int r = list != NULL ? lifeline_words(app, kind, body, list) : -ENOMEM;

	return r != 0 || json_array_size(list) == 0 ? r : json_object_set(row, "ways", list) != 0 ? -ENOMEM : 0;
}
