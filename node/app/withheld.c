/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "crypt/strict.h"
#include "store/devicestore.h"
#include "store/inbox.h"
#include "store/peoplestore.h"
#include "store/stranger.h"
#include "withheld.h"

#define MEGOLM	"m.megolm.v1.aes-sha2"

/* m.no_olm names no session and is answered by nothing here. */
static const struct code {
	const char	*code, *words;
} codes[] = {
	{ "m.blacklisted",	"it blocks this node's device" },
	{ "m.unverified",	"unverified: it gives keys only to devices that it has verified" },
	{ "m.unauthorised",	"it does not allow this node to read that message" },
	{ "m.unavailable",	"it does not have the key itself" },
	{ "m.history_not_shared", "the message is older than what the room's history shares" },
};

static const struct code *
find_code(const char *code)
{
	for (size_t i = 0; i < nelem(codes); i++)
		if (code != NULL && !strcmp(codes[i].code, code))
			return &codes[i];
	return NULL;
}

/* 0 and the number of a sender who is no stranger, by a device that is in its list; E_NOTFOUND. */
static int
known_sender(struct app *app, const char *sender, const json_t *content, int64_t *ret)
{
	autofree char *device = NULL;
	uint8_t curve[CRYPTO_KEY];
	bool eligible;
	int64_t pid;
	int r;

	if (sender == NULL || strict_curve(json_str(content, "sender_key"), curve) != 0)
		return E_NOTFOUND;
	if ((r = person_find(app->db, sender, &pid)) != 0 ||
	    (r = crypto_device_name(app->db, curve, pid, &device, &eligible)) != 0)
		return r;
	if ((r = stranger_has(app->db, pid)) != E_NOTFOUND)
		return r < 0 ? r : E_NOTFOUND;
	*ret = pid;
	return 0;
}

static int
tell_waiting(struct app *app, const char *room_id, const char *session_id, int64_t pid)
{
	struct waiting *list;
	size_t n;
	int r = waiting_session(app->db, room_id, session_id, &list, &n);

	if (r != 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++) {
		struct err reason = { "" };

		if (list[i].pid == pid && (r = withheld_reason(app, room_id, session_id, pid, &reason)) == 0)
			r = waiting_because(app->db, list[i].id, reason.text);
	}
	waiting_list_free(list, n);
	return r;
}

int
withheld_arrived(struct app *app, const char *sender, const json_t *content)
{
	const char *room_id = json_str(content, "room_id"), *session_id = json_str(content, "session_id");
	const char *algorithm = json_str(content, "algorithm"), *code = json_str(content, "code");
	int64_t pid;
	int r;

	if (algorithm == NULL || strcmp(algorithm, MEGOLM) != 0 || find_code(code) == NULL || !id_is_room(room_id) ||
	    !id_is_session(session_id))
		return 0;
	if ((r = known_sender(app, sender, content, &pid)) != 0)
		return r < 0 ? r : 0;
	if ((r = withheld_put(app->db, pid, room_id, session_id, code)) != 0)
		return r;
	return tell_waiting(app, room_id, session_id, pid);
}

int
withheld_reason(struct app *app, const char *room_id, const char *session_id, int64_t pid, struct err *reason)
{
	autofree char *code = NULL;
	const struct code *found;
	int r = withheld_get(app->db, pid, room_id, session_id, &code);

	if (r == 0 && (found = find_code(code)) != NULL)
		(void)err_set(reason, 0, "its sender's device withheld the key: %s", found->words);
	return r < 0 ? r : 0;
}
