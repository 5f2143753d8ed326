/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes as data beside the words: what a member's program is sent and sends, kind by kind; what is refused says why, and nothing of it is
 * kept or read by people; what they do not want they do not get.
 */
#include "app/message.h"
#include "app/talk.h"
#include "base/canon.h"
#include "bench/node.h"
#include "domain/agreement.h"
#include "store/matchstore.h"
#include "store/notestore.h"
#include "tests/domain/quoted.h"
#include "tap.h"

#define ANA	"@ana:there.example"
#define ROSA	"@rosa:there.example"
#define MATCH	"01J8Z0Q4M2K7V9T5B3N6X8C0RD"
#define SECOND	"01J8Z0Q4M2K7V9T5B3N6X8C0RE"
#define TERMS	"0000000000000000000000000000000000000000000000000000000000000000"
#define GOALS	"{'v':1,'kind':'goals','on':'2020-01-01','goals':[{'text':'see Qzyvan','state':'open'}]}"
#define ANSWERS(by) "{'v':1,'kind':'answers','on':'2020-01-01','answers':{'measure':'who-5','by':'" by "','items':[3,3,2,2,2]}}"
#define FEEDBACK(by) "{'v':1,'kind':'feedback','on':'2020-01-01','feedback':{'by':'" by "','heard':5,'respected':5,'chose':4,'useful':3,'again':true}}"

static struct bench_node node;

static void
room_of(const char *user, char ret[64])
{
	(void)snprintf(ret, 64, "!%.*s:there.example", (int)strcspn(user + 1, ":"), user + 1);
}

/* Somebody whose chat is there. */
static int64_t
person(const char *user)
{
	char id[64];
	struct room room = { .room_id = id, .account = (char *)(uintptr_t)"node", .kind = ROOM_DIRECT, .encrypted = 1, .joined = 1 };

	room_of(user, id);
	bench_tx(&node, person_id(node.app->db, user, &room.pid));
	bench_tx(&node, room_put(node.app->db, &room));
	bench_tx(&node, member_put(node.app->db, id, room.pid, "join"));
	return room.pid;
}

/* They send a message of that content, which is consumed.  Was it kept as an answer, not among the messages? */
static bool
hears(const char *user, json_t *content)
{
	autosaid struct said said = { 0 };
	int64_t pid;
	bool took = false;

	bench_tx(&node, person_id(node.app->db, user, &pid));
	bench_need(said_read("m.room.message", content, &said) == 0);
	bench_tx(&node, talk_heard(node.app, pid, &said, &took));
	bench_tx(&node, message_step(node.app));
	json_decref(content);
	return took;
}

static bool
says(const char *user, const char *text)
{
	return hears(user, json_pack("{s:s, s:s}", "msgtype", "m.text", "body", text));
}

static bool
sends(const char *user, const char *note)
{
	return hears(user, json_pack("{s:s, s:s, s:o}", "msgtype", "m.text", "body", "A note.", SAID_NOTE, json_of(note)));
}

struct last {
	char	 room[64];
	json_t	*content;
};

static int
look(void *cookie, const struct out *out)
{
	struct last *l = cookie;

	if (out->room_id == NULL || strcmp(out->room_id, l->room) != 0 || out->content == NULL)
		return 0;
	json_decref(l->content);
	l->content = json_loads(out->content, 0, NULL);
	return 0;
}

/* What was last said to them; the caller decrefs. */
static json_t *
told(const char *user)
{
	struct last l = { .content = NULL };

	room_of(user, l.room);
	bench_tx(&node, outbox_each(node.app->db, OUT_NEW, look, &l));
	return l.content;
}

