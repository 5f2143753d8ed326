/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/match.h"
#include "domain/schedule.h"
#include "domain/when.h"
#include "domain/zone.h"
#include "tests/domain/faults.h"
#include "tests/domain/quoted.h"
#include "tests/domain/tzif.h"
#include "tests/tap.h"

#define NOW		1795230245678LL		/* 2026-11-21 */
#define BIT(name)	(1u << MATCH_##name)
#define WISH		"'need':'substance_use','age_band':'26_59'"

/* Rosa: what every row begins with. */
#define ROSA		"{'alias':'Rosa','program':'PROG','roles':['one_to_one','mentor'],'languages':['en','es-MX'],'conditions':['alcohol'],"	\
    "'audiences':['adults','veterans'],'age_bands':['18_25','26_59'],'modalities':['phone','online_text'],'pathways':['harm_reduction'],"	\
    "'cultures':['Caribbean'],'practice_models':['mutual_aid'],'session_types':['skills'],'about':'Gardens, chess (and tea).',"	\
    "'times':['weekday_evening','night'],'boundaries':{'response_hours':24},'capacity':{'open':9,'maximum':12,'updated_at':1795200000000}}"
#define SUBJECT		"{'kind':['substance_use','youth'],'jurisdiction':['US-NJ','DE','US-N'],'reciprocity':['US-PA'],'scope':['one_to_one']}"

static json_t *
merged(const char *base, const char *change)
{
	json_t *ret = json_of(base);
	autojson json_t *patch = json_of(change);
	const char *key;
	json_t *value;

	if (ret == NULL || patch == NULL)
		abort();
	json_object_foreach(patch, key, value) {
		if (json_is_null(value))
			(void)json_object_del(ret, key);
		else
			(void)json_object_set(ret, key, value);
	}
	return ret;
}

struct row {
	const char	*name, *wish, *change;		/* Of the wish; of Rosa. */
	unsigned	 excluded;
	int		 score;
	const char	*says;				/* In a line, or in why; with a "!": in none.  NULL: not looked for. */
	struct match_candidate with;
	const char	*statement;
};

/* 20 for the need, 20 certified, -10 for 3 of 12. */
enum { BASE = 30 };
#define CERT	.with = { .verdict = CREDENTIAL_CERTIFIED }
#define NOCERT	.with = { .verdict = CREDENTIAL_UNCERTIFIED }
#define UNREAD	.with = { .verdict = CREDENTIAL_UNCERTIFIED, .unread = true }

