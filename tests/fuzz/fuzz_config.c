/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file: a refusal says where and changes nothing; what is accepted is
 * complete, and written down again it reads the same.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/config.h"
#include "base/id.h"
#include "base/text.h"
#include "fuzz.h"

const unsigned fuzz_changes = 300;

#define TEXTS(X)							\
	X(organization) X(homeserver) X(homeserver_ca) X(server_name)	\
	X(node_user) X(steward_user) X(recovery_user) X(state_dir)	\
	X(key_file) X(admin_socket) X(trust_signer) X(crisis_text) X(crisis_words)	\
	X(on_call_user) X(staff_users) X(staff_zone) X(bridge_user)

static void
write_text(struct buf *out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	claim(buf_printf(out, "%s = \"", key) == 0);
	for (; *value != '\0'; value++)
		claim(buf_puts(out, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : *value == '\\' ? "\\\\" :
		    (char[]){ *value, '\0' }) == 0);
	claim(buf_puts(out, "\"\n") == 0);
}

static void
write_all(struct buf *out, const struct config *c)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };

#define X(name) write_text(out, #name, c->name);
	TEXTS(X)
#undef X
	claim(buf_printf(out, "homeserver_loopback_http = %s\nrequire_primitives = %s\nlog_level = %s\n",
	    c->homeserver_loopback_http ? "yes" : "no", c->require_primitives ? "yes" : "no",
	    levels[c->log_level]) == 0);
}

static void
same(const char *a, const char *b)
{
	claim((a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0));
	claim(a == NULL || text_is_utf8(a));
}

static void
accepted(const struct config *c)
{
	autobuf struct buf text = { 0 };
	struct config again = { 0 };
	struct err err = { "" };

	claim(c->organization != NULL && c->homeserver != NULL && c->state_dir != NULL && c->admin_socket != NULL);
	claim(id_is_user(c->node_user) && id_is_user(c->steward_user) && strcmp(c->node_user, c->steward_user) != 0);
	claim(id_is_server(c->server_name) && c->state_dir[0] == '/' && c->admin_socket[0] == '/');
	claim(strncmp(c->homeserver, "https://", 8) == 0 || c->homeserver_loopback_http);
	claim(c->log_level <= LOG_LEVEL_DEBUG);
	write_all(&text, c);
	if (config_parse("again", text.data, text.len, &again, &err) != 0) {
		fuzz_fail(__FILE__, __LINE__, err.text);
	}
#define X(name) same(c->name, again.name);
	TEXTS(X)
#undef X
	claim(c->homeserver_loopback_http == again.homeserver_loopback_http);
	claim(c->require_primitives == again.require_primitives && c->log_level == again.log_level);
	config_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct config c, before;
	struct err err = { "" };
	int r;

	memset(&c, 0x5a, sizeof(c));
	memcpy(&before, &c, sizeof(c));
	r = config_parse("a.conf", (const char *)data, len, &c, &err);
	if (r != 0) {
		claim(r == E_BAD);
		fuzz_err(&err, true);
		claim(strncmp(err.text, "a.conf:", 7) == 0);
		claim(memcmp(&before, &c, sizeof(c)) == 0);
		return 0;
	}
	accepted(&c);
	config_free(&c);
	return 0;
}
