/* SPDX-License-Identifier: Apache-2.0 */
/* What the law wants besides a consent: who signs for a minor, and what is written down of a medical emergency, in which nobody signs. */
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "scene.h"
#include "search.h"
#include "tests/tap.h"

/* Words that must be there, and what is written down. */
static void
test_emergency(void)
{
	static const char *const wanted[] = { "to", "affiliation", "by", "nature", "what", "at" };
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *form = NULL, *shown = NULL, *none = NULL, *nobody = NULL;
	const json_t *entry;
	int refusals = 0;

	scene_begin(&sc, 47, STORY_REFER);
	none = host_command(h, SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", sc.s.id, "how", "phone", "recorded_by", "K. Lind, coordinator"));
	ok(refused(none, "no consent was given"), "there is no consent to take back yet");
	nobody = host_command(h, SOURCE, "revoke", json_pack("{s:s, s:s}", "referral", sc.s.id, "how", "phone"));
	ok(refused(nobody, "recorded_by"), "and somebody heard it");
	form = host_ok(h, SOURCE, "emergency", json_pack("{s:s, s:b}", "referral", sc.s.id, "template", 1));
	(void)json_object_set_new(form, "referral", json_string(sc.s.id));
	for (size_t i = 0; i < 4; i++)
		(void)json_object_set_new(json_obj(form, "emergency"), wanted[i], json_sprintf("CANARY-%s", wanted[i]));
	for (size_t i = 0; i < nelem(wanted); i++) {
		json_t *less = json_deep_copy(form);
		autojson json_t *reply = NULL;

		(void)json_object_del(json_obj(less, "emergency"), wanted[i]);
		reply = host_command(h, SOURCE, "emergency", less);
		refusals += refused(reply, wanted[i]);
	}
	is_int(refusals, (int)nelem(wanted), "each part of a medical emergency's record is wanted");
	json_decref(host_ok(h, SOURCE, "emergency", json_incref(form)));
	shown = host_ok(h, SOURCE, "accounting", json_pack("{s:s}", "id", sc.s.id));
	entry = json_array_get(json_arr(shown, "disclosures"), 0);
	ok(json_is_true(json_object_get(entry, "emergency")) && !strcmp(json_str(entry, "nature"), "CANARY-nature"), "with them it is in the account");
	is_int((int)json_array_size(json_arr(shown, "holds")), 1, "and who received it holds it");
	search_member(h, (const char *const []){ "CANARY-to", "CANARY-affiliation", "CANARY-by", "CANARY-nature", NULL });
	is_int((int)story_complaints(h), 0, "the homeservers complain of nothing");
	scene_end(&sc);
}

/* Somebody of fifteen who was accepted; the form of their consent. */
static json_t *
accepted_minor(struct scene *sc)
{
	struct host *h = &sc->host;
	json_t *args = refer_args(h, &sc->s, STORY_REFER), *form;
	autojson json_t *sent = NULL;

	(void)json_object_set_new(args, "age_band", json_string("13_17"));
	sent = host_ok(h, SOURCE, "refer", args);
	(void)snprintf(sc->s.id, sizeof(sc->s.id), "%s", json_str(sent, "referral"));
	host_run(h, 10000);
	json_decref(host_ok(h, TARGET, "answer", refer_args(h, &sc->s, STORY_ACCEPT)));
	host_run(h, 10000);
	form = refer_args(h, &sc->s, STORY_CONSENT);
	(void)json_object_set_new(json_obj(form, "consent"), "minor", json_pack("{s:i, s:s}", "age", 15, "jurisdiction", "US-NJ"));
	return form;
}

/* Where both sign, who the other is is a secret as all else. */
static void
test_guardian(struct scene *sc)
{
	json_t *form = accepted_minor(sc);
	autojson json_t *shown = NULL;

	(void)json_object_set_new(json_obj(form, "consent"), "cosignature", json_pack("{s:s, s:s, s:s, s:s}", "how", "paper", "signer", "CANARY-guardian",
	    "authority", "guardian", "recorded_by", "CANARY-recorder"));
	json_decref(host_ok(&sc->host, SOURCE, "consent", form));
	host_run(&sc->host, 10000);
	shown = refer_show(&sc->host, TARGET, &sc->s);
	ok(json_obj(shown, "disclosure") != NULL, "with both signatures the disclosure arrives");
	search_member(&sc->host, (const char *const []){ "CANARY-guardian", "CANARY-recorder", NULL });
}

/* Who signs for a minor is the table's to say; without one, both. */
static void
test_minor(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *both = NULL, *bad = NULL, *shown = NULL, *form = NULL;

	scene_begin(&sc, 48, STORY_REFER);
	test_guardian(&sc);
	form = accepted_minor(&sc);
	ok(json_obj(json_obj(form, "consent"), "cosignature") != NULL, "a minor's form has room for two signatures");
	(void)json_object_del(json_obj(form, "consent"), "cosignature");
	both = host_command(h, SOURCE, "consent", json_deep_copy(form));
	ok(refused(both, "element 8") && refused(both, "both the minor and a parent"), "one alone is refused");
	bad = host_command(h, SOURCE, "import_minors", json_pack("{s:{s:s, s:s, s:[{s:s, s:s, s:i}]}}", "document", "by", "Board",
	    "reviewed", "2026-11-01", "minors", "jurisdiction", "US-NJ", "condition", "flu", "alone_from", 13));
	ok(refused(bad, "/minors/0/condition"), "a table with a fault is refused, and the fault named");
	json_decref(host_ok(h, SOURCE, "import_minors", json_pack("{s:{s:s, s:s, s:[{s:s, s:s, s:i}]}}", "document", "by", "Board",
	    "reviewed", "2026-11-01", "minors", "jurisdiction", "US-NJ", "condition", "substance_use", "alone_from", 13)));
	json_decref(host_ok(h, SOURCE, "consent", json_deep_copy(form)));
	host_run(h, 10000);
	shown = refer_show(h, TARGET, &sc.s);
	ok(json_obj(shown, "disclosure") != NULL, "where the table lets this minor decide, the disclosure arrives");
	is_int((int)story_complaints(h), 0, "the homeservers complain of nothing");
	scene_end(&sc);
}

int
main(void)
{
	test_minor();
	test_emergency();
	return done_testing();
}
