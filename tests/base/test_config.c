/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/config.h"
#include "tests/tap.h"

#define SIGNER	"z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"

/* What a node cannot be without; line 1 to 6. */
#define LEAST								\
	"organization = Example\n"					\
	"homeserver = https://matrix.example.org\n"			\
	"server_name = example.org\n"					\
	"node_user = cairn\n"						\
	"steward_user = cairn-steward\n"				\
	"state_dir = /var/lib/cairn\n"

#define NOT_TEXT "is a control character or not UTF-8; save the file as plain UTF-8 text"

static int
parse(const char *text, struct config *c, struct err *err)
{
	return config_parse("f", text, strlen(text), c, err);
}

static void
is_error(const char *text, const char *want)
{
	struct config c = { .organization = (char *)1 };
	struct err err = { "" };
	int r = parse(text, &c, &err);

	ok(r == E_BAD && c.organization == (char *)1, "refused, and nothing is set");
	is_str(err.text, want, "and why is said");
	if (r == 0)
		config_free(&c);
}

static void
test_least(void)
{
	struct config c;
	struct err err = { "" };

	is_int(parse(LEAST, &c, &err), 0, "the six required keys are enough");
	is_str(err.text, "", "no complaint");
	is_str(c.organization, "Example", "organization");
	is_str(c.homeserver, "https://matrix.example.org", "homeserver");
	is_str(c.node_user, "@cairn:example.org", "a localpart is stored as a full user id");
	is_str(c.steward_user, "@cairn-steward:example.org", "for the steward as well");
	is_str(c.admin_socket, "/var/lib/cairn/admin.sock", "the admin socket is in the state directory");
	ok(c.homeserver_ca == NULL && c.recovery_user == NULL && c.key_file == NULL &&
	    c.trust_signer == NULL && c.crisis_text == NULL && c.bridge_user == NULL &&
	    c.staff_users == NULL && c.staff_zone == NULL, "the optional ones are absent");
	ok(!c.homeserver_loopback_http && !c.require_primitives && c.log_level == LOG_LEVEL_INFO, "defaults");
	config_free(&c);
	ok(c.organization == NULL, "free leaves NULL");
	config_free(&c);
}

static void
test_all(void)
{
	static const char text[] =
	    "# a comment\n"
	    "\n"
	    "  \t# another\n"
	    "organization=\"Voix de l'espoir \xe2\x80\x93 \\\"ici\\\"\"\n"
	    "\thomeserver\t=  http://127.0.0.1:8008  \n"
	    "homeserver_ca = /etc/cairn/ca.pem\n"
	    "homeserver_loopback_http = yes\n"
	    "server_name = hs.example.org:8448\n"
	    "node_user = @n:hs.example.org:8448\n"
	    "steward_user = s\n"
	    "recovery_user = @r:elsewhere.org\n"
	    "state_dir = /s\n"
	    "key_file = /k\n"
	    "admin_socket = /run/a # not a comment\n"
	    "trust_signer = " SIGNER "\n"
	    "crisis_text = \"Call 988.\\nOr C:\\\\\"\n"
	    "on_call_user = oncall\n"
	    "staff_users = \"ana, @ben:elsewhere.org ,,cy\\n\"\n"
	    "staff_zone = America/Argentina/Buenos_Aires\n"
	    "bridge_user = _cairn-bridge\n"
	    "keep_messages = 0\n"
	    "keep_referrals = 400\n"
	    "require_primitives = yes\n"
	    "log_level = debug";
	struct config c;
	struct err err = { "" };

	is_int(parse(text, &c, &err), 0, "every key");
	is_str(err.text, "", "no complaint");
	is_str(c.organization, "Voix de l'espoir \xe2\x80\x93 \"ici\"", "a quoted value");
	is_str(c.homeserver, "http://127.0.0.1:8008", "blanks around key and value are dropped");
	is_str(c.homeserver_ca, "/etc/cairn/ca.pem", "homeserver_ca");
	is_str(c.server_name, "hs.example.org:8448", "server_name");
	is_str(c.node_user, "@n:hs.example.org:8448", "node_user");
	is_str(c.steward_user, "@s:hs.example.org:8448", "steward_user");
	is_str(c.recovery_user, "@r:elsewhere.org", "recovery_user may be elsewhere");
	is_str(c.admin_socket, "/run/a # not a comment", "'#' inside a value is part of it");
	is_str(c.trust_signer, SIGNER, "trust_signer");
	is_str(c.crisis_text, "Call 988.\nOr C:\\", "escapes");
	is_str(c.bridge_user, "_cairn-bridge", "bridge_user");
	is_str(c.on_call_user, "@oncall:hs.example.org:8448", "who is on call is stored as a full user id");
	is_str(c.staff_users, "@ana:hs.example.org:8448 @ben:elsewhere.org @cy:hs.example.org:8448", "and so are staff, each");
	is_str(c.staff_zone, "America/Argentina/Buenos_Aires", "staff_zone");
	ok(c.keep_messages == 0 && c.keep_referrals == 400 && c.keep_legal == 2192, "terms");
	ok(c.homeserver_loopback_http && c.require_primitives && c.log_level == LOG_LEVEL_DEBUG, "the rest");
	config_free(&c);
}

