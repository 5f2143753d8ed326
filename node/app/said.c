/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/id.h"
#include "base/text.h"
#include "said.h"

enum { KEPT_MAX = 16 * 1024 };

/* What people send that is no words: by type of the event, or of the message. */
static const struct { const char *type, *what; } others[] = {
	{ "m.audio", "a voice message or a sound" },
	{ "m.image", "a picture" },
	{ "m.video", "a video" },
	{ "m.file", "a file" },
	{ "m.location", "a place" },
	{ "m.sticker", "a sticker" },
	{ "m.call.invite", "a call" },
	{ "m.reaction", "a reaction" },
	{ "m.poll.start", "a poll" },
	{ "org.matrix.msc3381.poll.start", "a poll" },
};

void
said_free(struct said *w)
{
	free(w->kept);
	free(w->said);
	json_decref(w->note);
	free(w->of);
	*w = (struct said){ 0 };
}

static const char *
or(const char *a, const char *b)
{
	return a != NULL ? a : b;
}

static const char *
other(const char *type)
{
	for (size_t i = 0; i < nelem(others); i++)
		if (!strcmp(others[i].type, type))
			return others[i].what;
	return NULL;
}

/* Clients of before 2025 repeat what they answer, each line behind "> ", and then an empty line. */
static const char *
without_quote(const json_t *content, const char *body)
{
	const char *p = body;

	if (json_obj(json_obj(content, "m.relates_to"), "m.in_reply_to") == NULL)
		return body;
	while (*p == '>' && p[1] == ' ') {
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	return p != body && *p == '\n' ? p + 1 : body;
}

/* All words of a note, so that danger is heard there too. */
static int
add_words(const json_t *value, struct buf *out)
{
	const char *key;
	json_t *item;
	size_t i;
	int r = json_is_string(value) ? buf_printf(out, "%s\n", json_string_value(value)) : 0;

	json_object_foreach((json_t *)(uintptr_t)value, key, item)
		r = r != 0 ? r : add_words(item, out);
	json_array_foreach(value, i, item)
		r = r != 0 ? r : add_words(item, out);
	return r;
}

/* Of a change: the note that it would change.  Messages of a node are no answer to one, whatever they show. */
static json_t *
note_of(const json_t *content, const json_t *changed)
{
	json_t *note = json_object_get(content, SAID_NOTE);

	return json_object_get(content, ID_NAMESPACE "id") != NULL ? NULL : note != NULL ? note : json_object_get(changed, SAID_NOTE);
}

int
said_read(const char *type, const json_t *content, struct said *ret)
{
	bool message = !strcmp(type, "m.room.message");
	const char *how = message ? or(json_str(content, "msgtype"), "m.text") : type, *body = json_str(content, "body"), *said;
	const json_t *changed = json_obj(content, "m.new_content"), *relates = json_obj(content, "m.relates_to");
	const char *what = other(how);
	bool readable = message && (!strcmp(how, "m.text") || !strcmp(how, "m.emote") || !strcmp(how, "m.notice"));
	struct said w = { .automatic = !strcmp(how, "m.notice") };
	autobuf struct buf all = { 0 };

	if (!message && what == NULL)
		return E_NOTFOUND;
	w.change = changed != NULL && json_str(changed, "body") != NULL && !strcmp(or(json_str(relates, "rel_type"), ""), "m.replace");
	body = w.change ? json_str(changed, "body") : body;
	readable = readable && body != NULL;
	body = or(body, "");
	said = without_quote(content, body);
	if (readable && (w.note = json_incref(note_of(content, w.change ? changed : NULL))) != NULL) {
		if (add_words(w.note, &all) != 0 || buf_puts(&all, body) != 0) {
			said_free(&w);
			return -ENOMEM;
		}
		said = body = or(all.data, "");
	}
	w.cut = body[text_fit(body, KEPT_MAX)] != '\0';
	if ((readable ? asprintf(&w.kept, "%s%.*s", w.change ? "* " : "", (int)text_fit(body, KEPT_MAX), body) :
	    asprintf(&w.kept, "[%s; it cannot be read here] %.*s", or(what, "nothing in words"), (int)text_fit(body, KEPT_MAX), body)) < 0)
		w.kept = NULL;
	if (w.change && id_is_event(json_str(relates, "event_id")) && (w.of = strdup(json_str(relates, "event_id"))) == NULL)
		free(take(w.kept));
	if (w.kept == NULL ||
	    (readable && (w.said = strndup(said, text_fit(said, KEPT_MAX))) == NULL)) {
		said_free(&w);
		return -ENOMEM;
	}
	*ret = w;
	return 0;
}

/* One character of UTF-8 and its length; a byte that begins none stands for itself. */
static size_t
next(const unsigned char *p, uint32_t *ret)
{
	if (*p >= 0xE0 && *p < 0xF0 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80) {
		*ret = (uint32_t)(*p & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
		return 3;
	}
	if (*p >= 0xC2 && *p < 0xE0 && (p[1] & 0xC0) == 0x80) {
		*ret = (uint32_t)(*p & 0x1F) << 6 | (p[1] & 0x3F);
		return 2;
	}
	*ret = *p;
	return 1;
}

static uint32_t
small(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
		return c + 32;
	return c >= 0x400 && c <= 0x40F ? c + 80 : c;
}

char *
said_fold(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	/* Nothing grows: what changes has two bytes as before, or one. */
	char *ret = malloc(strlen(text) + 1), *to = ret;
	uint32_t c;

	for (size_t n; ret != NULL && *p != '\0'; p += n) {
		n = next(p, &c);
		if (c < 0x80 ? isspace((int)c) : n > 1 && (c == 0xA0 || (c >= 0x2000 && c <= 0x200A))) {
			if (to > ret && to[-1] != ' ')
				*to++ = ' ';
		} else if (c == '`' || (n > 1 && (c == 0xB4 || c == 0x2018 || c == 0x2019)))
			*to++ = '\'';
		else if (n == 2) {
			*to++ = (char)(0xC0 | small(c) >> 6);
			*to++ = (char)(0x80 | (small(c) & 0x3F));
		} else if (c < 0x80)
			*to++ = (char)small(c);
		else {
			for (size_t i = 0; i < n; i++)
				*to++ = (char)p[i];
		}
	}
	if (ret != NULL)
		*to = '\0';
	return ret;
}

/* How many letters are alike from the beginning. */
static size_t
alike(const char *a, size_t na, const char *b, size_t nb)
{
	size_t i = 0;

	while (i < na && i < nb && tolower((unsigned char)a[i]) == tolower((unsigned char)b[i]))
		i++;
	return i;
}

bool
said_near(const char *word, size_t len, const char *name)
{
	size_t n = strlen(name), i = alike(word, len, name, n);
	const char *w = word + i, *m = name + i;
	size_t wl = len - i, ml = n - i;

	if (wl == 0 && ml == 0)
		return true;
	if (n < 3)
		return false;
	/* One left out, one too many, another one, or two exchanged. */
	if (ml == wl + 1)
		return alike(w, wl, m + 1, ml - 1) == wl;
	if (wl == ml + 1)
		return alike(w + 1, wl - 1, m, ml) == ml;
	if (wl != ml || wl == 0)
		return false;
	if (alike(w + 1, wl - 1, m + 1, ml - 1) == wl - 1)
		return true;
	return wl >= 2 && tolower((unsigned char)w[0]) == m[1] && tolower((unsigned char)w[1]) == m[0] && alike(w + 2, wl - 2, m + 2, ml - 2) == wl - 2;
}
