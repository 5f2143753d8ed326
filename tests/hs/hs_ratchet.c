/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hs_ratchet: a server sees of each ciphertext which position of which ratchet
 * made it (Olm and Megolm message formats, version 3).  One position, one
 * ciphertext: anything else is a key used twice.
 */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "hs_world.h"

enum { VERSION = 3, MAC_OLM = 8 };

struct reader {
	const uint8_t	*at, *end;
};

static uint64_t
varint(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; r->at < r->end && shift < 64; shift += 7) {
		v |= (uint64_t)(*r->at & 0x7f) << shift;
		if ((*r->at++ & 0x80) == 0)
			break;
	}
	return v;
}

/* The field ${tag}: its number, or for a string its place; false if it is not there. */
static bool
field(struct reader r, unsigned tag, uint64_t *ret_number, struct reader *ret_string)
{
	while (r.at < r.end) {
		uint64_t is = varint(&r), n = varint(&r);
		struct reader string = { r.at, r.at };

		if ((is & 7) == 2) {
			if (n > (uint64_t)(r.end - r.at))
				return false;
			r.at = string.end = r.at + n;
		}
		if (is == tag) {
			if (ret_number != NULL)
				*ret_number = n;
			if (ret_string != NULL)
				*ret_string = string;
			return true;
		}
	}
	return false;
}

static void
check(struct hs *hs, const char *position, const char *ciphertext)
{
	const char *held = json_string_value(json_object_get(hs->positions, position));

	if (held == NULL)
		(void)json_object_set_new(hs->positions, position, hs_must(json_string(ciphertext)));
	else if (strcmp(held, ciphertext) != 0)
		hs_complain(hs, "two ciphertexts at one ratchet position: %s", position);
}

void
hs_ratchet_event(struct hs *hs, const json_t *content)
{
	const char *text = json_str(content, "ciphertext"), *session = json_str(content, "session_id");
	autofree uint8_t *bytes = NULL;
	autofree char *position = NULL;
	uint64_t index;
	size_t n;

	if (text == NULL || session == NULL || decode_b64_new(text, strlen(text), &bytes, &n) != 0 ||
	    n < 2 || bytes[0] != VERSION || !field((struct reader){ bytes + 1, bytes + n }, 0x08, &index, NULL)) {
		hs_complain(hs, "an m.room.encrypted event that is no Megolm message");
		return;
	}
	position = hs_text("%s %llu", session, (unsigned long long)index);
	check(hs, position, text);
}

static void
olm_message(struct hs *hs, const char *from, const char *text, bool prekey)
{
	autofree uint8_t *bytes = NULL;
	autofree char *position = NULL;
	struct reader message, key;
	char ratchet[B64_LEN(32) + 1];
	uint64_t index;
	size_t n;

	if (decode_b64_new(text, strlen(text), &bytes, &n) != 0 || n <= 1 + MAC_OLM)
		goto bad;
	message = (struct reader){ bytes + 1, bytes + n };
	if (prekey && (!field(message, 0x22, NULL, &message) || message.end - message.at <= 1 + MAC_OLM))
		goto bad;
	if (prekey)
		message.at++;
	message.end -= MAC_OLM;
	if (!field(message, 0x0a, NULL, &key) || key.end - key.at != 32 || !field(message, 0x10, &index, NULL))
		goto bad;
	encode_b64(key.at, 32, ratchet);
	position = hs_text("%s %s %llu", from, ratchet, (unsigned long long)index);
	check(hs, position, text);
	return;
bad:
	hs_complain(hs, "a to-device message that is no Olm message");
}

void
hs_ratchet_olm(struct hs *hs, const json_t *body)
{
	const char *user, *device, *key;
	json_t *devices, *content, *message;

	json_object_foreach(json_obj(body, "messages"), user, devices)
		json_object_foreach(devices, device, content)
			json_object_foreach(json_obj(content, "ciphertext"), key, message)
				if (json_str(message, "body") != NULL && json_str(content, "sender_key") != NULL)
					olm_message(hs, json_str(content, "sender_key"), json_str(message, "body"),
					    json_int(message, "type", 1) == 0);
}
