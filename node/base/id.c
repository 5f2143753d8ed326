/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "id.h"
#include "proof.h"

enum { ID_MAX = 255, DNS_LABEL_MAX = 63, HASH_TEXT = B64_LEN(32) };

#define DIGIT	"0123456789"
#define LOWER	"abcdefghijklmnopqrstuvwxyz"
#define UPPER	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char base32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const char user_chars[] = LOWER DIGIT "._=/+-";
static const char opaque_chars[] = UPPER LOWER DIGIT "-._~";
static const char b64url_chars[] = UPPER LOWER DIGIT "-_";

void
id_new(const struct world *w, char out[ID_LEN + 1])
{
	unsigned char raw[ID_LEN];

	world_random(w, raw, sizeof(raw));
	id_of_bytes(raw, out);
}

void
id_of_bytes(const uint8_t raw[ID_LEN], char out[ID_LEN + 1])
{
	for (size_t i = 0; i < ID_LEN; i++)
		out[i] = base32[raw[i] % 32];
	out[ID_LEN] = '\0';
}

bool
id_is_own(const char *s)
{
	return s != NULL && strspn(s, base32) == ID_LEN && s[ID_LEN] == '\0';
}

bool
id_is_step(const char *s)
{
	return id_is_own(s) || (s != NULL && *s == ID_DERIVED && strspn(s + 1, base32) == ID_LEN - 1 && s[ID_LEN] == '\0');
}

static bool
short_enough(const char *s)
{
	return s != NULL && strnlen(s, ID_MAX + 1) <= ID_MAX;
}

/* Labels of letters, digits and inner hyphens, parted by single dots. */
static bool
is_dns_name(const char *s)
{
	for (;;) {
		size_t n = strspn(s, UPPER LOWER DIGIT "-");

		if (n == 0 || n > DNS_LABEL_MAX || s[0] == '-' || s[n - 1] == '-')
			return false;
		if (s[n] == '\0')
			return true;
		if (s[n] != '.')
			return false;
		s += n + 1;
	}
}

static bool
is_port(const char *s)
{
	size_t n = strspn(s, DIGIT);
	long port = n >= 1 && n <= 5 && s[n] == '\0' ? strtol(s, NULL, 10) : 0;

	return port >= 1 && port <= 65535;
}

bool
id_is_server(const char *s)
{
	char host[ID_MAX + 1];
	struct in6_addr ip6;
	const char *port;
	size_t n;

	if (!short_enough(s))
		return false;
	if (s[0] == '[') {
		n = strspn(s + 1, DIGIT "abcdefABCDEF:.");
		if (s[1 + n] != ']')
			return false;
		memcpy(host, s + 1, n);
		host[n] = '\0';
		port = s + 2 + n;
		return inet_pton(AF_INET6, host, &ip6) == 1 &&
		    (*port == '\0' || (*port == ':' && is_port(port + 1)));
	}
	n = strcspn(s, ":");
	memcpy(host, s, n);
	host[n] = '\0';
	return is_dns_name(host) && (s[n] == '\0' || is_port(s + n + 1));
}

/* ${sigil}, then characters of ${set}, then ':' and a server. */
static bool
is_with_server(const char *s, char sigil, const char *set)
{
	size_t n;

	if (!short_enough(s) || s[0] != sigil)
		return false;
	n = strspn(s + 1, set);
	return n > 0 && s[1 + n] == ':' && id_is_server(s + n + 2);
}

bool
id_is_user(const char *s)
{
	return is_with_server(s, '@', user_chars);
}

bool
id_is_room(const char *s)
{
	if (is_with_server(s, '!', opaque_chars))
		return true;
	return short_enough(s) && s[0] == '!' && s[1] != '\0' &&
	    s[1 + strspn(s + 1, opaque_chars)] == '\0';
}

bool
id_is_event(const char *s)
{
	if (is_with_server(s, '$', opaque_chars))
		return true;
	return short_enough(s) && s[0] == '$' && strspn(s + 1, b64url_chars) == HASH_TEXT &&
	    s[1 + HASH_TEXT] == '\0';
}

bool
id_is_device(const char *s)
{
	if (!short_enough(s) || s[0] == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f)
			return false;
	return true;
}

bool
id_is_session(const char *s)
{
	unsigned char raw[32];

	return s != NULL && decode_b64_exact(s, raw, sizeof(raw)) == 0;
}

bool
id_is_multibase_ed25519(const char *s)
{
	uint8_t key[ED25519_PUBLIC];

	return s != NULL && proof_key_parse(s, key) == 0;
}

const char *
id_server(const char *user)
{
	return strchr(user, ':') + 1;
}