static const struct row rows[] = {
	{ "nothing more wanted", "", "{}", 0, BASE, "need: says they support alcohol", CERT, NULL },
	{ "another need", "'need':'grief'", "{}", BIT(NEED), 10, "need: says what they support, and grief is not of it", CERT, NULL },
	{ "a need by whom they support", "'need':'reentry'", "{'audiences':['justice_involved']}", 0, BASE, "justice_involved", CERT, NULL },
	{ "a need of which half is said", "'need':'reentry'", "{'audiences':null}", 0, 10, "not said whether reentry", CERT, NULL },
	{ "everyday support is anybody's", "'need':'everyday_support'", "{}", 0, 10, NULL, CERT, NULL },
	{ "a need nothing is said of", "", "{'conditions':null}", 0, 10, "ask them", CERT, NULL },
	{ "youth and no audiences", "'need':'youth'", "{'audiences':['adults']}", BIT(NEED), 10, NULL, CERT, NULL },
	{ "a language", "'language':'es'", "{}", 0, BASE, "language: es", CERT, NULL },
	{ "a narrower one", "'language':'es-ES'", "{}", BIT(LANGUAGE), BASE, "does not speak es-ES", CERT, NULL },
	{ "one that begins so", "'language':'e'", "{}", BIT(LANGUAGE), BASE, NULL, CERT, NULL },
	{ "a way to meet", "'modality':['in_person','phone']", "{}", 0, BASE, NULL, CERT, NULL },
	{ "another way", "'modality':['in_person']", "{}", BIT(MODALITY), BASE, "meets in other ways", CERT, NULL },
	{ "a role", "'role':'one_to_one'", "{}", 0, BASE, NULL, CERT, NULL },
	{ "a role the credential does not cover", "'role':'mentor'", "{}", BIT(ROLE), BASE, "does not cover mentor", CERT, NULL },
	{ "nor do they", "'role':'advocate'", "{}", BIT(ROLE), BASE, "does not work as advocate", CERT, NULL },
	{ "uncertified, any role", "'role':'mentor'", "{}", 0, 10, NULL, NOCERT, NULL },
	{ "a time", "'time':['weekday_evening','weekend_morning']", "{}", 0, BASE + 10, "1 common times of the week, by the specialist's own clock, since the member's time zone is not known here", CERT, NULL },
	{ "another time", "'time':['weekday_morning']", "{}", BIT(TIMES), BASE, "when the member has not, by the specialist's own clock, since", CERT, NULL },
	{ "times not said", "'time':['weekday_morning']", "{'times':null}", 0, BASE, "times: not said", CERT, NULL },
	{ "an hour at a stretch", "'at':'Tue 16:00-18:00','minutes':'60'", "{}", 0, BASE + 10, "60 minutes", CERT, NULL },
	{ "a minute more", "'at':'Tue 16:00-18:00','minutes':'61'", "{}", BIT(TIMES), BASE, "61 minutes at a stretch are wanted, 60", CERT, NULL },
	{ "half an hour if not said", "'at':'Tue 16:00-17:29'", "{}", BIT(TIMES), BASE, "30 minutes", CERT, NULL },
	{ "over two slots", "'at':'Mon 20:00-23:30','minutes':'210'", "{}", 0, BASE + 10, "210 minutes", CERT, NULL },
	{ "over midnight and the end of the week", "'at':'Sun 22:30-01:00','minutes':'150'", "{}", 0, BASE + 10, "150 minutes", CERT, NULL },
	{ "over the weekend's evening it is cut", "'at':'Sat 20:00-23:00','minutes':'61'", "{}", BIT(TIMES), BASE, "60 are common, by the specialist's own clock, since", CERT, NULL },
	{ "the whole week", "'at':'daily 00:00-24:00','minutes':'1440'", "{'times':['weekday_morning','weekday_afternoon','weekday_evening','night',"
	  "'weekend_morning','weekend_afternoon','weekend_evening']}", 0, BASE + 10, "10080 minutes", CERT, NULL },
	{ "no place", "", "{'capacity':{'open':0,'maximum':12,'updated_at':1795200000000}}", BIT(PLACES), 0, "no place is free: supports 12", CERT, NULL },
	{ "places taken here since", "", "{}", BIT(PLACES), 0, "supports 12",
	  .with = { .verdict = CREDENTIAL_CERTIFIED, .active = 9, .since = 9 }, NULL },
	{ "more taken here than they say", "", "{}", 0, 20, "load: supports 6 of 12", .with = { .verdict = CREDENTIAL_CERTIFIED, .active = 6 }, NULL },
	{ "all taken here, whatever they say", "", "{}", BIT(PLACES), 0, "supports 12", .with = { .verdict = CREDENTIAL_CERTIFIED, .active = 14 }, NULL },
	{ "no maximum", "", "{'capacity':{'open':2,'updated_at':1795200000000}}", 0, 20, "supports 4 of 8, as many as are supposed",
	  .with = { .verdict = CREDENTIAL_CERTIFIED, .active = 4 }, NULL },
	{ "no maximum never excludes", "", "{'capacity':{'open':2,'updated_at':1795200000000}}", 0, 0, NULL,
	  .with = { .verdict = CREDENTIAL_CERTIFIED, .active = 40 }, NULL },
	{ "no capacity at all", "", "{'capacity':null}", 0, 30, "said long ago", CERT, NULL },
	{ "others wait", "", "{'capacity':{'open':9,'maximum':12,'updated_at':1795200000000,'waitlist':{'waiting':2,'days':9}}}", 0, BASE - 3,
	  "others wait there: 9 days", CERT, NULL },
	{ "others wait for long", "", "{'capacity':{'open':9,'maximum':12,'updated_at':1795200000000,'waitlist':{'waiting':2,'days':900}}}", 0,
	  BASE - 10, NULL, CERT, NULL },
	{ "nobody waits any more", "", "{'capacity':{'open':9,'maximum':12,'updated_at':1795200000000,'waitlist':{'waiting':0,'days':9}}}", 0, BASE,
	  NULL, CERT, NULL },
	{ "said long ago", "", "{'capacity':{'open':9,'maximum':12,'updated_at':1790000000000}}", 0, BASE - 10, "said long ago", CERT, NULL },
	{ "an old record", "", "{}", 0, BASE - 10, "record is old", .with = { .verdict = CREDENTIAL_CERTIFIED, .stale = true }, NULL },
	{ "uncertified is said", "", "{}", 0, 10, "not certified", NOCERT, NULL },
	{ "a volunteer plainly", "", "{'volunteer':true}", 0, 10, "a volunteer, not certified", NOCERT, NULL },
	{ "certified wanted", "'certified':true", "{}", BIT(CERTIFIED), 10, "is not certified", NOCERT, NULL },
	{ "certified wanted and there", "'certified':true", "{}", 0, BASE, NULL, CERT, NULL },
	{ "a credential that was revoked", "", "{}", BIT(CREDENTIAL), 10, "credential: it was revoked",
	  .with = { .verdict = CREDENTIAL_REVOKED, .certification = "it was revoked" }, NULL },
	{ "a credential that was not looked at", "'certified':true,'role':'mentor'", "{'credential':{'credentialSubject':{}}}", 0, 10, "!ertified", UNREAD, NULL },
	{ "nor where it holds", "'residence':'US-NJ'", "{'credential_id':'X'}", 0, 10, "!ertified", UNREAD, NULL },
	{ "it claims to hold there", "'residence':'US-NJ'", "{'credential':{}}", 0, 10, "!ertified", UNREAD, NULL },
	{ "in a part of it", "'residence':'US'", "{'credential':{}}", 0, 10, "!ertified", UNREAD, NULL },
	{ "it does not even claim to", "'residence':'US-NY'", "{'credential':{}}", BIT(JURISDICTION), 10, "is not certified for US-NY", UNREAD, NULL },
	{ "certified for it", "", "{}", 0, BASE, "certified for substance_use", CERT, NULL },
	{ "certified for something else", "'need':'mental_health'", "{'conditions':['anxiety']}", 0, 10,
	    "not certified for mental_health: the credential is for substance_use, youth", CERT, NULL },
	{ "and certified is wanted", "'need':'mental_health','certified':true", "{'conditions':['anxiety']}", BIT(CERTIFIED), 10,
	    "certified: is not certified for mental_health: the credential is for substance_use, youth", CERT, NULL },
	{ "for those whom they care for", "'need':'family_caregiver','certified':true", "{'audiences':['parents']}", BIT(CERTIFIED), 10, NULL, CERT, NULL },
	{ "for the young", "'need':'youth','certified':true", "{'audiences':['youth']}", 0, BASE, "certified for youth", CERT, NULL },
	{ "a long illness", "'need':'chronic_illness','certified':true", "{'conditions':['cancer']}", BIT(CERTIFIED), 10, NULL, CERT, NULL },
	{ "nobody certifies for grief apart", "'need':'grief','certified':true", "{'conditions':['grief']}", 0, BASE, "\"certified\"", CERT, NULL },
	{ "nor for reentry", "'need':'reentry','certified':true", "{'audiences':['justice_involved']}", 0, BASE, "\"certified\"", CERT, NULL },
	{ "not looked at, and not even claimed", "'need':'mental_health','certified':true", "{'conditions':['anxiety'],'credential':{}}", BIT(CERTIFIED), -10 + 20,
	    "is not certified for mental_health", UNREAD, NULL },
	{ "not looked at, nor wanted", "'need':'mental_health'", "{'conditions':['anxiety'],'credential':{}}", 0, 10, "!ertified", UNREAD, NULL },
	{ "the program has it", "'accessibility':['captions','childcare']", "{}", 0, BASE, "accessibility: childcare", CERT, NULL },
	{ "the place of the program has it", "'accessibility':['wheelchair']", "{}", 0, BASE, "accessibility: wheelchair", CERT, NULL },
	{ "each is wanted", "'accessibility':['captions','interpreter']", "{}", BIT(ACCESS), BASE,
	    "accessibility: neither they nor their program say that they offer interpreter", CERT, NULL },
	{ "what they say themselves counts, and not the program", "'accessibility':['captions']", "{'accessibility':['quiet_space']}", BIT(ACCESS), BASE, NULL, CERT, NULL },
	{ "who is elsewhere borrows nothing", "'accessibility':['captions']", "{'location':{'visibility':'public'}}", BIT(ACCESS), BASE, NULL, CERT, NULL },
	{ "where it holds", "'residence':'US-NJ'", "{}", 0, BASE, NULL, CERT, NULL },
	{ "where the issuer says that others accept it", "'residence':'US-PA'", "{}", BIT(JURISDICTION), BASE,
	    "is not certified for US-PA; the issuer says that it is accepted there", CERT, NULL },
	{ "in a part of where it holds", "'residence':'DE-BE'", "{}", 0, BASE, NULL, CERT, NULL },
	{ "elsewhere", "'residence':'US-NY'", "{}", BIT(JURISDICTION), BASE, "where the credential holds: is not certified for US-NY", CERT, NULL },
	{ "somewhere in a country where it holds in a part", "'residence':'US'", "{}", 0, BASE, "certified for a part of US, not for all of it", CERT, NULL },
	{ "somewhere in a country where it holds nowhere", "'residence':'FR'", "{}", BIT(JURISDICTION), BASE, "is not certified for FR", CERT, NULL },
	{ "another age", "'age_band':'60_plus'", "{}", BIT(AGE) | BIT(ELIGIBLE), BASE, "supports other ages", CERT, NULL },
	{ "ages not said", "'age_band':'60_plus'", "{'age_bands':null}", 0, BASE, NULL, CERT, NULL },
	{ "for minors they must be", "'age_band':'13_17'", "{'age_bands':null}", BIT(AGE), BASE, "does not say that they support minors", CERT, NULL },
	{ "and then it is well", "'age_band':'13_17'", "{'age_bands':['13_17']}", 0, BASE, NULL, CERT, NULL },
	{ "a rule for part of a band", "", "{'eligible_if':{'all':[{'all':[{'kind':'age','age_from':30000}]}]}}", 0, BASE, "to be asked: the age",
	  CERT, NULL },
	{ "and the age", "'age':'29'", "{'eligible_if':{'all':[{'all':[{'kind':'age','age_from':30000}]}]}}", BIT(ELIGIBLE), BASE, "who may come: ",
	  CERT, NULL },
	{ "a rule for none of a band", "", "{'eligible_if':{'all':[{'all':[{'kind':'age','age_from':60000}]}]}}", BIT(ELIGIBLE), BASE, NULL, CERT, NULL },
	{ "a rule about what is not known", "", "{'eligible_if':{'all':[{'all':[{'kind':'identity','identities':['women']}]}]}}", 0, BASE,
	  "who may come: to be asked: ", CERT, NULL },
	{ "a rule by age or by what is not known", "", "{'eligible_if':{'all':[{'any':[{'kind':'age','age_from':30000},"
	  "{'kind':'identity','identities':['women']}]}]}}", 0, BASE, "who may come: to be asked: ", CERT, NULL },
	{ "the same for the young of a band", "", "{'eligible_if':{'all':[{'any':[{'kind':'age','age_below':30000},"
	  "{'kind':'identity','identities':['women']}]}]}}", 0, BASE, "who may come: to be asked: ", CERT, NULL },
	{ "an age that fits", "'age':'31'", "{'eligible_if':{'all':[{'all':[{'kind':'age','age_from':30000}]}]}}", 0, BASE, NULL, CERT, NULL },
	{ "the first of two ways", "'modality':['phone','in_person']", "{}", 0, BASE, NULL, CERT, NULL },
	{ "a conflict of another", "'conflict':['X']", "{}", 0, BASE, NULL, CERT, NULL },
	{ "no program", "'avoid':['X']", "{'program':null}", 0, BASE, NULL, CERT, NULL },
	{ "not from here, nor there", "'not_town':['Newark','Trenton']", "{}", BIT(TOWN), BASE, "is from there", CERT, NULL },
	{ "only women or men", "'only':['women','men']", "{}", 0, BASE, NULL, CERT, "{'readers':'anyone','audiences':['women']}" },
	{ "not her", "'avoid':['ROSA']", "{}", BIT(AVOID), BASE, "asked not to be proposed", CERT, NULL },
	{ "not her program", "'avoid':['PROG']", "{}", BIT(AVOID), BASE, NULL, CERT, NULL },
	{ "not her organization", "'avoid':['ORG']", "{}", BIT(AVOID), BASE, NULL, CERT, NULL },
	{ "somebody else", "'avoid':['X']", "{}", 0, BASE, NULL, CERT, NULL },
	{ "not whoever goes by that name", "'avoid':['nelle']", "{'alias':'Nell\u00e9 M.'}", BIT(AVOID), BASE, "asked not to be proposed", CERT, NULL },
	{ "by both words of it", "'avoid':['M ROSA']", "{'alias':'Ros\u00e1 M.'}", BIT(AVOID), BASE, NULL, CERT, NULL },
	{ "whose name has only one of the words", "'avoid':['Rosa K.']", "{'alias':'Rosa M.'}", 0, BASE, NULL, CERT, NULL },
	{ "whose name only begins so", "'avoid':['Ros']", "{}", 0, BASE, NULL, CERT, NULL },
	{ "a name without a word", "'avoid':['--']", "{'alias':'M.'}", 0, BASE, NULL, CERT, NULL },
	{ "not her, whoever publishes her", "'avoid':['did:key:zRosa']", "{'did':'did:key:zRosa'}", BIT(AVOID), BASE, NULL, CERT, NULL },
	{ "a conflict with somebody of a name", "'conflict':['NELL']", "{'alias':'Nell'}", BIT(CONFLICT), BASE, "has one", CERT, NULL },
	{ "not from here, written otherwise", "'not_town':['  N\u00c9WARK. ']", "{}", BIT(TOWN), BASE, "is from there", CERT, NULL },
	{ "from a town whose name is longer", "'not_town':['New', 'Newark Heights']", "{}", 0, BASE, NULL, CERT, NULL },
	{ "a conflict", "'conflict':['ROSA']", "{}", BIT(CONFLICT), BASE, "has one", CERT, NULL },
	{ "not from here", "'not_town':['Newark']", "{}", BIT(TOWN), BASE, "is from there", CERT, NULL },
	{ "from elsewhere", "'not_town':['Trenton']", "{}", 0, BASE, NULL, CERT, NULL },
	{ "only women, and she says so", "'only':['women']", "{}", 0, BASE, NULL, CERT, "{'readers':'members','audiences':['women']}" },
	{ "and tells only staff", "'only':['women']", "{}", BIT(ONLY), BASE, "does not say to be one", CERT, "{'readers':'staff','audiences':['women']}" },
	{ "and says something else", "'only':['women']", "{}", BIT(ONLY), BASE, "does not say to be one", CERT, "{'readers':'anyone','audiences':['men']}" },
	{ "and says nothing", "'only':['women','men']", "{}", BIT(ONLY), BASE, "does not say to be one", CERT, NULL },
	{ "a first preference counts twice", "'prefer':['culture=caribbean']", "{}", 0, BASE + 30, "matched: culture caribbean, named first", CERT, NULL },
	{ "a second once", "'prefer':['pathway=abstinence','culture=Caribbean']", "{}", 0, BASE + 15, "missing: pathway abstinence", CERT, NULL },
	{ "experience that is told", "'prefer':['town=x','experience=grief']", "{}", 0, BASE + 30, "matched: experience grief", CERT,
	  "{'readers':'members','conditions':['grief']}" },
	{ "an identity that is told", "'prefer':['town=x','identity=veterans']", "{}", 0, BASE + 20, "matched: identity veterans", CERT,
	  "{'readers':'members','audiences':['veterans']}" },
	{ "whom they support", "'prefer':['audience=veterans']", "{}", 0, BASE + 30, NULL, CERT, NULL },
	{ "condition", "'prefer':['condition=alcohol']", "{}", 0, BASE + 30, NULL, CERT, NULL },
	{ "language", "'prefer':['language=es']", "{}", 0, BASE + 30, NULL, CERT, NULL },
	{ "practice", "'prefer':['practice=mutual_aid']", "{}", 0, BASE + 20, NULL, CERT, NULL },
	{ "session", "'prefer':['session=skills']", "{}", 0, BASE + 20, NULL, CERT, NULL },
	{ "role", "'prefer':['role=mentor']", "{}", 0, BASE + 20, NULL, CERT, NULL },
	{ "modality", "'prefer':['modality=phone']", "{}", 0, BASE + 20, NULL, CERT, NULL },
	{ "time", "'prefer':['time=night']", "{}", 0, BASE + 20, NULL, CERT, NULL },
	{ "interest", "'prefer':['interest=chess']", "{}", 0, BASE + 16, NULL, CERT, NULL },
	{ "interest behind a bracket", "'prefer':['interest=and']", "{}", 0, BASE + 16, NULL, CERT, NULL },
	{ "interest within a word", "'prefer':['interest=hess']", "{}", 0, BASE, NULL, CERT, NULL },
	{ "interest and nothing told", "'prefer':['interest=chess']", "{'about':null}", 0, BASE, NULL, CERT, NULL },
	{ "an answer in time", "'prefer':['response=24']", "{}", 0, BASE + 20, NULL, CERT, NULL },
	{ "not in time", "'prefer':['response=23']", "{}", 0, BASE, NULL, CERT, NULL },
	{ "nor said", "'prefer':['response=720']", "{'boundaries':null}", 0, BASE, NULL, CERT, NULL },
	{ "town", "'prefer':['town=newark']", "{}", 0, BASE + 20, NULL, CERT, NULL },
	{ "organization", "'prefer':['organization=ORG']", "{}", 0, BASE + 20, NULL, CERT, NULL },
	{ "as old", "'prefer':['town=x','age=36_45']", "{}", 0, BASE + 10, "matched: age 36_45", CERT, "{'readers':'members','age_group':'36_45'}" },
	{ "as old, named first", "'prefer':['age=75_plus']", "{}", 0, BASE + 20, "matched: age 75_plus, named first", CERT, "{'readers':'members','age_group':'75_plus'}" },
	{ "nearly as old", "'prefer':['town=x','age=36_45']", "{}", 0, BASE + 5, "nearly matched: age 36_45", CERT, "{'readers':'members','age_group':'46_59'}" },
	{ "nearly as old, the younger", "'prefer':['age=36_45']", "{}", 0, BASE + 10, "nearly matched: age 36_45, named first", CERT,
	  "{'readers':'members','age_group':'26_35'}" },
	{ "much older", "'prefer':['age=18_25']", "{}", 0, BASE, NULL, CERT, "{'readers':'members','age_group':'36_45'}" },
	{ "near", "'near':'40.7357,-74.1724','prefer':['distance=3']", "{}", 0, BASE + 20, "matched: distance, 0 km, of at most 3, named first", CERT, NULL },
	{ "as near as is wanted", "'near':'40.7000,-74.1000','prefer':['town=x','distance=8']", "{}", 0, BASE + 10, "matched: distance, 7 km, of at most 8", CERT, NULL },
	{ "nearly", "'near':'40.7000,-74.1000','prefer':['town=x','distance=4']", "{}", 0, BASE + 5, "nearly matched: distance, 7 km, of at most 4", CERT, NULL },
	{ "far", "'near':'40.7000,-74.1000','prefer':['distance=3']", "{}", 0, BASE, "missing: distance, 7 km, of at most 3", CERT, NULL },
	{ "how they talk", "'prefer':['style=direct']", "{'styles':['gentle','direct']}", 0, BASE + 20, "matched: style direct, named first", CERT, NULL },
	{ "another way of talking", "'prefer':['style=direct']", "{'styles':['gentle']}", 0, BASE, "missing: style direct", CERT, NULL },
	{ "how they talk is not said", "'prefer':['style=direct']", "{}", 0, BASE, "not said, ask them: style direct", CERT, NULL },
	{ "how often", "'prefer':['town=x','frequency=weekly']", "{'frequencies':['biweekly','weekly']}", 0, BASE + 10, "matched: frequency weekly", CERT, NULL },
	{ "less often", "'prefer':['frequency=weekly']", "{'frequencies':['biweekly']}", 0, BASE, "missing: frequency weekly", CERT, NULL },
	{ "how often is not said", "'prefer':['frequency=weekly']", "{}", 0, BASE, "not said, ask them: frequency weekly", CERT, NULL },
	{ "they met before", "'known':['ROSA']", "{}", 0, BASE + 25, "it went well", CERT, NULL },
	{ "another met before", "'known':['ANA']", "{}", 0, BASE, NULL, CERT, NULL },
};

