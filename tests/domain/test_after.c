/* SPDX-License-Identifier: Apache-2.0 */
/* What comes after a match: questionnaires counted as published, and an agreement that two sign. */
#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/agreement.h"
#include "domain/measure.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

static json_t *list;

/* The shipped list against what the authors publish: range, direction, cut-offs. */
static const struct {
	const char	*measure, *items;
	long long	 score;		/* -1: refused. */
	const char	*says;		/* It begins so. */
	int		 alarm;
} scores[] = {
	/* WHO: raw 0-25, times 4; at 50 and below, wellbeing is low (13 of 25 is above). */
	{ "who-5", "[5,5,5,5,5]", 100, "wellbeing not low", 0 },
	{ "who-5", "[0,0,0,0,0]", 0, "low wellbeing", 0 },
	{ "who-5", "[3,3,2,2,2]", 48, "low wellbeing", 0 },
	{ "who-5", "[3,3,3,2,2]", 52, "wellbeing not low", 0 },
	{ "who-5", "[3,3,3,2,-1]", -1, NULL, 0 },
	{ "who-5", "[3,3,3,2]", -1, NULL, 0 },
	{ "who-5", "[3,3,3,2,6]", -1, NULL, 0 },
	/* Vilsaint and others 2017: 10-60, cut-off 47. */
	{ "barc-10", "[6,6,6,6,6,6,6,6,6,6]", 60, "as much", 0 },
	{ "barc-10", "[1,1,1,1,1,1,1,1,1,1]", 10, "less", 0 },
	{ "barc-10", "[5,5,5,5,5,5,5,4,4,3]", 46, "less", 0 },
	{ "barc-10", "[5,5,5,5,5,5,5,4,4,4]", 47, "as much", 0 },
	{ "barc-10", "[5,5,5,5,5,5,5,4,4,0]", -1, NULL, 0 },
	/* Kroenke and others 2001: 0-27; 5, 10, 15, 20; the ninth item asks for more than a score. */
	{ "phq-9", "[3,3,3,3,3,3,3,3,3]", 27, "severe", 1 },
	{ "phq-9", "[0,0,0,0,0,0,0,0,0]", 0, "few", 0 },
	{ "phq-9", "[1,1,1,1,0,0,0,0,0]", 4, "few", 0 },
	{ "phq-9", "[1,1,1,1,1,0,0,0,0]", 5, "mild", 0 },
	{ "phq-9", "[2,2,2,2,1,0,0,0,0]", 9, "mild", 0 },
	{ "phq-9", "[2,2,2,2,2,0,0,0,0]", 10, "moderate:", 0 },
	{ "phq-9", "[2,2,2,2,2,2,2,0,0]", 14, "moderate:", 0 },
	{ "phq-9", "[2,2,2,2,2,2,2,1,0]", 15, "moderately severe", 0 },
	{ "phq-9", "[3,3,3,3,3,3,1,0,0]", 19, "moderately severe", 0 },
	{ "phq-9", "[3,3,3,3,3,3,2,0,0]", 20, "severe", 0 },
	{ "phq-9", "[0,0,0,0,0,0,0,0,1]", 1, "few", 1 },
	{ "phq-9", "[1,1,1,1,0,0,0,0,-1]", 5, "mild", 0 },	/* 4.5 */
	{ "phq-9", "[1,1,1,1,1,1,1,-1,-1]", 9, "mild", 0 },
	{ "phq-9", "[1,1,1,1,1,1,2,-1,-1]", 10, "moderate:", 0 },
	{ "phq-9", "[1,1,1,1,1,1,-1,-1,-1]", -1, NULL, 0 },
	/* Too little to count, and still heard. */
	{ "phq-9", "[-1,-1,-1,-1,-1,-1,-1,-1,2]", -1, NULL, 1 },
	/* 2003: cut-off 3 of 6.  Spitzer and others 2006: 5, 10, 15 of 21.  Hughes and others 2004: 3-9, Steptoe and others 2013: 6. */
	{ "phq-2", "[1,1]", 2, "few", 0 }, { "phq-2", "[1,2]", 3, "ask the longer", 0 },
	{ "gad-7", "[1,1,1,1,0,0,0]", 4, "few", 0 }, { "gad-7", "[2,2,1,0,0,0,0]", 5, "mild", 0 }, { "gad-7", "[3,3,3,1,0,0,0]", 10, "moderate", 0 },
	{ "gad-7", "[3,3,3,3,3,0,0]", 15, "severe", 0 }, { "gad-7", "[3,3,3,3,3,3,3]", 21, "severe", 0 },
	{ "ucla-3", "[2,2,1]", 5, "not lonely", 0 }, { "ucla-3", "[2,2,2]", 6, "lonely", 0 }, { "ucla-3", "[0,2,2]", -1, NULL, 0 },
	{ "hope", "[10]", 10, "as the person", 0 }, { "hospital", "[91]", -1, NULL, 0 },
	{ "custody", "[12]", 12, "as the person", 0 }, { "custody", "[91]", -1, NULL, 0 },
};