static void
test_lines(void)
{
	is_error(LEAST "nonsense\n", "f:7:1: no '=' here; write key = value, or # before a comment");
	is_error(LEAST "  = x\n", "f:7:3: no key before '='; write key = value");
	is_error(LEAST "\tlog_levle = info\n", "f:7:2: unknown key \"log_levle\"; did you mean \"log_level\"?");
	is_error(LEAST "state-dir = /x\n", "f:7:1: unknown key \"state-dir\"; did you mean \"state_dir\"?");
	is_error(LEAST "colour = red\n", "f:7:1: unknown key \"colour\"; cairnd(8) lists the keys");
	is_error(LEAST "log_level = info\n\nlog_level = warn\n",
	    "f:9:1: log_level is set twice, first in line 7; remove one");
	is_error(LEAST "log_level =\n", "f:7:12: log_level has no value; write one, or remove the line");
	is_error(LEAST "crisis_text = \"\"\n", "f:7:15: crisis_text has no value; write one, or remove the line");
	is_error(LEAST "crisis_text = \"abc\n",
	    "f:7:15: the quoted value does not end; add a \" at the end of the line");
	is_error(LEAST "crisis_text = \"abc\\\"\n",
	
	    "f:7:15: the quoted value does not end; add a \" at the end of the line");
	is_error(LEAST "crisis_text = \"a\" b\n",
	    "f:7:15: there is text after the closing quote; remove it, or write \\\" for a quote inside");
	is_error(LEAST "crisis_text = \"a\\t\"\n", "f:7:15: unknown escape after \\; only \\\" \\\\ and \\n are known");
}

static void
test_values(void)
{
	is_error(LEAST "keep_messages = a year\n", "f:7:17: keep_messages is \"a year\"; write a number of days, at most 36525; 0: without end");
	is_error(LEAST "keep_legal = -1\n", "f:7:14: keep_legal is \"-1\"; write a number of days, at most 36525; 0: without end");
	is_error(LEAST "keep_referrals = 99999999999999999999\n", "f:7:18: keep_referrals is \"99999999999999999999\"; "
	    "write a number of days, at most 36525; 0: without end");
	is_error(LEAST "require_primitives = true\n", "f:7:22: require_primitives is \"true\"; write yes or no");
	is_error(LEAST "log_level = loud\n", "f:7:13: log_level is \"loud\"; write error, warn, info or debug");
	is_error(LEAST "key_file = k\n", "f:7:12: key_file: the path \"k\" is relative; write it from /");
	is_error(LEAST "key_file = \"/k\\n\"\n", "f:7:12: key_file: a path must be one line; remove \\n");
	is_error(LEAST "admin_socket = /123456789/123456789/123456789/123456789/123456789/123456789"
	    "/123456789/123456789/123456789/123456789/1234567\n",
	    "f:7:16: admin_socket: a socket's path has at most 107 bytes, this has 108; choose a shorter one");
	is_error(LEAST "trust_signer = z6Mk\n",
	    "f:7:16: trust_signer: \"z6Mk\" is not a multibase Ed25519 key; it begins with z6Mk");
	is_error(LEAST "bridge_user = a b\n", "f:7:15: bridge_user: \"a b\" is not the name of a system user");
	is_error("homeserver = matrix.org\n",
	    "f:1:14: homeserver: the address must begin with https://; write https://HOST or https://HOST:PORT");
	is_error("homeserver = https://matrix.org/\n",
	    "f:1:14: homeserver: the address must end after the host and port; remove everything from the '/'");
	is_error("homeserver = https://a@matrix.org\n",
	    "f:1:14: homeserver: the address must end after the host and port; remove everything from the '@'");
	is_error("homeserver = https://\n",
	    "f:1:14: homeserver: \"\" is not a host name or address; write HOST or HOST:PORT after ://");
	is_error("homeserver = https://a b\n",
	    "f:1:14: homeserver: \"a b\" is not a host name or address; write HOST or HOST:PORT after ://");
	is_error("homeserver = https://a.org:70000\n",
	    "f:1:14: homeserver: \"a.org:70000\" is not a host name or address; write HOST or HOST:PORT after ://");
	is_error("server_name = https://a\n", "f:1:15: server_name: \"https://a\" is not a Matrix server name; "
	    "write the part of your user ids after the colon, such as example.org");
	is_error("node_user = @A:b\n", "f:1:13: node_user: \"@A:b\" is not a Matrix user id; "
	    "write @name:server or only the name");
	is_error("node_user = a b\n", "f:1:13: node_user: \"a b\" is not the name of a Matrix user; "
	    "use a-z 0-9 . _ = / + - or write @name:server");
	is_error("node_user = a:b\n", "f:1:13: node_user: \"a:b\" is not the name of a Matrix user; "
	    "use a-z 0-9 . _ = / + - or write @name:server");
	is_error("organization = \"a\\nb\"\n", "f:1:16: organization: the name must be one line; remove \\n");
}

