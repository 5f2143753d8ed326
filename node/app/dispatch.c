/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/id.h"
#include "crypt/envelope.h"
#include "dispatch.h"
#include "domain/trust.h"
#include "events.h"
#include "handlers.h"
#include "matrix/request.h"
#include "message.h"
#include "record.h"
#include "store/inbox.h"
#include "store/outbox.h"
#include "traffic.h"

#define TYPE_ACK	ID_NAMESPACE "referral.ack"
#define TYPE_REFUSED	ID_NAMESPACE "referral.refused"

/* A handler by its generated name, with the event's type forgotten. */
#define DISPATCH(wire, name)						\
static int								\
call_##name(struct app *app, const void *ev, const struct origin *origin) \
{									\
	return on_##name(app, ev, origin);				\
}
#include "handlers.inc"
#undef DISPATCH

/* One row an event type: the schema's descriptor and its handler. */
static const struct route {
	const char	*type;
	const struct ev_desc *desc;
	int		(*on)(struct app *, const void *, const struct origin *);
} routes[] = {
#define DISPATCH(wire, name) { wire, &ev_##name##_desc, call_##name },
#include "handlers.inc"
#undef DISPATCH
};

static const struct route *
find_route(const char *type)
{
	for (size_t i = 0; i < nelem(routes); i++)
		if (!strcmp(routes[i].type, type))
			return &routes[i];
	return NULL;
}

bool
dispatch_knows(const char *type)
{
	return find_route(type) != NULL || strcmp(type, DISPATCH_RECORD) == 0;
}

/* What says of a content that it came is said once and never answered, or two nodes would go on for ever. */
static bool
is_reply(const char *type)
{
	return strcmp(type, TYPE_ACK) == 0 || strcmp(type, TYPE_REFUSED) == 0;
}

/* A content id counts once for each partner: nobody can use up another's. */
static int
apply_once(struct app *app, const struct route *route, const char *id, const void *ev,
    const struct origin *origin)
{
	char key[64];
	int r;

	(void)snprintf(key, sizeof(key), "%.30s/%s", origin->org, id);
	r = inbox_seen(app->db, key);
	if (r == E_NOTFOUND && (r = route->on(app, ev, origin)) == 0)
		r = inbox_add(app->db, key, origin->pid, origin->room->room_id, route->type, "",
		    app_now(app));
	if (r == 0 && !is_reply(route->type))
		r = traffic_ack(app, origin->org, id);
	return r;
}

static int
from_partner(struct app *app, const struct route *route, const struct origin *origin)
{
	const struct room *room = origin->room;
	const char *id = json_str(origin->content, "id");
	autofree void *ev = NULL;
	int r;

	if (origin->org == NULL || room->kind != ROOM_CHANNEL || strcmp(room->subject, origin->org) != 0)
		return err_set(origin->reason, E_REFUSED, "%s is accepted only from a trusted partner in its channel",
		    route->type);
	if (!origin->trusted_device)
		return err_set(origin->reason, E_REFUSED, "%s came from a device that its owner has not signed",
		    route->type);
	if ((ev = calloc(1, route->desc->size)) == NULL)
		return -ENOMEM;
	if ((r = event_parse(route->desc, origin->content, ev, origin->reason)) != 0)
		return r;
	r = apply_once(app, route, id, ev, origin);
	event_free(route->desc, ev);
	return r == E_BAD ? E_REFUSED : r;	/* It is formed as its type says. */
}

int
dispatch_refuse(struct app *app, const struct room *room, const struct opened *opened, int answer)
{
	const struct trust_org *org = trust_org_by_node(app->trust, opened->sender);
	const char *id = json_str(opened->content, "id");

	if (org == NULL || room->kind != ROOM_CHANNEL || strcmp(room->subject, org->id) != 0 || !opened->trusted || id == NULL || !id_is_own(id) ||
	    is_reply(opened->type))
		return 0;
	return traffic_refuse(app, org->id, id, !dispatch_knows(opened->type) ? TRAFFIC_UNKNOWN : answer == E_BAD ? TRAFFIC_MALFORMED : TRAFFIC_NOT_TAKEN);
}

int
dispatch(struct app *app, const char *type, const char *state_key, const struct origin *from,
    struct err *reterr)
{
	struct origin origin = *from;
	const struct route *route = find_route(type);

	origin.reason = reterr;
	if (state_key != NULL)
		return strcmp(type, DISPATCH_RECORD) != 0 ? 0 : record_arrived(app, &origin);
	if (route != NULL)
		return from_partner(app, route, &origin);
	if (origin.room->kind == ROOM_DIRECT)
		return message_arrived(app, type, &origin);
	if (origin.room->kind == ROOM_CHANNEL && origin.org != NULL)
		return err_set(reterr, E_REFUSED, "this version does not know the type %.100s", type);
	return 0;
}

int
dispatch_load_directory(struct app *app, const char *room_id)
{
	autofree char *path = request_path("/rooms/%s/state", room_id);
	int r = outbox_pending(app->db, "load_directory", room_id);

	if (r != E_NOTFOUND)
		return r;
	return path == NULL ? -ENOMEM : outbox_call(app->db, "node", room_id, "GET", path, NULL,
	    "load_directory", room_id);
}