static const char newark_file[] = TZIF_HEAD TZIF_HEAD "\nEST5EDT,M3.2.0,M11.1.0\n";
static struct zone *berlin, *newark;
static int64_t moment = NOW;
static const char *program_of_hers = "{'accessibility':['captions','childcare'],'locations':[{'visibility':'redacted','locality':'Elizabeth','latitude_e6':40700000,'longitude_e6':-74100000},"
    "{'visibility':'public','locality':'Newark','latitude_e6':40735700,'longitude_e6':-74172400,'accessibility':['wheelchair']}]}";

/* As the machine's files would give it. */
static const struct zone *
zone_named(const char *name)
{
	return name == NULL ? NULL : strcmp(name, "Europe/Berlin") == 0 ? berlin : strcmp(name, "America/New_York") == 0 ? newark : NULL;
}

static int
judge(const char *wish, const char *change, struct match_candidate with, const char *statement, struct match_finding *ret)
{
	char text[1024];
	autojson json_t *body = merged(ROSA, change), *subject = json_of(SUBJECT), *program = json_of(program_of_hers), *args, *told;
	struct eligibility_finding rules;
	struct match_wish w;
	struct err why = { "" };

	(void)snprintf(text, sizeof(text), "{%s}", wish);
	args = merged("{" WISH "}", text);
	told = statement != NULL ? json_of(statement) : NULL;
	if (match_wish_read(args, &w, &why) != 0) {
		printf("# %s\n", why.text);
		return E_BAD;
	}
	with.org = "ORG";
	with.id = "ROSA";
	with.body = body;
	with.subject = subject;
	with.program = json_is_object(program) ? program : NULL;
	match_may_come(&w, with.program, &rules);
	with.rules = with.program != NULL ? &rules : NULL;
	with.zone = zone_named(match_zone(body, program));
	if (w.zone != NULL && match_wish_zone(&w, args, zone_named(w.zone), moment) != 0)
		return -ENOMEM;
	with.statement = told;
	return match_judge(&w, &with, moment, ret);
}

