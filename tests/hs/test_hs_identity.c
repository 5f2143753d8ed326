/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An account shows another master key than before: nothing that was said to it goes anywhere, whoever holds it now, and staff see whose it is and what
 * waits.  What waited goes once, after an operator has passed exactly the key that is shown; a partner's key is the trust list's, and needs nobody's word.
 */
#include <stdlib.h>
#include <string.h>

#include "chat.h"
#include "hostile.h"
#include "identity.h"
#include "story.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { ANA = 2 };

#define ANA_USER	"@cairn:elsewhere.example"
#define WAITED		"The room is at the harbour, number 7."

static struct host h;

static void
say(const char *text)
{
	autojson json_t *said = host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", ANA_USER, "text", text));
	const char *waits = json_str(said, "waits");

	host_run(&h, 20000);
	printf("# %s\n", waits != NULL ? waits : "it goes");
}

/* The operator passes a key, or forgets to. */
static json_t *
identity(const char *user, const char *key)
{
	return host_command(&h, SOURCE, "trust identity", json_pack("{s:s, s:s*}", "user", user, "fingerprint", key));
}

static bool
passes(const char *user, const char *key)
{
	autojson json_t *reply = identity(user, key);

	if (!json_is_true(json_object_get(reply, "ok")))
		printf("# %s\n", json_str(reply, "error"));
	return json_is_true(json_object_get(reply, "ok"));
}

static bool
fails(const char *user, const char *key, const char *words)
{
	autojson json_t *reply = identity(user, key);

	return refused(reply, words);
}

/* The one in the list: these keys, and so much waits. */
static bool
listed(const char *user, const char *before, const char *now, int held)
{
	autojson json_t *list = story_list(&h, SOURCE, "identities");
	const json_t *item = json_array_get(list, 0);
	const char *shown = json_str(item, "now");
	bool good = json_array_size(list) == 1 && !strcmp(json_str(item, "user"), user) && !strcmp(json_str(item, "before"), before) &&
	    (now != NULL ? shown != NULL && !strcmp(shown, now) : shown == NULL) && json_int(item, "held_back", -1) == held;

	if (!good) {
		autofree char *text = json_dumps(list, 0);

		printf("# %s\n", text);
	}
	return good;
}

/* As somebody reads it out. */
static const char *
spaced(const char *key, char ret[64])
{
	size_t n = 0;

	for (size_t i = 0; key[i] != '\0'; i++) {
		if (i > 0 && i % 4 == 0)
			ret[n++] = ' ';
		ret[n++] = key[i];
	}
	ret[n] = '\0';
	return ret;
}

static const char *
shown_master(const char *user, char ret[44])
{
	const json_t *keys = json_obj(json_obj(hs_user(h.hs, user)->signing, "master_key"), "keys");

	(void)snprintf(ret, 44, "%s", json_string_value(json_object_iter_value(json_object_iter((json_t *)(uintptr_t)keys))));
	return ret;
}