/* Do the words hold these, and is there that note beside them (NULL: none)? */
static bool
hear(const char *user, const char *words, const char *note)
{
	autojson json_t *content = told(user), *want = note != NULL ? json_of(note) : NULL;
	const char *body = json_str(content, "body");
	const json_t *is = json_object_get(content, SAID_NOTE);
	bool good = body != NULL && strstr(body, words) != NULL && (want != NULL ? json_equal(is, want) : is == NULL);

	if (!good) {
		autofree char *text = json_dumps(content, JSON_COMPACT);

		printf("# %s\n", text);
	}
	return good;
}

static int64_t
pid_of(const char *user)
{
	int64_t pid;

	bench_tx(&node, person_id(node.app->db, user, &pid));
	return pid;
}

struct counting {
	int64_t	 pid;
	int	 n;
};

static int
count_one(void *cookie, const struct note *note)
{
	struct counting *c = cookie;

	c->n += note->pid == c->pid;
	return 0;
}

static int
kept(const char *user)
{
	struct counting c = { .pid = pid_of(user) };

	bench_tx(&node, note_each(node.app->db, NULL, count_one, &c));
	return c.n;
}

/* How many messages to or from anybody hold these words. */
static int
listed(const char *words)
{
	autojson json_t *reply = bench_ask(&node, "list", json_pack("{s:s}", "what", "messages"));
	const json_t *item;
	size_t i;
	int n = 0;

	json_array_foreach(json_arr(json_obj(reply, "result"), "items"), i, item)
		n += strstr(json_str(item, "body"), words) != NULL;
	return n;
}

static void
test_refused(void)
{
	static const struct { const char *note, *why; } notes[] = {
		{ "7", "(whole)" },
		{ "null", "(whole)" },
		{ "[]", "(whole)" },
		{ "{}", "/v" },
		{ "{'v':2,'kind':'goals','on':'2020-01-01','goals':[{'text':'x','state':'open'}]}", "/v" },
		{ "{'v':1,'kind':'diagnosis','on':'2020-01-01'}", "/kind" },
		{ "{'v':1,'kind':'goals','on':'2020-01-01'}", "/goals" },
		{ "{'v':1,'kind':'goals','on':'2020-01-01','goals':[]}", "/goals" },
		{ "{'v':1,'kind':'goals','on':'2020-01-01','goals':[{'text':'','state':'open'}]}", "/goals/0/text" },
		{ "{'v':1,'kind':'goals','on':'2020-01-01','goals':[{'text':'a\\u0007b','state':'open'}]}", "control character" },
		{ "{'v':1,'kind':'goals','on':'2020-01-01','goals':[{'text':'x','state':'done'}]}", "/goals/0/state" },
		{ "{'v':1,'kind':'goals','on':'2020-01-01','goals':[{'text':'x','state':'open'}],'own':false}", "/own" },
		{ "{'v':1,'kind':'goals','on':'2020-01-01','goals':[{'text':'x','state':'open'}],'plan':{}}", "/plan" },
		{ "{'v':1,'kind':'plan','on':'2020-01-01','plan':{}}", "/plan: there is nothing in it" },
		{ "{'v':1,'kind':'plan','on':'2020-02-30','plan':{'daily':'x'}}", "/on" },
		{ "{'v':1,'kind':'plan','on':'2999-01-01','plan':{'daily':'x'}}", "/on: this day has not come" },
		{ "{'v':1,'kind':'checkin','on':'2020-01-01','checkin':{'well':3.5}}", "/checkin/well" },
		{ "{'v':1,'kind':'checkin','on':'2020-01-01','checkin':{'well':3,'remind_days':2}}", "asked at night" },
		{ FEEDBACK("member"), "nobody with whom you are matched" },
		{ "{'v':1,'kind':'contact','on':'2020-01-01','contact':{'modality':'phone','minutes':3}}", "written down by people here" },
		{ "{'v':1,'kind':'agreement','on':'2020-01-01','agreement':{'scope':'x','hours':'x','response_hours':1,'ending':'x','ends_on':'2030-01-01'}}",
		  "put forward by people here" },
		{ "{'v':1,'kind':'reflection','on':'2020-01-01','reflection':{'connection':'x'}}", "!reflect" },
		{ "{'v':1,'kind':'signature','on':'2020-01-01','signature':{'by':'member','how':'matrix','terms':'" TERMS "'}}", "no agreement with these words" },
		{ "{'v':1,'kind':'answers','on':'2020-01-01','answers':{'measure':'who-6','by':'member','items':[1]}}", "!measure lists" },
		{ "{'v':1,'kind':'answers','on':'2020-01-01','answers':{'measure':'who-5','by':'member','items':[1,2]}}", "5 answers are wanted" },
		{ "{'v':1,'kind':'answers','on':'2020-01-01','answers':{'measure':'who-5','by':'member','items':[1,2,3,4,6]}}", "/answers/items[4]" },
		{ "{'v':1,'kind':'answers','on':'2020-01-01','answers':{'measure':'who-5','by':'specialist','items':[1,2,3,4,5]}}", "you are the member here" },
	};

	for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++)
		ok(sends(ANA, notes[i].note) && hear(ANA, "nothing of it is kept", NULL) && hear(ANA, notes[i].why, NULL) && kept(ANA) == 0,
		    "refused, and it is said why: %s", notes[i].why);
	is_int(listed("nothing of it is kept"), 0, "and that is said to them alone");
}

