/* SPDX-License-Identifier: Apache-2.0 */
/* hs_keys: accounts, devices, their keys, and messages to devices. */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "hs_world.h"

/* Every server that shares a room with the user learns that its keys changed. */
static void
keys_changed(struct hs *hs, const struct hs_user *user)
{
	for (struct hs_server *s = hs->servers; s != NULL; s = s->next)
		hs_send(hs, user->server, s, NULL, json_pack("{s:s}", "keys", user->id));
}

int
hs_login(struct hs_req *rq, json_t **ret)
{
	const char *id = json_str(json_obj(rq->body, "identifier"), "user");
	const char *password = json_str(rq->body, "password"), *device = json_str(rq->body, "device_id");
	struct hs_user *user = hs_user(rq->hs, id);
	struct hs_device *dev;
	autofree char *made = NULL;

	if (user == NULL || password == NULL || strcmp(user->password, password) != 0)
		return hs_refuse(ret, 403, "M_FORBIDDEN", "Invalid username or password");
	if (device == NULL)
		device = made = hs_text("HS%ld", ++rq->hs->counter);
	if ((dev = hs_device(user, device)) == NULL) {
		dev = hs_must(calloc(1, sizeof(*dev)));
		*dev = (struct hs_device){ .user = user, .id = hs_must(strdup(device)),
		    .onetime = json_object(), .used = json_object(), .inbox = json_array(),
		    .txns = json_object(), .next = user->devices };
		user->devices = dev;
	}
	/* One token for each device: an older one ends. */
	free(dev->token);
	dev->token = hs_text("syt_%ld", ++rq->hs->counter);
	*ret = json_pack("{s:s, s:s, s:s}", "user_id", user->id, "device_id", dev->id,
	    "access_token", dev->token);
	return 200;
}

/* With the password, which is asked for. */
int
hs_delete_devices(struct hs_req *rq, json_t **ret)
{
	const struct hs_user *user = rq->dev->user;
	const char *password = json_str(json_obj(rq->body, "auth"), "password");
	const json_t *id;
	size_t i;

	if (password == NULL || strcmp(password, user->password) != 0) {
		*ret = json_pack("{s:[{s:[s]}], s:{}, s:s}", "flows", "stages", "m.login.password", "params",
		    "session", "hs");
		return 401;
	}
	json_array_foreach(json_arr(rq->body, "devices"), i, id) {
		struct hs_device *dev = hs_device(user, json_string_value(id));

		if (dev == NULL)
			continue;
		/* It stays in its place, for what is under way to it, and is never heard of again. */
		free(dev->token);
		dev->token = NULL;
		json_decref(dev->keys);
		dev->keys = NULL;
		json_decref(dev->fallback);
		dev->fallback = NULL;
		(void)json_object_clear(dev->onetime);
		(void)json_array_clear(dev->inbox);
	}
	keys_changed(rq->hs, user);
	*ret = json_object();
	return 200;
}

/* Every device of the user learns of it by /sync. */
int
hs_put_account_data(struct hs_req *rq, json_t **ret)
{
	struct hs_user *user = rq->dev->user;

	if (strcmp(rq->seg[1], user->id) != 0)
		return hs_refuse(ret, 403, "M_FORBIDDEN", "Cannot add account data for other users.");
	(void)json_object_set_new(user->account_data, rq->seg[3], json_deep_copy(rq->body));
	(void)json_array_append_new(user->server->log, json_pack("{s:s, s:s}", "account_data", user->id, "type", rq->seg[3]));
	*ret = json_object();
	return 200;
}

static json_t *
key_counts(const struct hs_device *dev)
{
	return json_pack("{s:{s:i}}", "one_time_key_counts", "signed_curve25519",
	    (int)json_object_size(dev->onetime));
}