static void
test_scores(void)
{
	for (size_t i = 0; i < nelem(scores); i++) {
		autojson json_t *items = json_of(scores[i].items);
		struct measure_score s = { .score = -1 };
		struct err why = { "" };
		int r = measure_score(measure_find(list, scores[i].measure), items, &s, &why);

		ok(s.alarm == (scores[i].alarm != 0) && (scores[i].says == NULL ? r == E_BAD && why.text[0] != '\0' : r == 0 &&
		    s.score == scores[i].score && strncmp(s.says, scores[i].says, strlen(scores[i].says)) == 0), "%s %s: %lld, %s",
		    scores[i].measure, scores[i].items, s.score, r == 0 ? s.says : why.text);
	}
	ok(measure_find(list, "x") == NULL && measure_find(list, NULL) == NULL, "what is not on the list is not counted");
}

#define ONE	"'id':'x-1','name':'X','about':'x','items':2,'from':1,'to':3,'reversed':[2],'times':2,'missing':1,'better':'lower',"	\
    "'cuts':[{'from':4,'says':'a'},{'from':12,'says':'b'}],'alarm':[{'item':2,'from':3}],'source':'https://x.example/',"	\
    "'review':{'by':'x','day':'2026-11-21','due':'2026-11-22'}"

static const struct { const char *change, *says; } bad[] = {
	{ "'id':'XX'", "measures[0]: id" }, { "'to':1", "measures[0]: to" }, { "'missing':2", "measures[0]: missing" }, { "'reversed':[3]", "measures[0]: reversed" },
	{ "'cuts':[{'from':3,'says':'a'}]", "measures[0]: cuts" }, { "'cuts':[{'from':4,'says':'a'},{'from':4,'says':'b'}]", "measures[0]: cuts" },
	{ "'cuts':[{'from':4,'says':'a'},{'from':13,'says':'b'}]", "measures[0]: cuts" }, { "'alarm':[{'item':3,'from':1}]", "measures[0]: alarm" },
	{ "'ask':['x']", "measures[0]: ask" }, { "'scale':['a','b']", "measures[0]: scale" },
	{ "'alarm':[{'item':1,'from':0}]", "measures[0]: alarm" }, { "'alarm':[{'item':1,'from':4}]", "measures[0]: alarm" }, { "'items':0", "/measures/0/items" },
};