static void
test_rows(void)
{
	for (size_t i = 0; i < nelem(rows); i++) {
		struct match_finding f = { 0 };
		autofree char *text = NULL;
		int sum = 0, r = judge(rows[i].wish, rows[i].change, rows[i].with, rows[i].statement, &f);

		if (!ok(r == 0 && f.excluded == rows[i].excluded, "%s", rows[i].name))
			printf("# %d, excluded %#x\n", r, f.excluded);
		if (r != 0)
			continue;
		is_int(f.score, rows[i].score, "... with its score");
		for (size_t k = 0; k < json_array_size(f.lines); k++)
			sum += (int)json_int(json_array_get(f.lines, k), "points", 999);
		ok(sum == f.score && json_array_size(f.why) == (size_t)__builtin_popcount(f.excluded), "... every point and every exclusion explained");
		text = json_dumps(f.lines, JSON_COMPACT);
		if (rows[i].says != NULL) {
			autofree char *why = json_dumps(f.why, JSON_COMPACT);

			const char *said = rows[i].says + (*rows[i].says == '!');

			if (!ok((strstr(text, said) != NULL || strstr(why, said) != NULL) == (said == rows[i].says), "... says: %s", rows[i].says))
				printf("# %s %s\n", text, why);
		}
		match_finding_free(&f);
	}
}

