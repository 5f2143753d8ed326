/* SPDX-License-Identifier: Apache-2.0 */
/* What something is about, under which law that is, and what a law says. */
#include <string.h>

#include "base/cleanup.h"
#include "domain/consent.h"
#include "domain/consent_law.h"
#include "tests/domain/keys.h"
#include "tests/tap.h"

static void
test_about(void)
{
	static const struct { const char *list, *word; } uses[] = { { "roles", "recovery_coach" }, { "practice_models", "twelve_step" },
		{ "practice_models", "recovery_coaching" }, { "pathways", "medication" }, { "pathways", "own_path" }, { "settings", "recovery_home" },
		{ "forms", "recovery_residence" }, { "conditions", "opioids" } };
	autojson json_t *record = json_of("{'forms': ['peer_specialist'], 'conditions': ['grief', 'opioids']}");

	is_int(consent_about("substance_use", NULL), CONSENT_ABOUT_SUBSTANCE_USE, "a need of substance use");
	is_int(consent_about("grief", NULL), CONSENT_ABOUT_OTHER, "grief is neither");
	is_int(consent_about("mental_health", record), CONSENT_ABOUT_SUBSTANCE_USE | CONSENT_ABOUT_MENTAL_HEALTH,
	    "what the record is about counts too");
	is_int(consent_about(NULL, NULL), CONSENT_ABOUT_OTHER, "nothing is known");
	json_poke(record, "forms/0", "'substance_use_peer'");
	json_poke(record, "conditions", NULL);
	is_int(consent_about(NULL, record), CONSENT_ABOUT_SUBSTANCE_USE, "and its form");
	for (size_t i = 0; i < nelem(uses); i++) {
		autojson json_t *one = json_pack("{s:[s, s]}", uses[i].list, "other", uses[i].word);

		is_int(consent_about("everyday_support", one), CONSENT_ABOUT_SUBSTANCE_USE, "%s: %s", uses[i].list, uses[i].word);
		ok(consent_law_of(one) != NULL && strcmp(consent_law_of(one), CONSENT_PART2) == 0, "is under Part 2 unless it says otherwise");
		(void)json_object_set_new(one, "law", json_string(CONSENT_HIPAA));
		is_str(consent_law_of(one), CONSENT_PART2, "not even by another law of the country");
		(void)json_object_set_new(one, "law", json_string(CONSENT_GDPR));
		is_str(consent_law_of(one), CONSENT_GDPR, "but by that of another");
	}
	{
		autojson json_t *one = json_pack("{s:[s]}", "conditions", "grief");

		ok(consent_law_of(one) == NULL, "a program that says no law");
		(void)json_object_set_new(one, "law", json_string(CONSENT_HIPAA));
		is_str(consent_law_of(one), CONSENT_HIPAA, "and one that does");
	}
}

static void
test_wanted(void)
{
	static const char *const gdpr[] = { CONSENT_GDPR, CONSENT_GDPR }, *const mixed[] = { CONSENT_GDPR, NULL };
	static const char *const hipaa[] = { CONSENT_HIPAA, CONSENT_GDPR };
	static const char *const part2[] = { CONSENT_GDPR, CONSENT_PART2 };

	is_str(consent_law_wanted(CONSENT_ABOUT_SUBSTANCE_USE, NULL, 0, NULL), CONSENT_PART2, "substance use is under Part 2");
	ok(consent_law_wanted(CONSENT_ABOUT_OTHER, NULL, 0, NULL) == NULL, "anything else is under any law");
	ok(consent_law_wanted(CONSENT_ABOUT_OTHER, mixed, 2, CONSENT_HIPAA) == NULL, "or of one");
	ok(consent_law_wanted(CONSENT_ABOUT_OTHER, hipaa, 2, NULL) == NULL, "whichever comes first");
	is_str(consent_law_wanted(CONSENT_ABOUT_OTHER, NULL, 0, CONSENT_PART2), CONSENT_PART2, "unless the recipient is a Part 2 program");
	is_str(consent_law_wanted(CONSENT_ABOUT_OTHER, part2, 2, NULL), CONSENT_PART2, "or the discloser has one");
	is_str(consent_law_wanted(CONSENT_ABOUT_SUBSTANCE_USE, gdpr, 2, NULL), CONSENT_GDPR, "programs under the GDPR have that");
	is_str(consent_law_wanted(CONSENT_ABOUT_SUBSTANCE_USE, mixed, 2, NULL), CONSENT_PART2, "if all of them are");
	ok(consent_profile(CONSENT_PART2)->accounting_years == 3 && consent_profile(CONSENT_HIPAA)->accounting_years == 6,
	    "accounts go back 3 years, or 6");
	ok(consent_profile("us-tx") == NULL && consent_profile(NULL) == NULL, "no other law is known");
	for (int i = 0; i < 3; i++) {
		static const char *const laws[] = { CONSENT_PART2, CONSENT_HIPAA, CONSENT_GDPR };

		autojson json_t *consent = json_pack("{s:s}", "law", laws[i]);

		ok(strlen(consent_profile(laws[i])->notice) <= 2000 && *consent_profile(laws[i])->rights != '\0',
		    "%s has its texts", laws[i]);
		ok(consent_noticed(consent, consent_profile(laws[i])->notice) && !consent_noticed(consent, NULL) &&
		    !consent_noticed(consent, consent_profile(laws[(i + 1) % 3])->notice) &&
		    consent_noticed(consent, consent_notice_short) == (i == 0), "a notice is that of its law, or of Part 2 the short one");
	}
}

int
main(void)
{
	test_about();
	test_wanted();
	return done_testing();
}