static void
test_person(void)
{
	char old[44], first[44], second[44], third[44], text[64];

	story_begin(&h, 321);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	chat_say(&h, ANA, "Hello.");
	say("Good morning.");
	is_int(chat_comes(&h, ANA, "Good morning."), 1, "somebody and the node talk");
	is_int(story_audited(&h, SOURCE, "operator:", "say", "person:"), 1, "and who said it is in the audit");
	ok(story_well(&h, SOURCE, "identities"), "and all is well");
	(void)shown_master(ANA_USER, old);
	ok(fails(ANA_USER, old, "has not changed"), "there is nothing to take");

	(void)identity_new(&h, ANA_USER, 'a', first);
	say(WAITED);
	is_int(chat_heard(&h, ANA, WAITED), 0, "under another identity nothing comes");
	ok(story_ill(&h, SOURCE, "identities", "of 1 account changed; nothing is sent there, and 1 message waits"), "the doctor says so, and names nobody");
	ok(listed(ANA_USER, old, first, 1), "staff see whose, both keys, and what waits");
	{
		autojson json_t *list = story_list(&h, SOURCE, "messages");
		autofree char *all = json_dumps(list, 0);

		ok(strstr(all, "identity key of this account changed") != NULL, "and why that message waits");
	}
	ok(fails(ANA_USER, NULL, "the key is missing") && fails(ANA_USER, "", "the key is missing"), "the verb that takes a key does not show it");

	/* While they speak with her, it changes once more. */
	(void)identity_new(&h, ANA_USER, 'e', second);
	ok(fails(ANA_USER, first, "shows another key now"), "the key that they compared is not the one that is shown");
	ok(fails(ANA_USER, old, "shows another key now"), "nor is the old one");
	ok(fails(ANA_USER, "acorn", "43 characters"), "and what is no key is not taken");
	ok(fails("@nobody:elsewhere.example", second, "has not changed"), "nor one for somebody else");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	host_run(&h, 90000);
	is_int(chat_heard(&h, ANA, WAITED), 0, "still nothing goes");
	is_int(story_audited(&h, SOURCE, "", "trust identity", "person:"), 0, "nothing was taken");
	ok(listed(ANA_USER, old, second, 1), "the newer one is shown");

	/* The homeserver goes back to the old one: that is for a person to judge as well. */
	(void)identity_new(&h, ANA_USER, 'a', first);
	ok(listed(ANA_USER, old, first, 1), "whatever is shown next, nothing is taken by itself");
	is_int(chat_heard(&h, ANA, WAITED), 0, "nor sent");

	ok(passes(ANA_USER, spaced(first, text)), "exactly the key that is shown is taken, as it was read out");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	is_int(chat_comes(&h, ANA, WAITED), 1, "what waited comes, though the node dies");
	host_run(&h, 90000);
	is_int(chat_heard(&h, ANA, WAITED), 1, "exactly once");
	is_int(story_audited(&h, SOURCE, "", "trust identity", "person:"), 1, "the audit says who took it");
	ok(story_well(&h, SOURCE, "identities"), "all is well again");
	is_int((int)story_count(&h, SOURCE, "identities"), 0, "and nobody is listed");
	ok(chat_answers(&h, ANA, "!help", "!"), "she is answered");

	(void)identity_new(&h, ANA_USER, 'i', third);
	say("Second message.");
	ok(listed(ANA_USER, first, third, 1), "a later change is held back as the first was");
	ok(passes(ANA_USER, third), "and taken as the first was");
	is_int(chat_comes(&h, ANA, "Second message."), 1, "what waited comes once");
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_end(&h);
}

static void
test_partner(void)
{
	struct referral_story s = { "", "", 0 };
	char listed_key[44], other[44];
	autojson json_t *keys = NULL;

	story_begin(&h, 322);
	story_trust(&h);
	story_publish(&h);
	refer_begin(&h, &s);
	(void)shown_master(TARGET_USER, listed_key);
	keys = json_deep_copy(hs_user(h.hs, TARGET_USER)->signing);
	(void)identity_new(&h, TARGET_USER, 'a', other);
	{
		autojson json_t *made = host_ok(&h, SOURCE, "refer", refer_args(&h, &s, STORY_REFER));

		(void)snprintf(s.id, sizeof(s.id), "%s", json_str(made, "id"));
	}
	host_run(&h, 30000);
	is_int((int)story_count(&h, TARGET, "referrals"), 0, "to a partner under another identity nothing goes");
	ok(story_ill(&h, SOURCE, "identities", "1 account"), "the doctor says so");
	ok(listed(TARGET_USER, listed_key, other, 1), "staff see whose, and what waits");
	ok(fails(TARGET_USER, other, "not the key of the trust list"), "no operator takes a partner's key by themselves");
	identity_show(&h, TARGET_USER, keys);
	host_run(&h, 30000);
	host_run(&h, 60000);
	is_int((int)story_count(&h, TARGET, "referrals"), 1, "once the list's own is shown again what waited goes, once");
	ok(story_well(&h, SOURCE, "identities"), "all is well again");
	ok(fails(TARGET_USER, listed_key, "has not changed") && fails(TARGET_USER, other, "has not changed"), "and there is nothing to take");
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_end(&h);
}

int
main(void)
{
	test_person();
	test_partner();
	return done_testing();
}