/* Nothing that a specialist does not tell may be in what anybody reads, nor who they tell it to be mistaken. */
static void
test_undisclosed(void)
{
	static const char wish[] = "'prefer':['town=x','experience=grief','identity=veterans','age=36_45']";
	struct match_finding silent = { 0 }, other = { 0 }, staff = { 0 };
	const struct match_candidate with = { .verdict = CREDENTIAL_CERTIFIED };
	bool told = false;

	ok(judge(wish, "{'audiences':null}", with, NULL, &silent) == 0 &&
	    judge(wish, "{'audiences':null}", with, "{'readers':'anyone','conditions':['alcohol'],'audiences':['men'],'age_group':'75_plus'}", &other) == 0,
	    "who says nothing of their life and who says something else");
	for (size_t i = 0; i < json_array_size(silent.lines); i++)
		told = told || strstr(json_str(json_array_get(silent.lines, i), "text"), "grief") != NULL || strstr(json_str(json_array_get(silent.lines, i),
		    "text"), "36_45") != NULL;
	ok(!told, "no line says that a specialist lacks what they do not tell");
	ok(json_equal(silent.lines, other.lines) && silent.score == other.score, "are told and scored alike");
	ok(judge(wish, "{}", with, "{'readers':'staff','conditions':['grief'],'audiences':['veterans'],'age_group':'46_59'}", &staff) == 0, "who tells only staff");
	for (size_t i = 0; i < json_array_size(staff.lines); i++) {
		const json_t *l = json_array_get(staff.lines, i);
		bool life = strstr(json_str(l, "text"), "grief") != NULL || strstr(json_str(l, "text"), "veterans") != NULL ||
		    strstr(json_str(l, "text"), "36_45") != NULL;

		told = told || (life && strcmp(json_str(l, "readers"), "staff") != 0);
		ok(!life || json_int(l, "points", 0) > 0, "a line counts or is silent: %s", json_str(l, "text"));
	}
	ok(!told, "has no such line for members");
	match_finding_free(&silent);
	match_finding_free(&other);
	match_finding_free(&staff);
}

