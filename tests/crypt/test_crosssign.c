/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "peer.h"

static struct crosssign_keys node, steward;
static char dir[] = "/tmp/cairn-XXXXXX", path[64];

static void
test_objects(void)
{
	autojson json_t *upload = NULL, *body = NULL, *keys = NULL;
	json_t *master, *self, *device;
	char id[64] = "ed25519:", text[44];
	struct crosssign_keys bad;
	struct peer p;

	is_int(crosssign_make(&net_world, "nobody", &bad), E_BAD, "no user id");
	must(crosssign_make(&net_world, "@node:a", &node));
	must(crosssign_make(&net_world, "@steward:a", &steward));
	ok(memcmp(node.seed[0], steward.seed[0], 32) != 0, "each its own keys");
	must(crosssign_upload(&node, &upload));
	master = json_obj(upload, "master_key");
	self = json_obj(upload, "self_signing_key");
	crosssign_master(&node, text);
	(void)snprintf(id, sizeof(id), "ed25519:%s", text);
	is_str(json_str(json_obj(master, "keys"), id), text, "the master key under its own name");
	is_str(json_string_value(json_array_get(json_arr(self, "usage"), 0)), "self_signing", "usage");
	is_int(verify_json(self, "@node:a", id, node.pub[CROSSSIGN_MASTER], NULL), 0,
	    "the self-signing key is signed by it");
	is_int(verify_json(json_obj(upload, "user_signing_key"), "@node:a", id,
	    node.pub[CROSSSIGN_MASTER], NULL), 0, "the user-signing key too");

	peer_start(&p, "@node:a", "DEV");
	keys = peer_device_keys(&p);
	is_int(crosssign_sign_device(&steward, keys, &body), E_BAD, "another user's device is not signed");
	must(crosssign_sign_device(&node, keys, &body));
	device = json_obj(json_obj(body, "@node:a"), "DEV");
	encode_b64(node.pub[CROSSSIGN_SELF], 32, id + 8);
	is_int(verify_json(device, "@node:a", id, node.pub[CROSSSIGN_SELF], NULL), 0, "our device is");
	is_int(verify_json(device, "@node:a", "ed25519:DEV", p.ed, NULL), 0, "and keeps its own signature");
	json_object_set_new(keys, "algorithms", json_array());
	json_decref(take(body));
	is_int(crosssign_sign_device(&node, keys, &body), E_BAD, "nor one that its own key did not sign");
	peer_stop(&p);
}

static void
test_file(void)
{
	const struct crosssign_keys both[] = { node, steward };
	struct crosssign_keys back;
	struct err err = { "" };
	struct stat st;
	FILE *f;

	need(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/recovery", dir);
	is_int(crosssign_save(path, both, 2, &err), 0, "saved");
	must(stat(path, &st));
	is_int(st.st_mode & 07777, 0600, "for the owner only");
	is_int(crosssign_save(path, both, 1, &err), E_EXISTS, "never overwritten");
	ok(strstr(err.text, "not overwritten") != NULL, "and says so");
	is_int(crosssign_load(path, "@steward:a", &back, NULL), 0, "the second user is found");
	ok(memcmp(&back, &steward, sizeof(back)) == 0, "whole");
	is_int(crosssign_load(path, "@node:a", &back, NULL), 0, "and the first");
	ok(memcmp(&back, &node, sizeof(back)) == 0, "whole");
	is_int(crosssign_load(path, "@other:a", &back, NULL), E_NOTFOUND, "not another");
	is_int(truncate(path, st.st_size - 10), 0, "a cut file");
	is_int(crosssign_load(path, "@steward:a", &back, NULL), E_BAD, "is noticed");
	need((f = fopen(path, "w")) != NULL);
	(void)fputs("format = cairn-recovery-9\n", f);
	(void)fclose(f);
	is_int(crosssign_load(path, "@node:a", &back, NULL), E_BAD, "another format");
	(void)unlink(path);
	is_int(crosssign_load(path, "@node:a", &back, &err), -ENOENT, "no file");
	is_int(crosssign_save("/nonexistent/recovery", both, 1, &err), -ENOENT, "no directory");
	(void)rmdir(dir);
	crosssign_wipe(&back);
	ok(back.user[0] == '\0' && back.seed[0][0] == 0, "wiped");
}

int
main(void)
{
	net_start();
	test_objects();
	test_file();
	net_stop();
	return done_testing();
}
