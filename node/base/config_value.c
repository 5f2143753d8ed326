/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "config_value.h"
#include "id.h"
#include "signers.h"

enum { TEXT_MAX = 2048, NAME_MAX_BYTES = 200, PATH_MAX_BYTES = 1024, ZONE_MAX = 64 };

static int
check_length(const char *v, size_t max, struct err *reterr)
{
	if (strlen(v) > max)
		return err_set(reterr, E_BAD, "the value has %zu bytes; at most %zu are allowed", strlen(v), max);
	return 0;
}

int
config_value_name(const char *v, struct err *reterr)
{
	if (strchr(v, '\n') != NULL)
		return err_set(reterr, E_BAD, "the name must be one line; remove \\n");
	return check_length(v, NAME_MAX_BYTES, reterr);
}

int
config_value_text(const char *v, struct err *reterr)
{
	return check_length(v, TEXT_MAX, reterr);
}

int
config_value_url(const char *v, struct err *reterr)
{
	const char *host = strstr(v, "://");

	if (strncmp(v, "https://", 8) != 0 && strncmp(v, "http://", 7) != 0)
		return err_set(reterr, E_BAD, "the address must begin with https://; "
		    "write https://HOST or https://HOST:PORT");
	host += 3;
	if (strpbrk(host, "/?#@") != NULL)
		return err_set(reterr, E_BAD, "the address must end after the host and port; "
		    "remove everything from the '%c'", *strpbrk(host, "/?#@"));
	if (!id_is_server(host))
		return err_set(reterr, E_BAD, "\"%.80s\" is not a host name or address; "
		    "write HOST or HOST:PORT after ://", host);
	return 0;
}

int
config_value_server(const char *v, struct err *reterr)
{
	if (!id_is_server(v))
		return err_set(reterr, E_BAD, "\"%.80s\" is not a Matrix server name; "
		    "write the part of your user ids after the colon, such as example.org", v);
	return 0;
}

int
config_value_user(const char *v, struct err *reterr)
{
	autofree char *full = NULL;

	if (v[0] == '@') {
		if (!id_is_user(v))
			return err_set(reterr, E_BAD, "\"%.80s\" is not a Matrix user id; "
			    "write @name:server or only the name", v);
		return 0;
	}
	if (asprintf(&full, "@%s:a", v) < 0) {
		full = NULL;
		return err_set(reterr, -ENOMEM, "out of memory");
	}
	if (strchr(v, ':') != NULL || !id_is_user(full))
		return err_set(reterr, E_BAD, "\"%.80s\" is not the name of a Matrix user; "
		    "use a-z 0-9 . _ = / + - or write @name:server", v);
	return 0;
}

int
config_value_users(const char *v, struct err *reterr)
{
	autofree char *copy = strdup(v);
	bool any = false;
	int r = copy == NULL ? err_set(reterr, -ENOMEM, "out of memory") : check_length(v, TEXT_MAX, reterr);

	for (char *next = copy, *one; next != NULL && r == 0;)
		if (*(one = strsep(&next, CONFIG_BETWEEN)) != '\0') {
			any = true;
			r = config_value_user(one, reterr);
		}
	return r == 0 && !any ? err_set(reterr, E_BAD, "nobody is named; write @name:server, with commas between") : r;
}

int
config_value_zone(const char *v, struct err *reterr)
{
	size_t n = strspn(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");

	if (v[n] != '\0' || n > ZONE_MAX || v[0] == '/' || v[n - 1] == '/' || strstr(v, "//") != NULL)
		return err_set(reterr, E_BAD, "\"%.80s\" is not the name of a time zone; write one such as Europe/Berlin", v);
	return 0;
}

int
config_value_path(const char *v, struct err *reterr)
{
	if (v[0] != '/')
		return err_set(reterr, E_BAD, "the path \"%.80s\" is relative; write it from /", v);
	if (strchr(v, '\n') != NULL)
		return err_set(reterr, E_BAD, "a path must be one line; remove \\n");
	return check_length(v, PATH_MAX_BYTES, reterr);
}

int
config_value_socket(const char *v, struct err *reterr)
{
	int r = config_value_path(v, reterr);

	if (r == 0 && strlen(v) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return err_set(reterr, E_BAD, "a socket's path has at most 107 bytes, this has %zu; "
		    "choose a shorter one", strlen(v));
	return r;
}

int
config_value_signer(const char *v, struct err *reterr)
{
	return signers_parse(v, NULL, reterr);
}

int
config_value_unix_user(const char *v, struct err *reterr)
{
	size_t n = strspn(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	if (v[n] != '\0' || n > 32 || v[0] == '-')
		return err_set(reterr, E_BAD, "\"%.80s\" is not the name of a system user", v);
	return 0;
}

bool
config_value_loopback(const char *host)
{
	size_t n = strcspn(host, host[0] == '[' ? "]" : ":");
	unsigned d[4];
	int end = -1;

	if (host[0] == '[')
		return strncmp(host, "[::1]", 5) == 0;
	if (n == 9 && strncasecmp(host, "localhost", 9) == 0)
		return true;
	if (sscanf(host, "%3u.%3u.%3u.%3u%n", &d[0], &d[1], &d[2], &d[3], &end) != 4 || (size_t)end != n)
		return false;
	return d[0] == 127 && d[1] < 256 && d[2] < 256 && d[3] < 256;
}

size_t
config_value_character(const unsigned char *s, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	uint32_t c;

	if (n == 1)
		return s[0] == '\t' || s[0] == '\n' || (s[0] >= 0x20 && s[0] != 0x7f) ? 1 : 0;
	if (n == 0 || n > left)
		return 0;
	c = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || (c >= 0x80 && c < 0xa0))
		return 0;
	return n;
}