static void
test_lengths(void)
{
	char text[4000] = "organization = ", *end = text + strlen(text);

	memset(end, 'x', 201);
	memcpy(end + 201, "\n", 2);
	is_error(text, "f:1:16: organization: the value has 201 bytes; at most 200 are allowed");
	strcpy(text, "crisis_text = ");
	end = text + strlen(text);
	memset(end, 'x', 2049);
	memcpy(end + 2049, "\n", 2);
	is_error(text, "f:1:15: crisis_text: the value has 2049 bytes; at most 2048 are allowed");
	strcpy(text, "key_file = /");
	end = text + strlen(text);
	memset(end, 'x', 1024);
	memcpy(end + 1024, "\n", 2);
	is_error(text, "f:1:12: key_file: the value has 1025 bytes; at most 1024 are allowed");
}

static void
test_bytes(void)
{
	static const char nul[] = "organization = a\0b\n";
	struct config c;
	struct err err = { "" };

	is_int(config_parse("f", nul, sizeof(nul) - 1, &c, &err), E_BAD, "a NUL");
	is_str(err.text, "f:1:17: byte 0x00 " NOT_TEXT, "its text");
	is_error("# caf\xe9\n", "f:1:6: byte 0xe9 " NOT_TEXT);
	is_error("# \xc3\xa9\xc3\xa9 \xc0\x80\n",
	    "f:1:6: byte 0xc0 " NOT_TEXT);
	is_error("#\xed\xa0\x80\n", "f:1:2: byte 0xed " NOT_TEXT);
	is_error("#\xf4\x90\x80\x80\n", "f:1:2: byte 0xf4 " NOT_TEXT);
	is_error("#\xe0\x9f\xbf\n", "f:1:2: byte 0xe0 " NOT_TEXT);
	is_error("#\xc2\x9b\n", "f:1:2: byte 0xc2 " NOT_TEXT);
	is_error("\n#\xe2\x82", "f:2:2: byte 0xe2 " NOT_TEXT);
	is_error("#\x1b[2J\n", "f:1:2: byte 0x1b " NOT_TEXT);
	is_error("a = b\r\n", "f:1:6: a carriage return; save the file with Unix line ends");
	is_error("\xc3\xa9t\xc3\xa9 = x\n", "f:1:1: unknown key \"\xc3\xa9t\xc3\xa9\"; cairnd(8) lists the keys");
	is_error("\xc3\xa9 = \xc3\xa9\xc3\xa9 x\nserver_name\n",
	    "f:1:1: unknown key \"\xc3\xa9\"; cairnd(8) lists the keys");
}