static void
test_lists(void)
{
	autojson json_t *one = json_of("{'v':1,'measures':[{" ONE "}]}"), *twice = json_of("{'v':1,'measures':[{" ONE "},{" ONE "}]}"), *items = json_of("[3,1]"),
	    *worded = json_of("{'v':1,'measures':[{" ONE "}]}"), *half = json_of("[2,-1]");
	struct measure_score s;
	struct err why = { "" };

	ok(measure_check(list, &why) == 0, "the list that is shipped is good %s", why.text);
	ok(measure_check(one, NULL) == 0, "so is another");
	(void)json_object_set_new(json_array_get(json_arr(worded, "measures"), 0), "ask", json_pack("[s, s]", "How?", "Where?"));
	(void)json_object_set_new(json_array_get(json_arr(worded, "measures"), 0), "scale", json_pack("[s, s, s]", "a", "b", "c"));
	ok(measure_check(worded, &why) == 0, "also with its words %s", why.text);
	ok(measure_check(twice, &why) == E_BAD && strstr(why.text, "measures[1]: id") != NULL, "not with the same id twice");
	ok(measure_score(measure_find(one, "x-1"), items, &s, NULL) == 0 && s.score == 12 && !s.alarm, "an item counted the other way round, and times 2");
	ok(measure_score(measure_find(one, "x-1"), half, &s, NULL) == 0 && s.score == 8, "one left out counts as the other");
	for (size_t i = 0; i < nelem(bad); i++) {
		char text[1024];
		autojson json_t *doc = json_of("{'v':1,'measures':[{" ONE "}]}"), *change;

		(void)snprintf(text, sizeof(text), "{%s}", bad[i].change);
		change = json_of(text);
		(void)json_object_update(json_array_get(json_arr(doc, "measures"), 0), change);
		ok(measure_check(doc, &why) == E_BAD && strncmp(why.text, bad[i].says, strlen(bad[i].says)) == 0, "%s is refused: %s", bad[i].change, why.text);
	}
}

static void
test_agreement(void)
{
	autojson json_t *terms = json_of("{'scope':'Talk','hours':'Days','response_hours':24,'ending':'Any time','ends_on':'2027-05-20'}"),
	    *same = json_of("{'ends_on':'2027-05-20','ending':'Any time','hours':'Days','response_hours':24,'scope':'Talk'}"),
	    *other = json_of("{'scope':'Talk','hours':'Days','response_hours':25,'ending':'Any time','ends_on':'2027-05-20'}"), *none = json_of("{'x':1}"),
	    *real = json_of("{'ends_on':'2027-05-20','x':1.5}"), *signs = json_array();
	char hash[AGREEMENT_TERMS], again[AGREEMENT_TERMS];
	struct agreement_state s;

	ok(agreement_terms(terms, hash) == 0 && agreement_terms(same, again) == 0 && strcmp(hash, again) == 0, "the order of members is no other agreement");
	ok(agreement_judge(terms, signs, "2026-11-21", &s) == 0 && !s.member && !s.specialist && !s.in_force, "nobody signed");
	(void)json_array_append_new(signs, json_pack("{s:s, s:s}", "by", "member", "terms", hash));
	(void)json_array_append_new(signs, json_pack("{s:s, s:s}", "by", "member", "terms", hash));
	(void)json_array_append_new(signs, json_pack("{s:s}", "by", "specialist"));
	(void)json_array_append_new(signs, json_pack("{s:s}", "terms", hash));
	ok(agreement_judge(terms, signs, "2026-11-21", &s) == 0 && s.member && !s.specialist && !s.in_force, "one did, twice: it is not in force");
	(void)json_array_append_new(signs, json_pack("{s:s, s:s}", "by", "coordinator", "terms", hash));
	ok(agreement_judge(terms, signs, "2026-11-21", &s) == 0 && s.member && !s.specialist && !s.in_force, "nobody signs for another");
	(void)json_array_append_new(signs, json_pack("{s:s, s:s}", "by", "specialist", "terms", hash));
	(void)json_array_append_new(signs, json_pack("{s:s, s:s}", "by", "specialist", "terms", hash));
	ok(agreement_judge(terms, signs, "2027-05-20", &s) == 0 && s.specialist && s.in_force && !s.over, "both did: in force to its last day");
	ok(agreement_judge(terms, signs, "2027-05-21", &s) == 0 && s.over && !s.in_force, "and no longer");
	ok(agreement_judge(other, signs, "2026-11-21", &s) == 0 && !s.member && !s.specialist, "an hour more is another agreement, which nobody signed");
	ok(agreement_judge(none, signs, "2026-11-21", &s) == E_BAD && agreement_judge(real, signs, "2026-11-21", &s) == E_BAD, "what is none");
}

int
main(void)
{
	list = json_source("docs/examples/measures.json");
	test_scores();
	test_lists();
	test_agreement();
	json_decref(list);
	return done_testing();
}