int
hs_keys_upload(struct hs_req *rq, json_t **ret)
{
	struct hs_device *dev = rq->dev;
	json_t *device = json_obj(rq->body, "device_keys"), *key;
	json_t *fallback = json_obj(rq->body, "fallback_keys"), *keys = json_obj(rq->body, "one_time_keys");
	const char *id;

	json_object_foreach(keys, id, key) {
		const json_t *held = json_object_get(dev->onetime, id);

		if (held != NULL && !json_equal(held, key)) {
			autofree char *text = hs_text("One time key %s already exists. Old key: {}; new key: {}", id);

			return hs_refuse(ret, 400, "M_UNKNOWN", text);
		}
		if (json_object_get(dev->used, id) != NULL)
			hs_complain(rq->hs, "%s uploads one-time key %s again after it was claimed", dev->user->id, id);
	}
	if (device != NULL) {
		if (strcmp(json_str(device, "user_id") != NULL ? json_str(device, "user_id") : "", dev->user->id) ||
		    strcmp(json_str(device, "device_id") != NULL ? json_str(device, "device_id") : "", dev->id))
			return hs_refuse(ret, 400, "M_BAD_JSON", "Provided user_id or device_id do not match");
		if (dev->keys != NULL && !json_equal(json_obj(dev->keys, "keys"), json_obj(device, "keys")))
			hs_complain(rq->hs, "device %s of %s changes its keys", dev->id, dev->user->id);
		if (dev->keys == NULL) {
			dev->keys = json_deep_copy(device);
			keys_changed(rq->hs, dev->user);
		}
	}
	json_object_foreach(keys, id, key)
		(void)json_object_set(dev->onetime, id, key);
	if (json_object_size(fallback) > 0 && !json_equal(fallback, dev->fallback)) {
		json_decref(dev->fallback);
		dev->fallback = json_incref(fallback);
		dev->fallback_used = false;
	}
	*ret = key_counts(dev);
	return 200;
}

static json_t *
devices_of(const struct hs_user *user)
{
	json_t *all = json_object();

	for (const struct hs_device *d = user->devices; d != NULL; d = d->next)
		if (d->keys != NULL)
			(void)json_object_set_new(all, d->id, json_deep_copy(d->keys));
	return all;
}

int
hs_keys_query(struct hs_req *rq, json_t **ret)
{
	static const char *const roles[] = { "master_key", "self_signing_key", "user_signing_key" };
	static const char *const names[] = { "master_keys", "self_signing_keys", "user_signing_keys" };
	const char *id;
	json_t *wanted;

	*ret = json_pack("{s:{}, s:{}, s:{}, s:{}, s:{}}", "device_keys", "failures", names[0], names[1], names[2]);
	json_object_foreach(json_obj(rq->body, "device_keys"), id, wanted) {
		const struct hs_user *user = hs_user(rq->hs, id);

		if (user == NULL)
			continue;
		(void)json_object_set_new(json_obj(*ret, "device_keys"), id, devices_of(user));
		for (size_t i = 0; i < nelem(roles); i++) {
			json_t *key = json_object_get(user->signing, roles[i]);

			if (key != NULL && (i < 2 || user == rq->dev->user))
				(void)json_object_set_new(json_obj(*ret, names[i]), id, json_deep_copy(key));
		}
	}
	return 200;
}

static json_t *
claim_one(struct hs_device *dev)
{
	const char *id;
	json_t *key, *given;

	json_object_foreach(dev->onetime, id, key) {
		given = json_pack("{s:O}", id, key);
		(void)json_object_set_new(dev->used, id, json_true());
		(void)json_object_del(dev->onetime, id);
		return given;
	}
	if (dev->fallback == NULL)
		return NULL;
	dev->fallback_used = true;
	return json_incref(dev->fallback);
}

int
hs_keys_claim(struct hs_req *rq, json_t **ret)
{
	const char *id, *device;
	json_t *devices, *algorithm;

	*ret = json_pack("{s:{}, s:{}}", "one_time_keys", "failures");
	json_object_foreach(json_obj(rq->body, "one_time_keys"), id, devices) {
		const struct hs_user *user = hs_user(rq->hs, id);
		json_t *got = json_object();

		json_object_foreach(devices, device, algorithm) {
			struct hs_device *dev = user != NULL ? hs_device(user, device) : NULL;
			json_t *key = dev != NULL ? claim_one(dev) : NULL;

			if (key != NULL)
				(void)json_object_set_new(got, device, key);
		}
		(void)json_object_set_new(json_obj(*ret, "one_time_keys"), id, got);
	}
	return 200;
}