static void
test_taken(void)
{
	static const char plan[] = "{'v':1,'kind':'plan','on':'2020-01-01','plan':{'daily':'walks','others':'stay'}}",
	    checkin[] = "{'v':1,'kind':'checkin','on':'2020-01-01','checkin':{'well':4,'text':'rain','remind_days':3,'utc_minutes':-330}}",
	    answers[] = "{'v':1,'kind':'answers','on':'2020-01-01','answers':{'measure':'who-5','by':'member','items':[3,3,2,2,2]}}",
	    apply[] = "{'v':1,'kind':'application','on':'2020-01-01','application':{'name':'Ana','why':'To give back'}}",
	    reached[] = "{'v':1,'kind':'goals','on':'2020-01-01','goals':[{'text':'see Qzyvan','state':'reached'}]}";

	ok(sends(ANA, GOALS) && hear(ANA, "it is kept. !goals shows it", GOALS), "goals are kept, and go back beside the words");
	ok(!says(ANA, "!goals") && hear(ANA, "1. see Qzyvan (open)", GOALS), "as they do when they are shown");
	ok(!says(ANA, "!goals reached 1") && hear(ANA, "1. see Qzyvan (reached)", reached), "and when they change");
	ok(sends(ANA, GOALS) && kept(ANA) == 1, "the newest takes the place of what was");
	ok(sends(ANA, plan) && hear(ANA, "!plan shows it", plan), "a plan");
	ok(sends(ANA, checkin) && hear(ANA, "You are asked again on", checkin), "how it goes, and when to be asked again");
	ok(sends(ANA, answers) && hear(ANA, "Your score is 48: low wellbeing", answers), "a questionnaire, which is counted");
	ok(sends(ANA, apply) && hear(ANA, "it is kept", apply), "somebody who would like to support others");
	is_int(listed("Qzyvan") + listed("it is kept"), 0, "none of it is among the messages");
	ok(!says(ANA, "!checkin") && !says(ANA, "!stop") && hear(ANA, "Stopped", NULL), "what shows no note has none beside it");
	{
		autojson json_t *content = NULL;

		ok(!says(ANA, "!measure who-5") && says(ANA, "1") && says(ANA, "1") && says(ANA, "1") && says(ANA, "1") && says(ANA, "1"), "answers in words");
		content = told(ANA);
		ok(strstr(json_str(content, "body"), "Your score is 20") != NULL &&
		    json_array_size(json_arr(json_obj(json_object_get(content, SAID_NOTE), "answers"), "items")) == 5, "go back as data too");
	}
}