/* A specialist who says nothing of who may come is for whom their program is; of one that is not known here it is to be asked. */
static void
test_rules_of_program(void)
{
	static const struct { const char *program, *change; unsigned excluded; const char *says; } of[] = {
		{ "{'minimum_age':60}", "{}", BIT(ELIGIBLE), "by a rule of their program: does not fit; wanted: age 60 or more" },
		{ "{'minimum_age':60}", "{'program':null}", 0, NULL }, { "{'minimum_age':26}", "{}", 0, NULL },
		{ "{'minimum_age':30}", "{}", 0, "by a rule of their program: to be asked: the age" }, { "{}", "{}", 0, NULL },
		{ "null", "{}", 0, "to be asked: their program" },
	};
	const char *before = program_of_hers;

	for (size_t i = 0; i < nelem(of); i++) {
		const struct match_candidate with = { .verdict = CREDENTIAL_CERTIFIED };
		struct match_finding f = { 0 };
		autofree char *said = NULL;
		int r;

		program_of_hers = of[i].program;
		r = judge("", of[i].change, with, NULL, &f);
		said = json_dumps(f.excluded != 0 ? f.why : f.lines, JSON_COMPACT);
		ok(r == 0 && f.excluded == of[i].excluded && (of[i].says != NULL ? strstr(said, of[i].says) != NULL : strstr(said, "who may come") == NULL),
		    "of %s, %s: %s", of[i].program, of[i].change, said);
		match_finding_free(&f);
	}
	program_of_hers = before;
}

/* Where they are is not said: whoever must not be a neighbour is not proposed one by chance. */
static void
test_unsaid_town(void)
{
	static const char *const silent[] = { "{}", "{'locations':[{'visibility':'public'}]}" };
	const char *before = program_of_hers;

	for (size_t i = 0; i < nelem(silent); i++) {
		struct match_finding f = { 0 };

		program_of_hers = silent[i];
		ok(judge("'not_town':['Trenton']", "{}", (struct match_candidate){ .verdict = CREDENTIAL_CERTIFIED }, NULL, &f) == 0 && f.excluded == BIT(TOWN),
		    "a town that is not said excludes");
		match_finding_free(&f);
		ok(judge("'near':'40.7357,-74.1724','prefer':['distance=3']", "{}", (struct match_candidate){ .verdict = CREDENTIAL_CERTIFIED }, NULL, &f) == 0 &&
		    f.excluded == 0 && f.score == BASE, "and a distance that is not counts for nothing");
		match_finding_free(&f);
	}
	program_of_hers = before;
}

