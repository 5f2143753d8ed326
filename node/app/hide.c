/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/fields.h"
#include "hide.h"
#include "store/dirstore.h"
#include "store/feedstore.h"
#include "store/peoplestore.h"

#define PLACES	"hidden_places"	/* meta, sealed: what our records hide, as far as it can be told in another's; "": nothing. */

struct hiding {
	struct app	*app;
	json_t		*places;
	unsigned	 n;
};

/* What a file said of a record before something of it became confidential; NULL if that is not known. */
static int
said(struct db *db, const char *source, json_t **ret)
{
	autofree char *text = NULL;
	int r = source != NULL ? feed_base(db, source, &text) : E_NOTFOUND;

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	return canon_stored(text, ret);
}

static int
gather(void *cookie, const struct own_record *rec)
{
	struct hiding *h = cookie;
	autojson json_t *body = NULL, *was = NULL;
	int r;

	/* Most records hide nothing. */
	if (strstr(rec->body, "\"redacted\"") == NULL)
		return 0;
	if ((r = canon_stored(rec->body, &body)) != 0)
		return r;
	return (r = said(h->app->db, rec->source, &was)) != 0 ? r : fields_hidden(body, was, h->places);
}

static int
hide(void *cookie, const struct own_record *rec)
{
	struct hiding *h = cookie;
	struct own_record changed = *rec;
	autojson json_t *body = NULL;
	autofree char *text = NULL;
	unsigned n = 0;
	int r = canon_stored(rec->body, &body);

	if (r != 0)
		return r;
	if ((r = fields_hide_any(h->places, body, &n)) != 0 || n == 0)
		return r;
	if ((r = canon_text(body, &text, NULL)) != 0)
		return r;
	h->n += n;
	changed.body = text;
	changed.dirty |= OWN_CHANGED;
	return own_put(h->app->db, &changed);
}

/* For partners' records a name alone, in no town, says too little: many have a "Main office". */
static int
keep(struct app *app, const json_t *places)
{
	autojson json_t *known = json_array();
	autofree char *text = NULL;
	json_t *place;
	size_t i;
	int r;

	json_array_foreach((json_t *)(uintptr_t)places, i, place)
		if ((json_str(place, "address") != NULL || json_str(place, "locality") != NULL || json_object_get(place, "latitude_e6") != NULL) &&
		    json_array_append(known, place) != 0)
			return -ENOMEM;
	if (known == NULL)
		return -ENOMEM;
	if (json_array_size(known) > 0 && (r = canon_text(known, &text, NULL)) != 0)
		return r;
	return meta_put(app->db, PLACES, text != NULL ? text : "", true);
}

int
hide_partners(struct app *app, json_t *body)
{
	autofree char *text = NULL;
	autojson json_t *places = NULL;
	unsigned n;
	int r = fields_place(body) ? meta_get(app->db, PLACES, true, &text) : E_NOTFOUND;

	if (r != 0 || *text == '\0')
		return r == E_NOTFOUND ? 0 : r;
	return (r = canon_stored(text, &places)) != 0 ? r : fields_hide_any(places, body, &n);
}

int
hide_everywhere(struct app *app, unsigned *ret_n)
{
	autojson json_t *places = json_array();
	struct hiding h = { .app = app, .places = places };
	int r = places != NULL ? own_each(app->db, NULL, gather, &h) : -ENOMEM;

	if (r == 0 && json_array_size(places) > 0)
		r = own_each(app->db, NULL, hide, &h);
	if (r == 0)
		r = keep(app, places);
	if (r == 0)
		*ret_n = h.n;
	return r;
}