static void
test_whole(void)
{
	struct config c;
	struct err err = { "" };

	is_error("", "f: organization is missing; add a line organization = ...");
	is_error("organization = a\nhomeserver = https://a\nserver_name = a\nnode_user = a\nsteward_user = b\n",
	    "f: state_dir is missing; add a line state_dir = ...");
#define REST	"organization = a\nserver_name = a\nnode_user = a\nsteward_user = b\nstate_dir = /s\n"
	is_error(REST "homeserver = http://localhost\n", "f:6:14: http:// is not encrypted; write https://, "
	    "or for a trial on this machine add homeserver_loopback_http = yes");
	is_error(REST "homeserver_loopback_http = yes\nhomeserver = http://10.0.0.1:80\n",
	    "f:7:14: http:// is not encrypted and works only for a homeserver on this machine; write https://");
	is_error(REST "homeserver_loopback_http = yes\nhomeserver = http://127.0.0.1.example.org\n",
	    "f:7:14: http:// is not encrypted and works only for a homeserver on this machine; write https://");
	is_error(REST "homeserver_loopback_http = yes\nhomeserver = http://localhost.example.org\n",
	    "f:7:14: http:// is not encrypted and works only for a homeserver on this machine; write https://");
	is_error(REST "homeserver_loopback_http = yes\nhomeserver = http://[::2]\n",
	    "f:7:14: http:// is not encrypted and works only for a homeserver on this machine; write https://");
	static const char *const local[] = { "localhost", "LOCALHOST:80", "127.0.0.1", "127.255.255.255:1",
	    "[::1]", "[::1]:8008" };
	for (size_t i = 0; i < nelem(local); i++) {
		char text[400];

		snprintf(text, sizeof(text), REST "homeserver_loopback_http = yes\nhomeserver = http://%s\n", local[i]);
		ok(parse(text, &c, &err) == 0, "http://%s is this machine", local[i]);
		config_free(&c);
	}
#define USERS(rest) "organization = a\nhomeserver = https://a\nserver_name = a\nstate_dir = /s\n" rest
	is_error(USERS("node_user = n\nsteward_user = @s:b\n"),
	    "f:6:16: steward_user is on \"b\", but server_name is \"a\"; make them agree");
	is_error(USERS("node_user = @n:b\nsteward_user = s\n"),
	    "f:5:13: node_user is on \"b\", but server_name is \"a\"; make them agree");
	is_error(USERS("node_user = n\nsteward_user = @n:a\n"),
	    "f:6:16: steward_user is the same account as node_user; make a second account for it");
	is_error(USERS("node_user = n\nsteward_user = s\nrecovery_user = s\n"),
	    "f:7:17: recovery_user is one of the node's own accounts; make a third account for it and keep it offline");
	is_error(USERS("node_user = n\nsteward_user = s\nstaff_users = a, @n:a\n"),
	    "f:7:15: staff_users: @n:a is one of the node's own accounts; name those of people");
	is_error(USERS("node_user = n\nsteward_user = s\nstaff_users = a, b:c\n"),
	    "f:7:15: staff_users: \"b:c\" is not the name of a Matrix user; use a-z 0-9 . _ = / + - or write @name:server");
	is_error(USERS("node_user = n\nsteward_user = s\nstaff_users = \" ,\"\n"),
	    "f:7:15: staff_users: nobody is named; write @name:server, with commas between");
	is_error(USERS("node_user = n\nsteward_user = s\nstaff_user = a\n"), "f:7:1: unknown key \"staff_user\"; did you mean \"staff_users\"?");
	is_error(USERS("node_user = n\nsteward_user = s\nstaff_zone = ../Berlin\n"),
	    "f:7:14: staff_zone: \"../Berlin\" is not the name of a time zone; write one such as Europe/Berlin");
	is_error(USERS("node_user = n\nsteward_user = s\nstaff_zone = Europe/\n"),
	    "f:7:14: staff_zone: \"Europe/\" is not the name of a time zone; write one such as Europe/Berlin");
}

static void
test_long_names(void)
{
	char text[1000];

	snprintf(text, sizeof(text), "organization = a\nhomeserver = https://a\nserver_name = %060d.%060d.org\n"
	    "state_dir = /s\nnode_user = %0150d\nsteward_user = s\n", 1, 2, 3);
	is_error(text, "f:5:13: node_user: the full id has more than 255 bytes; choose a shorter name");
	snprintf(text, sizeof(text), "organization = a\nhomeserver = https://a\nserver_name = a\nstate_dir = /%0100d\n"
	    "node_user = n\nsteward_user = s\n", 1);
	is_error(text, "f:4:13: state_dir is too long for a socket in it; "
	    "set admin_socket to a path of at most 107 bytes");
}

static void
test_load(void)
{
	char path[] = "/tmp/test_config.XXXXXX";
	int fd = mkstemp(path);
	struct config c;
	struct err err = { "" };
	autobuf struct buf want = { 0 };
	autofree char *big = malloc(70000);

	ok(fd >= 0 && write(fd, LEAST, sizeof(LEAST) - 1) == sizeof(LEAST) - 1, "a file");
	is_int(config_load(path, &c, &err), 0, "is loaded");
	is_str(c.server_name, "example.org", "and read");
	config_free(&c);

	memset(big, '#', 70000);
	ok(pwrite(fd, big, 70000, 0) == 70000, "a long file");
	is_int(config_load(path, &c, &err), E_BAD, "is refused");
	(void)!buf_printf(&want, "%s: the file has more than 65536 bytes; is it the right one?", path);
	is_str(err.text, want.data, "and why is said");
	ok(ftruncate(fd, 65536) == 0 && config_load(path, &c, &err) == E_BAD &&
	    strstr(err.text, "organization is missing"), "the longest file is read");
	(void)close(fd);
	(void)unlink(path);

	is_int(config_load("/nonexistent/cairn.conf", &c, &err), -ENOENT, "an absent file");
	is_str(err.text, "cannot read /nonexistent/cairn.conf: No such file or directory", "is named");
	is_int(config_load("/", &c, &err), -EISDIR, "a directory is not a file");
}

int
main(void)
{
	test_least();
	test_all();
	test_lines();
	test_values();
	test_lengths();
	test_bytes();
	test_whole();
	test_long_names();
	test_load();
	return done_testing();
}