/* Two clocks: what is compared are instants, in the days to come.  In the middle of March, Newark is in summer and Berlin is not. */
static void
test_two_zones(void)
{
	static const struct { const char *name, *wish, *change, *program, *now; unsigned excluded; int points; const char *says; } zoned[] = {
		{ "her evening is a morning", "'at':'Tue 11:00-12:00','minutes':'60'", "{'times':['weekday_evening'],'timezone':'Europe/Berlin'}", "{}",
		  "2026-11-21T03:04:05Z", 0, 10, "times: 60 minutes at a stretch, by the clocks of America/New_York and Europe/Berlin" },
		{ "a minute more", "'at':'Tue 10:59-12:00','minutes':'61'", "{'times':['weekday_evening'],'timezone':'Europe/Berlin'}", "{}",
		  "2026-11-21T03:04:05Z", BIT(TIMES), 0, "61 minutes at a stretch are wanted, 60 are common, by the clocks of America/New_York and Europe/Berlin" },
		{ "in March the same morning is an afternoon", "'at':'Tue 11:00-12:00'", "{'times':['weekday_evening'],'timezone':'Europe/Berlin'}", "{}",
		  "2026-03-10T03:04:05Z", BIT(TIMES), 0, "30 minutes at a stretch are wanted, 0 are common" },
		{ "and an hour later it is an evening", "'at':'Tue 12:00-13:00','minutes':'60'", "{'times':['weekday_evening'],'timezone':'Europe/Berlin'}", "{}",
		  "2026-03-10T03:04:05Z", 0, 10, "60 minutes" },
		{ "within two weeks clocks are put", "'at':'Tue 11:00-12:00'", "{'times':['weekday_evening'],'timezone':'Europe/Berlin'}", "{}",
		  "2026-03-20T03:04:05Z", 0, 10, "60 minutes" },
		{ "their evenings are not the same", "'at':'Tue 17:00-22:00'", "{'times':['weekday_evening'],'timezone':'Europe/Berlin'}", "{}",
		  "2026-11-21T03:04:05Z", BIT(TIMES), 0, "0 are common" },
		{ "over the end of a day", "'at':'Tue 15:00-18:00','minutes':'180'", "{'timezone':'Europe/Berlin'}", "{}", "2026-11-21T03:04:05Z", 0, 10, "180 minutes" },
		{ "a part of the day", "'time':['weekday_morning']", "{'times':['weekday_evening'],'timezone':'Europe/Berlin'}", "{}", "2026-11-21T03:04:05Z", 0, 10, "60 minutes" },
		{ "a part of the day that is none of hers", "'time':['weekend_morning']", "{'times':['weekday_evening'],'timezone':'Europe/Berlin'}", "{}",
		  "2026-11-21T03:04:05Z", BIT(TIMES), 0, "when the member has not, by the clocks of" },
		{ "both", "'time':['weekday_morning'],'at':'Tue 13:00-14:00'", "{'times':['weekday_evening'],'timezone':'Europe/Berlin'}", "{}", "2026-11-21T03:04:05Z", 0, 10,
		  "times: 60 minutes" },
		{ "by her program's clock", "'at':'Tue 11:00-12:00'", "{'times':['weekday_evening']}", "{'schedules':[{},{'timezone':'Europe/Berlin'},"
		  "{'timezone':'America/New_York'}]}", "2026-11-21T03:04:05Z", 0, 10, "and Europe/Berlin" },
		{ "her own is nearer", "'at':'Tue 11:00-12:00'", "{'times':['weekday_evening'],'timezone':'America/New_York'}",
		  "{'schedules':[{'timezone':'Europe/Berlin'}]}", "2026-11-21T03:04:05Z", BIT(TIMES), 0, "0 are common" },
		{ "one clock", "'at':'Tue 18:00-19:00'", "{'times':['weekday_evening'],'timezone':'america/new_york'}", "{}", "2026-11-21T03:04:05Z", 0, 10,
		  "60 minutes at a stretch, by the specialist's own clock" },
		{ "a clock that is not said", "'at':'Tue 11:00-12:00'", "{'times':['weekday_evening']}", "{}", "2026-11-21T03:04:05Z", 0, 0, "times: in which time zone is not said" },
		{ "one that nobody knows", "'at':'Tue 11:00-12:00'", "{'times':['weekday_evening'],'timezone':'Mars/Olympus'}", "{}", "2026-11-21T03:04:05Z", 0, 0,
		  "does not know their time zone Mars/Olympus" },
		{ "no times", "'at':'Tue 11:00-12:00'", "{'times':null,'timezone':'Europe/Berlin'}", "{}", "2026-11-21T03:04:05Z", 0, 0, "times: not said" },
	};
	const char *before = program_of_hers;

	if (zone_parse(berlin_file, sizeof(berlin_file) - 1, &berlin, NULL) != 0 || zone_parse(newark_file, sizeof(newark_file) - 1, &newark, NULL) != 0)
		abort();
	for (size_t i = 0; i < nelem(zoned); i++) {
		autofree char *why = NULL, *text = NULL;
		struct match_finding f = { 0 }, other = { 0 };
		char wish[200];

		(void)snprintf(wish, sizeof(wish), "%s,'zone':'America/New_York'", zoned[i].wish);
		program_of_hers = zoned[i].program;
		if (when_parse(zoned[i].now, &moment) != 0 || judge(wish, zoned[i].change, (struct match_candidate){ .verdict = CREDENTIAL_CERTIFIED }, NULL, &f) != 0 ||
		    judge("", zoned[i].change, (struct match_candidate){ .verdict = CREDENTIAL_CERTIFIED }, NULL, &other) != 0)
			abort();
		ok(f.excluded == zoned[i].excluded && f.score == other.score + zoned[i].points, "%s", zoned[i].name);
		why = json_dumps(f.why, JSON_COMPACT);
		text = json_dumps(f.lines, JSON_COMPACT);
		if (!ok(strstr(why, zoned[i].says) != NULL || strstr(text, zoned[i].says) != NULL, "... says: %s", zoned[i].says))
			printf("# %#x %d %s %s\n", f.excluded, f.score, why, text);
		match_finding_free(&f);
		match_finding_free(&other);
	}
	program_of_hers = before;
	moment = NOW;
}

/* Letters of any length stand whole in the lines, however long these are. */
static void
test_long(void)
{
	char signs[4 * 75 + 1] = "", wish[400];
	bool good = true;

	for (int i = 0; i < 75; i++)
		(void)strcat(signs, "\xF0\x9F\x98\xB4");
	for (int shift = 0; shift < 4; shift++) {
		const struct match_candidate with = { .verdict = CREDENTIAL_REVOKED, .certification = signs };
		struct match_finding f = { 0 };

		(void)snprintf(wish, sizeof(wish), "'prefer':['town=%.*s%s']", shift, "aaa", signs);
		good &= judge(wish, "{}", with, NULL, &f) == 0 && f.excluded == BIT(CREDENTIAL) && strstr(json_string_value(json_array_get(f.why, 0)), signs) != NULL;
		good &= strstr(json_str(json_array_get(f.lines, json_array_size(f.lines) - 1), "text"), signs) != NULL;
		match_finding_free(&f);
	}
	ok(good, "and a name in any letters makes no line fail");
}

/* The hours of time slots, for people and as they are read again. */
static void
test_slot_times(void)
{
	static const struct { const char *slots, *says; size_t windows; } rows_of_slots[] = {
		{ "['weekday_evening']", "Mon-Fri 17:00-22:00", 1 }, { "['weekend_morning','weekday_afternoon']", "Mon-Fri 12:00-17:00, Sat-Sun 06:00-12:00", 2 },
		{ "['night']", "daily 22:00-24:00, daily 00:00-06:00", 2 }, { "[]", "", 0 }, { "['noon', 3]", "", 0 },
	};

	for (size_t i = 0; i < nelem(rows_of_slots); i++) {
		autojson json_t *list = json_of(rows_of_slots[i].slots);
		autobuf struct buf out = { 0 };
		struct schedule windows[SCHEDULE_WINDOWS];
		struct err err = { "" };

		ok(match_slot_times(list, &out) == 0 && strcmp(out.len > 0 ? out.data : "", rows_of_slots[i].says) == 0, "%s: %s", rows_of_slots[i].slots,
		    out.len > 0 ? out.data : "nothing");
		is_int((long long)(out.len > 0 ? schedule_windows(out.data, windows, &err) : 0), (long long)rows_of_slots[i].windows, "which can be read again %s", err.text);
	}
}

