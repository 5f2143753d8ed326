/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "request.h"

/* Unreserved characters of RFC 3986; all else is encoded. */
static int
add_encoded(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-._~", c) != NULL;
		int r = plain ? buf_add(b, s, 1) : buf_printf(b, "%%%02X", c);

		if (r != 0)
			return r;
	}
	return 0;
}

char *
request_path(const char *fmt, ...)
{
	autobuf struct buf b = { 0 };
	va_list ap;
	int r = buf_puts(&b, REQUEST_V3);

	va_start(ap, fmt);
	while (r == 0 && *fmt != '\0') {
		const char *hole = strstr(fmt, "%s");
		size_t n = hole != NULL ? (size_t)(hole - fmt) : strlen(fmt);

		r = buf_add(&b, fmt, n);
		fmt += n;
		if (r == 0 && hole != NULL) {
			r = add_encoded(&b, va_arg(ap, const char *));
			fmt += 2;
		}
	}
	va_end(ap);
	return r == 0 ? buf_take(&b) : NULL;
}

char *
request_sync(const char *since, int timeout_ms, int limit, bool lazy)
{
	char filter[640], timeout[16];

	(void)snprintf(filter, sizeof(filter),
	    "{\"presence\":{\"not_types\":[\"*\"]},\"account_data\":{\"types\":[\"" REQUEST_EPOCH "\"]},"
	    "\"room\":{\"ephemeral\":{\"not_types\":[\"*\"]},\"account_data\":{\"not_types\":[\"*\"]},"
	    "\"state\":{\"types\":[\"m.room.create\",\"m.room.member\",\"m.room.encryption\",\"org.cairnpeer.trust.part\",\"m.policy.rule.*\"],"
	    "\"not_types\":[\"m.room.encrypted\"]%s},\"timeline\":{\"limit\":%d}}}",
	    lazy ? ",\"lazy_load_members\":true" : "", limit);
	(void)snprintf(timeout, sizeof(timeout), "%d", timeout_ms);
	if (since == NULL)
		return request_path("/sync?filter=%s&timeout=%s", filter, timeout);
	return request_path("/sync?filter=%s&timeout=%s&since=%s", filter, timeout, since);
}

json_t *
request_login(const char *user, const char *password, const char *device_id, const char *display_name)
{
	return json_pack("{s:s, s:{s:s, s:s}, s:s, s:s, s:s}", "type", "m.login.password",
	    "identifier", "type", "m.id.user", "user", user, "password", password,
	    "device_id", device_id, "initial_device_display_name", display_name);
}

json_t *
request_password_auth(const char *user, const char *password, const char *session)
{
	return json_pack("{s:s, s:{s:s, s:s}, s:s, s:s*}", "type", "m.login.password",
	    "identifier", "type", "m.id.user", "user", user, "password", password, "session", session);
}

static json_t *
state(const char *type, json_t *content)
{
	return json_pack("{s:s, s:s, s:o}", "type", type, "state_key", "", "content", content);
}

static json_t *
encryption(bool encrypt_state)
{
	json_t *content = json_pack("{s:s}", "algorithm", "m.megolm.v1.aes-sha2");

	if (encrypt_state && json_object_set_new(content, REQUEST_STATE_FLAG, json_true()) != 0) {
		json_decref(content);
		return NULL;
	}
	return content;
}

json_t *
request_create_room(const struct request_room *r)
{
	autojson json_t *creation = json_pack("{s:s*, s:s*}", "type", r->type, REQUEST_TAG, r->tag);
	autojson json_t *initial = json_array();
	autojson json_t *levels = json_pack("{s:i, s:i, s:i, s:i}", "events_default", r->quiet ? 100 : 0,
	    "state_default", 100, "invite", 100, "users_default", 0);
	json_t *body;
	int bad = 0;

	if (r->co_creator != NULL)
		bad |= json_object_set_new(creation, "additional_creators", json_pack("[s]", r->co_creator));
	bad |= json_array_append_new(initial, state("m.room.history_visibility",
	    json_pack("{s:s}", "history_visibility", r->history)));
	bad |= json_array_append_new(initial, state("m.room.join_rules",
	    json_pack("{s:s}", "join_rule", r->join_rule)));
	bad |= json_array_append_new(initial, state("m.room.guest_access",
	    json_pack("{s:s}", "guest_access", "forbidden")));
	if (r->encrypted)
		bad |= json_array_append_new(initial, state("m.room.encryption", encryption(r->encrypt_state)));
	if (bad != 0 || levels == NULL)
		return NULL;
	body = json_pack("{s:s, s:s, s:s, s:O, s:O, s:O, s:b, s:s*, s:s*}",
	    "room_version", r->version, "preset", "private_chat", "visibility", "private",
	    "creation_content", creation, "initial_state", initial,
	    "power_level_content_override", levels, "is_direct", r->direct,
	    "name", r->name, "topic", r->topic);
	if (body != NULL && r->invite != NULL &&
	    json_object_set_new(body, "invite", json_pack("[s]", r->invite)) != 0) {
		json_decref(body);
		return NULL;
	}
	return body;
}
