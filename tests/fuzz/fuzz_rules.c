/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record says of its times, of who may come and of whose account it is, as a partner may write it, with or without
 * regard to the schema; and what somebody asks for.  {"body": a record's, "at": text, "facts": {...}}
 */
#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "base/id.h"
#include "domain/eligibility.h"
#include "domain/publication.h"
#include "domain/schedule.h"
#include "domain/when.h"
#include "domain/zone.h"
#include "events.h"
#include "fuzz.h"

const unsigned fuzz_changes = 400;

/* As in Berlin, by rule alone. */
static const char berlin[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0"
    "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\nCET-1CEST,M3.5.0,M10.5.0/3\n";
static struct zone *zone;

static void
spans(const struct schedule_span *span, size_t n, int64_t from, int64_t until, bool apart)
{
	for (size_t i = 0; i < n; i++) {
		claim(span[i].begins < span[i].ends && span[i].begins < until && span[i].ends > from);
		claim(i == 0 || (apart ? span[i].begins > span[i - 1].ends : span[i].begins >= span[i - 1].begins));
	}
}

static void
times(const json_t *json, const struct schedule_span *wanted, size_t n)
{
	struct schedule s = { .interval = -7 };
	struct schedule_span span[512];
	struct schedule_fit fit;
	struct err err = { "" };
	int64_t until = FUZZ_NOW + 100 * WHEN_DAY;
	int r = schedule_read(json, &s, &err);
	size_t all;

	claim(r == 0 || (r == E_BAD && s.interval == -7));
	fuzz_err(&err, r != 0);
	if (r != 0)
		return;
	claim(err.text[0] == '\0' && s.interval > 0);
	all = schedule_between(&s, zone, FUZZ_NOW, until, span, nelem(span));
	claim(all <= 120 && (schedule_lacks(&s, until) == NULL || all == 0));
	spans(span, all, FUZZ_NOW, until, false);
	claim(schedule_between(&s, zone, FUZZ_NOW, until, span, 1) == (all > 0));
	r = schedule_overlap(&s, zone, wanted, n, FUZZ_NOW, until, 30, &fit);
	claim(r == E_LATER ? schedule_lacks(&s, until) != NULL : fit.meets == all && fit.fits <= all && (r == 0) == (fit.longest >= 30));
}

static void
who(const json_t *body, const json_t *args)
{
	struct eligibility_facts facts = { .age = -7 };
	struct eligibility_finding found;
	struct err err = { "" };
	int r = eligibility_facts(args, &facts, &err);

	claim(r == 0 || (r == E_BAD && facts.age == -7));
	fuzz_err(&err, r != 0);
	if (r != 0)
		facts = (struct eligibility_facts){ 0 };
	eligibility_judge(body, &facts, &found);
	fuzz_err(&found.reason, true);
	claim(found.asks < 1u << ELIGIBILITY_NFACTS && (found.asks == 0 || found.answer == ELIGIBILITY_CANNOT_SAY));
	err = (struct err){ "" };
	r = eligibility_check(json_obj(body, "eligible_if"), &err);
	claim(r == 0 || r == E_BAD);
	fuzz_err(&err, r != 0);
}

static void
whose(const json_t *body)
{
	const json_t *account = json_object_get(json_obj(body, "consent"), "account");
	char text[BINDING_TEXT], words[BINDING_WORDS];
	struct binding b = { 0 }, same = { 0 };
	struct err err = { "" };
	int r = binding_read(account, FUZZ_NOW, &b, &err);

	claim(r == 0 ? id_is_user(b.user) && b.issued_at <= FUZZ_NOW + WHEN_SKEW : (r == E_BAD || r == E_REFUSED) && b.user == NULL);
	fuzz_err(&err, r != 0);
	if (r == 0) {
		claim(strlen(binding_text(&b, text)) < sizeof(text) - 1);
		claim(binding_said(text, binding_words(text, words)));
	}
	claim(publication_account(body, FUZZ_NOW, &same) != 0 || (r == 0 && same.user == b.user));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_start();
	claim(zone_parse(berlin, sizeof(berlin) - 1, &zone, NULL) == 0);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = fuzz_json(data, len);
	const json_t *body = json_obj(wish, "body");
	struct schedule windows[SCHEDULE_WINDOWS];
	struct schedule_span wanted[1024];
	struct err err = { "" };
	json_t *item;
	size_t n = 0, i;

	if (json_str(wish, "at") != NULL) {
		n = schedule_windows(json_str(wish, "at"), windows, &err);
		claim(n <= SCHEDULE_WINDOWS);
		fuzz_err(&err, n == 0);
		n = schedule_free(windows, n, zone, FUZZ_NOW, FUZZ_NOW + 100 * WHEN_DAY, wanted, nelem(wanted));
		spans(wanted, n, FUZZ_NOW, FUZZ_NOW + 100 * WHEN_DAY, true);
	}
	json_array_foreach(json_arr(body, "schedules"), i, item)
		times(item, wanted, n);
	who(body, json_obj(wish, "facts"));
	whose(body);
	return 0;
}
