/* SPDX-License-Identifier: Apache-2.0 */
/* Names that are taken for others: by hand, and each row of Unicode's table of confusables, where that is. */
#include <stdint.h>
#include <stdlib.h>

#include "domain/lookalike.h"
#include "tests/base/corpora.h"
#include "tests/domain/trusts.h"

static void
test_pairs(void)
{
	static const struct { const char *a, *b; bool same; } pairs[] = {
		{ "Hill House", "Hi11 House", true }, { "North Shore", "NORTH-SHORE", true }, { "North Shore", "Northshore", true },
		{ "Corner", "Comer", true }, { "Harbor", "Harbоr", true }, { "Ocean", "Осеan", true }, { "cope", "соре", true },
		{ "CAB", "САВ", true }, { "Kopa", "Κορα", true }, { "Árbol", "Arbol", true }, { "Oak", "Ｏａｋ", true }, { "Oak", "𝐎𝐚𝐤", true },
		{ "Route 10", "Route \xf0\x9d\x9f\x8f\xf0\x9d\x9f\x8e", true }, { "Oak", "O\xe2\x80\x8b" "ak", true }, { "Oak", "O\xcc\x81" "ak", true }, { "Will", "W|ll", true },
		{ "New", "Nevv", true }, { "Harbor", "Harbour", false }, { "North", "South", false }, { "Oak", "", false }, { "", "", false }, { "!", "!", false },
		{ "Дом", "Дом", true }, { "Дом", "Дым", false }, { "灯台", "灯台", true }, { "灯台", "灯塔", false },
	};

	for (size_t i = 0; i < nelem(pairs); i++)
		ok(lookalike(pairs[i].a, pairs[i].b) == pairs[i].same && lookalike(pairs[i].b, pairs[i].a) == pairs[i].same, "%s, %s: %s", pairs[i].a,
		    pairs[i].b, pairs[i].same ? "the same" : "not the same");
}

static void
test_mixed(void)
{
	static const struct { const char *name; bool mixed; } names[] = {
		{ "Harbоr", true }, { "Nοrth", true }, { "Ꭺoak", true }, { "Oak ⲟk", true }, { "Oak ⲟ", false }, { "oⲟk", true }, { "Harbor", false }, { "Дом Надежды", false }, { "Дом Hope", false },
		{ "Casa São João", false }, { "NPO法人", false }, { "Tシャツ", false }, { "서울AA", false }, { "L’Étoile – 3", false }, { "Ngāti Porou", false }, { "Việt", false }, { "", false },
		{ "AA‑Группа", true }, { "AA-Группа", false },
	};

	for (size_t i = 0; i < nelem(names); i++)
		ok(lookalike_mixed(names[i].name) == names[i].mixed, "%s: %s", names[i].name, names[i].mixed ? "mixed" : "not mixed");
}

/* The characters of "0441 0430" into UTF-8; their number. */
static int
characters(const char *hex, char *out)
{
	char *end;
	int n = 0;

	for (unsigned long c; c = strtoul(hex, &end, 16), end != hex; hex = end, n++)
		if (c < 0x80)
			*out++ = (char)c;
		else {
			int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

			*out++ = (char)((0xffU << (7 - more) & 0xff) | c >> 6 * more);
			while (more-- > 0)
				*out++ = (char)(0x80 | (c >> 6 * more & 0x3f));
		}
	*out = '\0';
	return n;
}

/* Of one character that is drawn like one letter or digit of ASCII: put for it within a name, it is seen one way or the other. */
static void
test_confusables(void)
{
	size_t len;
	autofree char *text = corpora_read("bad/unicode/confusables-uts39-14.0.txt", &len);
	int rows = 0, unseen = 0;

	for (char *line = text, *end; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
		char from[64], to[64], real[200], fake[200];

		*end = '\0';
		if (strchr(line, ';') == NULL || strlen(line) > 400 || characters(line, from) != 1 || characters(strchr(line, ';') + 1, to) != 1 ||
		    strlen(to) != 1 || !((*to >= '0' && *to <= '9') || ((*to | 0x20) >= 'a' && (*to | 0x20) <= 'z')))
			continue;
		rows++;
		(void)snprintf(real, sizeof(real), "Har%sbor House", to);
		(void)snprintf(fake, sizeof(fake), "Har%sbor House", from);
		if (!lookalike(real, fake) && !lookalike_mixed(fake) && ++unseen)
			printf("# unseen: %s for %s\n", line, to);
	}
	if (text != NULL)
		ok(rows > 1000 && unseen == 0, "confusables: %d rows, %d of them unseen", rows, unseen);
}

static void
test_list(void)
{
	static const struct { const char *name, *says; } names[] = {
		{ "оak", "trust list: orgs[1].name: \"оak\" mixes letters of two scripts" },
		{ "ОАК", "trust list: orgs[1].name: \"ОАК\" looks like \"oak\", orgs[0].name" },
		{ "0AK", "trust list: orgs[1].name: \"0AK\" looks like \"oak\", orgs[0].name" },
	};

	signer = key_of(KEY_SIGNER);
	for (size_t i = 0; i < nelem(names); i++) {
		autojson json_t *doc = list();
		struct err err = { "" };

		if (json_object_set_new(json_array_get(json_object_get(doc, "orgs"), 1), "name", json_string(names[i].name)) != 0)
			abort();
		is_int(trust_sign(doc, signer.seed, NOW, &err), E_REFUSED, "not signed: %s", names[i].name);
		is_str(err.text, names[i].says, "and says so");
		ok(json_object_get(doc, "proof") == NULL, "no proof");
	}
}

int
main(void)
{
	test_pairs();
	test_mixed();
	test_confusables();
	test_list();
	return done_testing();
}
