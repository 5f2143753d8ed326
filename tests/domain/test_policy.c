/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of policy lists; the glob against another way to decide it. */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "domain/policy.h"
#include "tests/dice.h"
#include "tests/tap.h"

/* By the definition: quadratic in its table, no place to go back to. */
static bool
slow_glob(const char *p, const char *t)
{
	size_t np = strlen(p), nt = strlen(t);
	bool fits[20][20] = { { false } };

	for (size_t i = np + 1; i-- > 0;)
		for (size_t j = nt + 1; j-- > 0;)
			fits[i][j] = i == np ? j == nt : p[i] == '*' ? fits[i + 1][j] || (j < nt && fits[i][j + 1]) :
			    j < nt && (p[i] == '?' || p[i] == t[j]) && fits[i + 1][j + 1];
	return fits[0][0];
}

static void
draw(char *out, const char *letters, size_t most)
{
	size_t n = dice_roll((uint32_t)most);

	for (size_t i = 0; i < n; i++)
		out[i] = letters[dice_roll((uint32_t)strlen(letters))];
	out[n] = '\0';
}

static void
test_glob(void)
{
	int wrong = 0, yes = 0;

	for (int i = 0; i < 200000; i++) {
		char p[20], t[20];

		draw(p, "ab*?", 9);
		draw(t, "ab", 12);
		yes += slow_glob(p, t);
		wrong += policy_glob(p, t) != slow_glob(p, t);
	}
	ok(wrong == 0 && yes > 10000, "200,000 random globs, of which %d fit: %d wrong", yes, wrong);
}

static void
test_long(void)
{
	char p[POLICY_ENTITY_MAX + 1], t[POLICY_ENTITY_MAX + 1];

	for (size_t i = 0; i < POLICY_ENTITY_MAX; i++) {
		p[i] = i % 2 == 0 ? '*' : 'a';
		t[i] = 'a';
	}
	p[POLICY_ENTITY_MAX - 1] = 'b';
	p[POLICY_ENTITY_MAX] = t[POLICY_ENTITY_MAX] = '\0';
	ok(!policy_glob(p, t), "a glob made to be slow ends");
}

static void
test_parse(void)
{
	static const struct { const char *content; int r; } some[] = {
		{ "{'entity':'@eve:evil.example','recommendation':'m.ban','reason':'spam'}", 0 },
		{ "{'entity':'@eve:evil.example','recommendation':'m.ban'}", 0 },
		{ "{}", E_NOTFOUND },
		{ "{'entity':'@eve:evil.example'}", E_NOTFOUND },
		{ "{'recommendation':'m.ban'}", E_NOTFOUND },
		{ "{'entity':'@eve:evil.example','recommendation':'m.warn'}", E_NOTFOUND },
		{ "{'entity':5,'recommendation':'m.ban'}", E_BAD },
		{ "{'entity':'','recommendation':'m.ban'}", E_BAD },
		{ "{'entity':'x','recommendation':'m.ban','reason':['x']}", E_BAD },
	};
	char text[900];

	for (size_t i = 0; i < nelem(some); i++) {
		autojson json_t *content = NULL;
		struct policy_rule rule = { .entity = "untouched" };
		int r;

		(void)snprintf(text, sizeof(text), "%s", some[i].content);
		for (char *c = text; *c != '\0'; c++)
			if (*c == '\'')
				*c = '"';
		content = json_loads(text, 0, NULL);
		r = policy_parse("m.policy.rule.user", content, &rule);
		ok(content != NULL && r == some[i].r && !strcmp(rule.entity, r == 0 ? "@eve:evil.example" : "untouched"), "%s", text);
	}
	for (size_t len = POLICY_ENTITY_MAX; len <= POLICY_ENTITY_MAX + 1; len++) {
		autojson json_t *content = NULL;
		struct policy_rule rule;

		(void)snprintf(text, sizeof(text), "%0*d", (int)len, 1);
		content = json_pack("{s:s, s:s}", "entity", text, "recommendation", "m.ban");
		is_int(policy_parse("m.policy.rule.room", content, &rule), len > POLICY_ENTITY_MAX ? E_BAD : 0, "%zu bytes", len);
	}
	for (size_t len = POLICY_REASON_MAX; len <= POLICY_REASON_MAX + 1; len++) {
		autojson json_t *content = NULL;
		struct policy_rule rule;

		(void)snprintf(text, sizeof(text), "%0*d", (int)len, 1);
		content = json_pack("{s:s, s:s, s:s}", "entity", "x", "recommendation", "m.ban", "reason", text);
		is_int(policy_parse("m.policy.rule.room", content, &rule), len > POLICY_REASON_MAX ? E_BAD : 0, "a reason of %zu", len);
	}
	ok(policy_is_rule("m.policy.rule.server") && !policy_is_rule("m.room.member"), "types of rules");
	is_int(policy_parse("m.room.member", NULL, NULL), E_NOTFOUND, "another type is no rule");
}