/* Eight times a thousand quotation marks, which JSON writes as two. */
static void
test_longest(void)
{
	static const char *const keys[] = { "daily", "signs", "alone", "places", "people", "professionals", "safer", "others" };
	json_t *plan = json_object(), *note = json_pack("{s:i, s:s, s:s, s:o}", "v", 1, "kind", "plan", "on", "2020-01-01", "plan", plan);
	autojson json_t *content = NULL;
	autofree char *text = NULL;
	char long_text[1001];

	memset(long_text, '"', 1000);
	long_text[1000] = '\0';
	for (size_t i = 0; i < 8; i++)
		(void)json_object_set_new(plan, keys[i], json_string(long_text));
	ok(hears(ROSA, json_pack("{s:s, s:O}", "body", "A plan.", SAID_NOTE, note)) && !says(ROSA, "!plan"), "the longest plan is kept");
	content = told(ROSA);
	text = json_dumps(content, JSON_COMPACT);
	ok(json_equal(json_object_get(content, SAID_NOTE), note) && strlen(text) < 44 * 1024, "and shown in one event of %zu bytes", strlen(text));
	ok(!says(ROSA, "!forget plan") && kept(ROSA) == 0, "and forgotten");
	json_decref(note);
}

static void
test_read_back(void)
{
	ok(!says(ANA, "!notes") && hear(ANA, "1. your goals, of 2020-01-01, yours alone\n2. your plan", NULL), "all that is kept is listed");
	ok(hear(ANA, "3. how it goes, of 2020-01-01\n", NULL) && hear(ANA, "4. supporting others", NULL) && hear(ANA, "6. a questionnaire", NULL), "with its day, and whose it is");
	ok(!says(ANA, "!notes 3") && hear(ANA, "In my own words: rain", "{'v':1,'kind':'checkin','on':'2020-01-01','checkin':{'well':4,'text':'rain','remind_days':3,"
	    "'utc_minutes':-330}}"), "each is shown, in words and as data");
	ok(!says(ANA, "!notes 6") && hear(ANA, "who-5, answers in order: 3 3 2 2 2", "{'v':1,'kind':'answers','on':'2020-01-01','answers':{'measure':'who-5','by':'member',"
	    "'items':[3,3,2,2,2]}}"), "answers too");
	ok(!says(ANA, "!notes 77") && hear(ANA, "This is kept", NULL), "of a number that there is not, all");
	ok(!says(ANA, "!forget checkin") && kept(ANA) == 5 && !says(ANA, "!notes") && hear(ANA, "3. supporting others", NULL), "what is forgotten is in no list");
	ok(!says(ROSA, "!notes") && hear(ROSA, "Nothing of this kind", NULL), "nor in anybody else's");
}

static void
test_off(void)
{
	int before = kept(ANA);

	ok(!says(ANA, "!notes off") && hear(ANA, "in words alone", NULL), "somebody wants words alone");
	ok(!says(ANA, "!goals") && hear(ANA, "1. see Qzyvan", NULL), "and gets words alone");
	ok(sends(ANA, GOALS) && hear(ANA, "!notes on changes that", NULL) && kept(ANA) == before, "what a program sends is not taken");
	ok(!says(ANA, "!goals aside 1") && hear(ANA, "(set aside)", NULL), "words always work");
	ok(!says(ANA, "!notes on") && hear(ANA, "programs read", NULL) && sends(ANA, GOALS) && hear(ANA, "it is kept", GOALS), "until they want it again");
}

