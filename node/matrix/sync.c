/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "sync.h"

/* NULL, if it is no token. */
static const char *
token(const json_t *json, const char *key)
{
	const char *text = json_str(json, key);

	return text != NULL && *text != '\0' && strlen(text) <= SYNC_TOKEN_MAX ? text : NULL;
}

static int
each_event(const json_t *part, int (*fn)(void *, const char *, const json_t *), void *cookie,
    const char *room_id)
{
	const json_t *event;
	size_t i;

	if (fn == NULL)
		return 0;
	json_array_foreach(json_arr(part, "events"), i, event) {
		int r = json_is_object(event) ? fn(cookie, room_id, event) : 0;

		if (r != 0)
			return r;
	}
	return 0;
}

static int
account_data(const json_t *answer, const struct sync_ops *ops, void *cookie)
{
	const json_t *event;
	size_t i;

	json_array_foreach(json_arr(json_obj(answer, "account_data"), "events"), i, event) {
		const char *type = json_str(event, "type");
		int r = type != NULL ? ops->account_data(cookie, type, json_obj(event, "content")) : 0;

		if (r != 0)
			return r;
	}
	return 0;
}

static int
devices(const json_t *answer, const struct sync_ops *ops, void *cookie)
{
	const json_t *lists = json_obj(answer, "device_lists"), *user;
	size_t i;
	int r;

	for (int left = 0; left < 2; left++)
		json_array_foreach(json_arr(lists, left ? "left" : "changed"), i, user) {
			if (!id_is_user(json_string_value(user)))
				continue;
			if ((r = ops->device(cookie, json_string_value(user), left)) != 0)
				return r;
		}
	return 0;
}

/* Missing counts mean zero (client-server API 1.17, "One-time key counts"). */
static int
counts(const json_t *answer, const struct sync_ops *ops, void *cookie)
{
	const json_t *unused = json_arr(answer, "device_unused_fallback_key_types"), *type;
	int64_t otk = json_int(json_obj(answer, "device_one_time_keys_count"), "signed_curve25519", 0);
	bool fallback = false;
	size_t i;

	json_array_foreach(unused, i, type)
		fallback |= json_is_string(type) && !strcmp(json_string_value(type), "signed_curve25519");
	return ops->counts(cookie, otk < 0 ? 0 : otk, fallback);
}

static int
joined(const json_t *rooms, const struct sync_ops *ops, void *cookie)
{
	const char *room_id;
	json_t *room;
	int r;

	json_object_foreach(json_obj(rooms, "join"), room_id, room) {
		const json_t *timeline = json_obj(room, "timeline");

		if (!id_is_room(room_id))
			continue;
		if (ops->limited != NULL && json_is_true(json_object_get(timeline, "limited")) &&
		    (r = ops->limited(cookie, room_id, token(timeline, "prev_batch"))) != 0)
			return r;
		if ((r = each_event(json_obj(room, "state"), ops->state, cookie, room_id)) != 0 ||
		    (r = each_event(timeline, ops->timeline, cookie, room_id)) != 0 ||
		    (ops->joined != NULL && (r = ops->joined(cookie, room_id)) != 0))
			return r;
	}
	return 0;
}

int
sync_walk(const json_t *answer, const struct sync_ops *ops, void *cookie, const char **ret_next,
    struct err *reterr)
{
	const char *next = token(answer, "next_batch"), *room_id;
	const json_t *rooms = json_obj(answer, "rooms"), *event;
	json_t *room;
	size_t i;
	int r;

	if (next == NULL)
		return err_set(reterr, E_BAD, "sync answer: next_batch is missing or not a token");
	if (ops->account_data != NULL && (r = account_data(answer, ops, cookie)) != 0)
		return r;
	if (ops->device != NULL && (r = devices(answer, ops, cookie)) != 0)
		return r;
	if (ops->counts != NULL && (r = counts(answer, ops, cookie)) != 0)
		return r;
	if (ops->todevice != NULL)
		json_array_foreach(json_arr(json_obj(answer, "to_device"), "events"), i, event)
			if (json_is_object(event) && (r = ops->todevice(cookie, event)) != 0)
				return r;
	if (ops->invite != NULL)
		json_object_foreach(json_obj(rooms, "invite"), room_id, room)
			if (id_is_room(room_id) && (r = ops->invite(cookie, room_id,
			    json_arr(json_obj(room, "invite_state"), "events"))) != 0)
				return r;
	if ((r = joined(rooms, ops, cookie)) != 0)
		return r;
	if (ops->left != NULL)
		json_object_foreach(json_obj(rooms, "leave"), room_id, room)
			if (id_is_room(room_id) && (r = ops->left(cookie, room_id)) != 0)
				return r;
	*ret_next = next;
	return 0;
}
