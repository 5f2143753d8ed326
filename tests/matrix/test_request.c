/* SPDX-License-Identifier: Apache-2.0 */
#include "matrix/request.h"
#include "base/canon.h"
#include "tap.h"

static void
test_path(void)
{
	autofree char *a = request_path("/rooms/%s/send/%s/%s", "!ab/c:d", "m.x", "t 1");
	autofree char *b = request_path("/x");
	autofree char *since = request_sync("s1&timeout=0", 30000, 100, false);
	autofree char *first = request_sync(NULL, 0, 1, true);

	is_str(a, "/_matrix/client/v3/rooms/%21ab%2Fc%3Ad/send/m.x/t%201", "arguments are encoded whole");
	is_str(b, "/_matrix/client/v3/x", "no arguments");
	ok(since && strstr(since, "&timeout=30000&since=s1%26timeout%3D0"), "a token cannot add parameters");
	ok(first && strstr(first, "since") == NULL, "the first sync has no since");
	ok(first && strstr(first, "lazy_load_members%22%3Atrue") && !strstr(since, "lazy"), "members may be left out");
	ok(first && strstr(first, "m.room.encrypted"), "the filter leaves out encrypted state");
	ok(strstr(first, "%22account_data%22%3A%7B%22types%22%3A%5B%22org.cairnpeer.epoch%22%5D%7D%2C%22room%22"),
	    "of account data it asks for the epoch alone");
}

static const json_t *
initial(const json_t *body, const char *type)
{
	const json_t *event;
	size_t i;

	json_array_foreach(json_arr(body, "initial_state"), i, event)
		if (!strcmp(json_str(event, "type"), type))
			return json_obj(event, "content");
	return NULL;
}

static void
test_create_room(void)
{
	struct request_room wish = { .version = "12", .type = "t", .tag = "TAG", .invite = "@b:x",
	    .history = "joined", .join_rule = "invite", .encrypted = true, .encrypt_state = true };
	autojson json_t *full = request_create_room(&wish);
	autojson json_t *bare = request_create_room(&(struct request_room){ .version = "12", .tag = "T",
	    .history = "shared", .join_rule = "public", .quiet = true, .co_creator = "@r:x" });
	const json_t *encryption = initial(full, "m.room.encryption");

	is_str(json_str(full, "room_version"), "12", "the version is always passed");
	is_str(json_str(full, "preset"), "private_chat", "a preset that makes nobody else a creator");
	is_str(json_str(json_obj(full, "creation_content"), REQUEST_TAG), "TAG", "our tag is in the creation");
	is_str(json_str(json_obj(full, "creation_content"), "type"), "t", "type");
	ok(json_object_get(full, "name") == NULL && json_object_get(full, "topic") == NULL, "no name, no topic");
	is_str(json_str(encryption, "algorithm"), "m.megolm.v1.aes-sha2", "encrypted from the start");
	ok(json_is_true(json_object_get(encryption, REQUEST_STATE_FLAG)), "state is encrypted too");
	is_str(json_str(initial(full, "m.room.guest_access"), "guest_access"), "forbidden", "no guests");
	is_str(json_str(initial(full, "m.room.history_visibility"), "history_visibility"), "joined", "history");
	is_str(json_string_value(json_array_get(json_arr(full, "invite"), 0)), "@b:x", "invitation");
	is_int(json_int(json_obj(full, "power_level_content_override"), "invite", 0), 100, "members invite nobody");

	ok(initial(bare, "m.room.encryption") == NULL, "a public space is not encrypted");
	is_int(json_int(json_obj(bare, "power_level_content_override"), "events_default", 0), 100, "quiet");
	is_str(json_string_value(json_array_get(json_arr(json_obj(bare, "creation_content"),
	    "additional_creators"), 0)), "@r:x", "recovery account");
	ok(json_object_get(bare, "invite") == NULL, "nobody invited");
}

static void
test_login(void)
{
	autojson json_t *login = request_login("@n:x", "pw", "DEV", "name");
	autojson json_t *auth = request_password_auth("@n:x", "pw", NULL);

	is_str(json_str(login, "type"), "m.login.password", "login by password");
	is_str(json_str(login, "device_id"), "DEV", "the device id is ours");
	is_str(json_str(json_obj(auth, "identifier"), "user"), "@n:x", "UIA names the user");
	ok(json_object_get(auth, "session") == NULL, "a session only if the server gave one");
}

int
main(void)
{
	test_path();
	test_create_room();
	test_login();
	return done_testing();
}