static void
test_bans(void)
{
	static const struct { enum policy_kind kind; const char *entity, *user, *room; bool banned; } some[] = {
		{ POLICY_USER, "@eve:evil.example", "@eve:evil.example", NULL, true },
		{ POLICY_USER, "@eve:*", "@eve:other.example", NULL, true },
		{ POLICY_USER, "@eve:evil.example", "@Eve:evil.example", NULL, false },
		{ POLICY_USER, "@eve:evil.example", NULL, "!r", false },
		{ POLICY_SERVER, "evil.example", "@a:evil.example", NULL, true },
		{ POLICY_SERVER, "evil.example", "@a:evil.example:8448", NULL, true },
		{ POLICY_SERVER, "*.example", "@a:b.evil.example", NULL, true },
		{ POLICY_SERVER, "evil.example", "@a:notevil.example", NULL, false },
		{ POLICY_SERVER, "evil.example", NULL, "!r:evil.example", true },
		{ POLICY_SERVER, "evil.example", NULL, "!r", false },
		{ POLICY_SERVER, "[2001:db8::1]", "@a:[2001:db8::1]", NULL, true },
		{ POLICY_SERVER, "[2001:db8::1]", "@a:[2001:db8::1]:443", NULL, true },
		{ POLICY_SERVER, "evil.example", "@a:evil.example:8x", NULL, false },
		{ POLICY_SERVER, "evil.example", NULL, "!r:evil.example:8448", true },
		{ POLICY_SERVER, "evil.example", "@a:good.example", "!r:good.example", false },
		{ POLICY_SERVER, "evil.example", "@a:good.example", "!r:evil.example", true },
		{ POLICY_SERVER, "*", NULL, NULL, false },
		{ (enum policy_kind)3, "*", "@a:evil.example", "!r:evil.example", false },
		{ POLICY_ROOM, "!r:evil.example", NULL, "!r:evil.example", true },
		{ POLICY_ROOM, "!r:evil.example", NULL, "!s:evil.example", false },
		{ POLICY_ROOM, "*", "@a:b", NULL, false },
	};

	for (size_t i = 0; i < nelem(some); i++)
		ok(policy_bans(some[i].kind, some[i].entity, some[i].user, some[i].room) == some[i].banned, "%s: %s%s is%s banned",
		    some[i].entity, some[i].user != NULL ? some[i].user : "", some[i].room != NULL ? some[i].room : "", some[i].banned ? "" : " not");
}

/* A server with a port whose name is longer than an entity may be: it is not cut, and not written past its end. */
static void
test_long_host(void)
{
	char user[700] = "@a:", host[600];

	memset(host, 'h', POLICY_ENTITY_MAX + 1);
	(void)snprintf(host + POLICY_ENTITY_MAX, sizeof(host) - POLICY_ENTITY_MAX, "%s", ":8448");
	(void)snprintf(user + 3, sizeof(user) - 3, "%s", host);
	ok(policy_bans(POLICY_SERVER, "h*h", user, NULL), "as long as an entity may be it is known without its port");
	(void)snprintf(user + 3, sizeof(user) - 3, "h%s", host);
	ok(!policy_bans(POLICY_SERVER, "h*h", user, NULL), "longer only with it");
	ok(policy_bans(POLICY_SERVER, "h*:8448", user, NULL), "which still is a name");
}

int
main(void)
{
	printf("# dice %llu\n", (unsigned long long)dice);
	test_long_host();
	test_glob();
	test_long();
	test_parse();
	test_bans();
	return done_testing();
}