static void
test_wishes(void)
{
	static const struct { const char *change, *says; } bad[] = {
		{ "'need':'x'", "need: " }, { "'need':null", "need: " }, { "'age_band':null", "age_band: " }, { "'role':'x'", "role: " },
		{ "'modality':['x']", "modality: " }, { "'modality':[7]", "modality: " }, { "'only':['x']", "only: " }, { "'avoid':['']", "avoid: " },
		{ "'time':['x']", "time: " }, { "'at':'Tuesday'", "at: " }, { "'minutes':'5'", "at: " },
		{ "'at':'Tue 10:00-11:00','minutes':'0'", "minutes: " }, { "'at':'Tue 10:00-11:00','minutes':'5x'", "minutes: " },
		{ "'at':'Tue 10:00-11:00','minutes':'1441'", "minutes: " },
		{ "'prefer':['grief']", "prefer: KIND=VALUE" }, { "'prefer':['x=grief']", "prefer: KIND=VALUE" }, { "'prefer':['town=']", "prefer: KIND=VALUE" },
		{ "'prefer':['=grief']", "prefer: KIND=VALUE" }, { "'prefer':[7]", "prefer: KIND=VALUE" }, { "'prefer':['experience=x']", "prefer: no experience" },
		{ "'prefer':['age=41']", "prefer: no age" }, { "'prefer':['distance=3']", "prefer: a distance from where?" },
		{ "'near':'here'", "near: " }, { "'near':'40.7,-74.1','prefer':['distance=0']", "prefer: distance wants" },
		{ "'near':'40.7,-74.1','prefer':['distance=721']", "prefer: distance wants" }, { "'near':'40.7,-74.1','prefer':['distance=3km']", "prefer: distance wants" },
		{ "'zone':'Europe/Berlin'", "zone: that of at and time" }, { "'time':['night'],'zone':'no zone'", "zone: that of" },
		{ "'prefer':['style=x']", "prefer: no style" }, { "'prefer':['frequency=fortnightly']", "prefer: no frequency" },
		{ "'prefer':['response=0']", "prefer: response" }, { "'prefer':['response=721']", "prefer: response" }, { "'prefer':['response=5x']", "prefer: response" },
		{ "'prefer':['town=1','town=1','town=1','town=1','town=1','town=1','town=1','town=1','town=1','town=1','town=1','town=1','town=1','town=1',"
		  "'town=1','town=1','town=1']", "prefer: at most 16" },
		{ "'age':'x'", "age: " }, { "'age':'25.9'", "age: it is not in the age band" }, { "'age':'60'", "age: it is not in the age band" },
		{ "'conflict':['']", "conflict: " }, { "'accessibility':['comfy']", "accessibility: " },
		{ "'accessibility':['captions','captions','captions','captions','captions','captions','captions','captions','captions']", "accessibility: at most 8" }, { "'not_town':['']", "not_town: " },
	};

	for (size_t i = 0; i < nelem(bad); i++) {
		char text[512];
		autojson json_t *args = NULL;
		struct match_wish w = { .minutes = 77 };
		struct err why = { "" };

		(void)snprintf(text, sizeof(text), "{%s}", bad[i].change);
		args = merged("{" WISH "}", text);
		if (!ok(match_wish_read(args, &w, &why) == E_BAD && w.minutes == 77 && strncmp(why.text, bad[i].says, strlen(bad[i].says)) == 0,
		    "%s is refused", bad[i].change))
			printf("# %s\n", why.text);
	}
}

static void
test_order(void)
{
	static const struct { int scores[6]; size_t n, shown; } shown[] = {
		{ { 0 }, 0, 0 }, { { 9 }, 1, 1 }, { { 9, 1, 0 }, 3, 3 }, { { 10, 9, 8, 5, 4, 4 }, 6, 4 }, { { 10, 9, 8, 5, 5, 5 }, 6, 5 }, { { 10, 9, 8, 4, 4, 4 }, 6, 3 },
	};
	const struct match_finding a = { .score = 5, .load = 100 }, b = { .score = 4, .load = 0 }, c = { .score = 5, .load = 50 };
	struct match_tally t = { 0 };
	struct err why;

	ok(match_before(&a, "x", &b, "a") && !match_before(&b, "a", &a, "x"), "a higher score comes first");
	ok(match_before(&c, "x", &a, "a") && !match_before(&a, "a", &c, "x"), "then who carries less");
	ok(match_before(&a, "a", &a, "b") && !match_before(&a, "b", &a, "a"), "then the id");
	for (size_t i = 0; i < nelem(shown); i++)
		is_int(match_shown(shown[i].scores, shown[i].n), shown[i].shown, "of %zu so many are shown", shown[i].n);
	match_count(&t, BIT(LANGUAGE));
	match_count(&t, BIT(LANGUAGE) | BIT(TIMES));
	match_count(&t, BIT(LANGUAGE));
	match_count(&t, BIT(AVOID));
	match_count(&t, 0);
	match_explain(&t, &why);
	is_str(why.text, "1 of 5 left; removed by language: 3, times: 1, not these: 1; without language: 2 more",
	    "counts, and what one relaxation adds; a protection is none");
	ok(match_may_relax(MATCH_TIMES) && !match_may_relax(MATCH_AGE) && !match_may_relax(MATCH_NFILTERS), "what may be relaxed");
	is_str(match_filter_name(MATCH_PLACES), "free place", "a filter in words");
	is_str(match_filter_name(MATCH_NFILTERS), "", "none");
}

static void
test_memory(void)
{
	struct match_finding f;
	int r = -ENOMEM, lost = 0;

	for (long n = 0; r == -ENOMEM && n < 1000; n++, lost++) {
		autojson json_t *body = json_of(ROSA), *args = json_of("{" WISH ",'at':'Tue 18:00-19:00','prefer':['town=x'],'language':'fr'}");
		struct match_candidate c = { .org = "O", .id = "I", .body = body, .verdict = CREDENTIAL_UNCERTIFIED };
		struct match_wish w;

		faults_left = n;
		if ((r = match_wish_read(args, &w, NULL)) == 0 && (r = match_judge(&w, &c, NOW, &f)) == 0)
			match_finding_free(&f);
		faults_left = -1;
	}
	ok(r == 0 && lost > 10, "each of %d allocations may fail", lost - 1);
}

int
main(void)
{
	faults_begin();
	test_rows();
	test_undisclosed();
	test_rules_of_program();
	test_unsaid_town();
	test_two_zones();
	test_long();
	test_slot_times();
	test_wishes();
	test_order();
	test_memory();
	zone_free(berlin);
	zone_free(newark);
	return done_testing();
}