static void
test_danger(void)
{
	static const char plan[] = "{'v':1,'kind':'plan','on':'2020-01-01','plan':{'alone':'When I think of suicide I walk'}}",
	    answers[] = "{'v':1,'kind':'answers','on':'2020-01-01','answers':{'measure':'phq-9','by':'member','items':[0,0,0,0,0,0,0,0,1]}}",
	    few[] = "{'v':1,'kind':'answers','on':'2020-01-01','answers':{'measure':'phq-9','by':'member','items':[-1,-1,-1,-1,-1,-1,-1,-1,3]}}",
	    wrong[] = "{'v':1,'kind':'goals','on':'2020-01-01','goals':[{'words':'suicide'}]}";
	int before = listed("people can, now");

	ok(!sends(ANA, plan) && hear(ANA, "it is kept", plan), "what sounds like danger is for people, and is kept as it was wanted");
	ok(hear(ANA, "a person here reads it, too", plan), "and that is said");
	is_int(listed("people can, now"), before + 1, "and answered before all else");
	ok(!sends(ANA, wrong) && hear(ANA, "/goals/0", NULL), "also in a note that is not taken");
	is_int(listed("people can, now"), before + 2, "which is answered too");
	ok(!sends(ANA, answers) && hear(ANA, "Your score is 1", answers), "an answer about not wanting to live is for people");
	ok(hear(ANA, "a person here reads it, too", answers), "which is said, too");
	is_int(listed("people can, now"), before + 3, "and answered");
	ok(!sends(ANA, few) && hear(ANA, "too few", NULL), "where it cannot be counted");
	is_int(listed("people can, now"), before + 4, "as well");
}

static void
test_whose(void)
{
	int before = kept(ANA);

	ok(hears(ANA, json_pack("{s:s, s:s, s:o}", "msgtype", "m.notice", "body", "A note.", SAID_NOTE, json_of(GOALS))) && !hear(ANA, "it is kept", GOALS), "a program may say that it is one: it is taken, and not answered");
	(void)hears(ANA, json_pack("{s:s, s:s, s:s, s:o}", "msgtype", "m.text", "body", "An echo.", "org.cairnpeer.id", MATCH, SAID_NOTE,
	    json_of("{'v':1,'kind':'checkin','on':'2020-01-01','checkin':{'well':1}}")));
	is_int(kept(ANA), before, "what a node showed is not taken when it comes back");
	ok(hears(ANA, json_pack("{s:s, s:s, s:{s:s, s:o}, s:{s:s, s:s}}", "msgtype", "m.text", "body", "* A note.", "m.new_content", "body", "A note.", SAID_NOTE,
	    json_of(GOALS), "m.relates_to", "rel_type", "m.replace", "event_id", "$a")) && hear(ANA, "send it as a new one", NULL), "a change of one is not, and is for nobody to read");
}

static void
match(const char *id, int64_t ana, int64_t rosa)
{
	struct pairing p = { .id = (char *)(uintptr_t)id, .state = PAIRING_ACTIVE, .asked = 1, .began = app_now(node.app), .review = app_now(node.app) + 86400000LL, .until = app_now(node.app) + 86400000LL,
	    .body = json_object() };
	struct chat member = { p.id, ana, (char *)(uintptr_t)"member" }, specialist = { p.id, rosa, (char *)(uintptr_t)"specialist" };

	bench_tx(&node, pairing_put(node.app->db, &p));
	bench_tx(&node, chat_put(node.app->db, &member));
	bench_tx(&node, chat_put(node.app->db, &specialist));
	json_decref(p.body);
}

static char *
signature(const char *by, const char *how, const char *terms)
{
	return bench_text("{'v':1,'kind':'signature','on':'2020-01-01','signature':{'by':'%s','how':'%s','terms':'%s'}}", by, how, terms);
}

/* Who it is by, if that is what was last said to them. */
static bool
signed_by(const char *user, const char *words, const char *by)
{
	autojson json_t *content = told(user);
	const char *is = json_str(json_obj(json_object_get(content, SAID_NOTE), "signature"), "by");

	return strstr(json_str(content, "body"), words) != NULL && is != NULL && !strcmp(is, by);
}