/* The first upload needs no further authentication; a change does. */
int
hs_signing_upload(struct hs_req *rq, json_t **ret)
{
	static const char *const roles[] = { "master_key", "self_signing_key", "user_signing_key" };
	struct hs_user *user = rq->dev->user;
	const json_t *held = json_obj(json_obj(user->signing, "master_key"), "keys");
	const json_t *auth = json_obj(rq->body, "auth");

	if (held != NULL && !json_equal(held, json_obj(json_obj(rq->body, "master_key"), "keys"))) {
		if (auth == NULL || strcmp(json_str(auth, "password") != NULL ? json_str(auth, "password") : "",
		    user->password)) {
			*ret = json_pack("{s:[{s:[s]}], s:{}, s:s}", "flows", "stages", "m.login.password",
			    "params", "session", "hs");
			return 401;
		}
		hs_complain(rq->hs, "%s replaces its cross-signing identity", user->id);
	}
	for (size_t i = 0; i < nelem(roles); i++) {
		json_t *key = json_obj(rq->body, roles[i]);

		if (key != NULL)
			(void)json_object_set_new(user->signing, roles[i], json_deep_copy(key));
	}
	keys_changed(rq->hs, user);
	*ret = json_object();
	return 200;
}

/* Is ${signed_} the same as ${held}, but for signatures?  Then they are added. */
static bool
add_signatures(json_t *held, const json_t *signed_)
{
	autojson json_t *a = json_deep_copy(held), *b = json_deep_copy(signed_);
	const char *user;
	json_t *signatures;

	for (int i = 0; i < 2; i++) {
		(void)json_object_del(i ? b : a, "signatures");
		(void)json_object_del(i ? b : a, "unsigned");
	}
	if (held == NULL || !json_equal(a, b))
		return false;
	if (json_obj(held, "signatures") == NULL)
		(void)json_object_set_new(held, "signatures", json_object());
	json_object_foreach(json_obj(signed_, "signatures"), user, signatures) {
		json_t *mine = json_obj(json_obj(held, "signatures"), user);

		if (mine != NULL)
			(void)json_object_update(mine, signatures);
		else
			(void)json_object_set_new(json_obj(held, "signatures"), user, json_deep_copy(signatures));
	}
	return true;
}

int
hs_signatures_upload(struct hs_req *rq, json_t **ret)
{
	struct hs_user *user = rq->dev->user;
	const char *id, *what;
	json_t *signed_by, *object;

	*ret = json_pack("{s:{}}", "failures");
	json_object_foreach((json_t *)rq->body, id, signed_by)
		json_object_foreach(signed_by, what, object) {
			struct hs_device *dev = hs_device(user, what);

			if (!strcmp(id, user->id) && add_signatures(dev != NULL ? dev->keys :
			    json_object_get(user->signing, "master_key"), object))
				continue;
			(void)json_object_set_new(json_obj(*ret, "failures"), id, json_pack("{s:{s:s, s:s}}", what,
			    "errcode", "M_INVALID_SIGNATURE", "error", "Invalid signature"));
		}
	keys_changed(rq->hs, user);
	return 200;
}

int
hs_send_to_device(struct hs_req *rq, json_t **ret)
{
	const char *type = rq->seg[1], *sender = rq->dev->user->id, *id, *device;
	json_t *devices, *content;

	json_object_foreach(json_obj(rq->body, "messages"), id, devices) {
		const struct hs_user *user = hs_user(rq->hs, id);

		json_object_foreach(devices, device, content)
			for (struct hs_device *d = user != NULL ? user->devices : NULL; d != NULL; d = d->next)
				if (!strcmp(device, "*") || !strcmp(device, d->id))
					hs_send(rq->hs, rq->dev->user->server, user->server, d,
					    json_pack("{s:{s:s, s:s, s:O}}", "event", "type", type,
					    "sender", sender, "content", content));
	}
	if (!strcmp(type, "m.room.encrypted"))
		hs_ratchet_olm(rq->hs, rq->body);
	*ret = json_object();
	return 200;
}