static void
test_agreement(void)
{
	static const char agreement[] = "{'v':1,'kind':'agreement','on':'2020-01-01','agreement':{'scope':'Talk','hours':'Days','response_hours':24,'ending':'Any time','ends_on':'2999-05-20'}}";
	autojson json_t *shown = NULL;
	autofree char *member = NULL, *paper = NULL, *other = NULL, *rosa = NULL;
	char terms[AGREEMENT_TERMS];

	json_decref(bench_ask(&node, "match note", json_pack("{s:s, s:o}", "match", MATCH, "document", json_of(agreement))));
	bench_tx(&node, message_step(node.app));
	ok(hear(ANA, "An agreement is proposed", agreement) && hear(ROSA, "An agreement is proposed", agreement), "an agreement goes to both, as data too");
	shown = told(ANA);
	bench_need(agreement_terms(json_obj(json_object_get(shown, SAID_NOTE), "agreement"), terms) == 0);
	member = signature("member", "matrix", terms);
	paper = signature("member", "paper", terms);
	other = signature("specialist", "matrix", terms);
	rosa = signature("specialist", "matrix", terms);
	ok(sends(ANA, paper) && hear(ANA, "one signs by matrix", NULL), "nothing else is said to have been signed");
	ok(sends(ANA, other) && hear(ANA, "nobody signs for the other", NULL), "nobody signs for the other side");
	ok(sends(ANA, member) && signed_by(ANA, "It holds once the other", "member"), "a program signs what it was shown");
	ok(sends(ANA, member) && hear(ANA, "no agreement with these words waits", NULL), "once");
	ok(sends(ROSA, rosa) && signed_by(ROSA, "holds now", "member") && signed_by(ANA, "holds now", "specialist"), "and each gets the other's signature");
}

static void
test_feedback(void)
{
	int before = kept(ANA);

	ok(sends(ANA, FEEDBACK("specialist")) && hear(ANA, "nobody writes this for the other", NULL) && sends(ROSA, FEEDBACK("member")) &&
	    hear(ROSA, "you are the specialist here", NULL), "nobody says for the other how it was");
	ok(sends(ANA, FEEDBACK("member")) && hear(ANA, "it is kept", FEEDBACK("member")) && sends(ROSA, FEEDBACK("specialist")) && hear(ROSA, "it is kept", FEEDBACK("specialist")),
	    "each does for themselves");
	is_int(kept(ANA), before + 1, "and only what is their own is listed");
	match(SECOND, pid_of(ANA), pid_of(ROSA));
	ok(sends(ANA, FEEDBACK("member")) && hear(ANA, "does not say with whom", NULL), "of several, it has to be said with whom");
	ok(sends(ANA, GOALS) && hear(ANA, "it is kept", GOALS), "what is of nobody is kept all the same");
	ok(sends(ROSA, ANSWERS("member")) && hear(ROSA, "you are the specialist here", NULL) && sends(ROSA, ANSWERS("specialist")) &&
	    hear(ROSA, "Your score is 48", ANSWERS("specialist")), "whoever supports in each of several answers as that");
	ok(sends(ANA, ANSWERS("specialist")) && hear(ANA, "you are the member here", NULL), "and nobody else does");
}

int
main(void)
{
	const char *dir = getenv("TMPDIR"), *src = getenv("srcdir") != NULL ? getenv("srcdir") : ".";
	autofree char *path = bench_text("%s/docs/examples/measures.json", src);
	char words[] = "suicide", *before;

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 1);
	bench_synced(&node);
	before = node.cfg.crisis_words;
	node.cfg.crisis_words = words;
	json_decref(bench_ask(&node, "import measures", json_pack("{s:o}", "document", json_load_file(path, 0, NULL))));
	(void)person(ROSA);
	(void)person(ANA);
	test_refused();
	test_taken();
	test_longest();
	test_read_back();
	test_off();
	test_danger();
	test_whose();
	match(MATCH, pid_of(ANA), pid_of(ROSA));
	test_agreement();
	test_feedback();
	node.cfg.crisis_words = before;
	bench_node_close(&node);
	return done_testing();
}
