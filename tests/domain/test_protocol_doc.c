/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of docs/protocol.md, which others read as data, say what the rules do: each cell, in each situation. */
#include <jansson.h>

#include "base/cleanup.h"
#include "domain/consent.h"
#include "domain/consent_law.h"
#include "domain/path.h"
#include "domain/referral.h"
#include "domain/when.h"
#include "tests/tap.h"

enum { CELLS = 5, CELL = 2048, ROWS = 48, FORM = 40 };

struct table {
	char	cell[ROWS][CELLS][CELL];
	size_t	n;
};

static char page[1 << 16];
static struct table steps, laws, purposes;

static void
read_page(void)
{
	char path[512];
	size_t n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/docs/protocol.md", getenv("srcdir") != NULL ? getenv("srcdir") : ".");
	if ((f = fopen(path, "r")) != NULL) {
		n = fread(page, 1, sizeof(page) - 1, f);
		(void)fclose(f);
	}
	ok(n > 0 && n < sizeof(page) - 1, "the page is read");
}

/* ${s} without backquotes, and without blanks around it. */
static void
copy_cell(const char *s, char out[CELL])
{
	size_t n = 0;

	for (s += strspn(s, " "); *s != '\0' && n < CELL - 1; s++)
		if (*s != '`')
			out[n++] = *s;
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

/* The table whose first line begins with ${heading}. */
static void
read_table(const char *heading, struct table *t)
{
	const char *at = strstr(page, heading);

	ok(at != NULL, "the page has a table that begins with %s", heading + 1);
	for (size_t line = 0; at != NULL && *at == '\n' && at[1] == '|'; at = strchr(at + 1, '\n'), line++) {
		char text[4 * CELL], *rest = text, *cell;
		size_t n = strcspn(at + 1, "\n");

		if (line < 2)
			continue;
		if (n >= sizeof(text) || t->n == ROWS) {
			ok(0, "a line or a table is too long");
			return;
		}
		memcpy(text, at + 2, n - 1);
		text[n - 1] = '\0';
		for (size_t i = 0; i < CELLS && (cell = strsep(&rest, "|")) != NULL && rest != NULL; i++)
			copy_cell(cell, t->cell[t->n][i]);
		t->n++;
	}
}

static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at++)
		if ((at == list || at[-1] == ' ') && (at[n] == '\0' || at[n] == ','))
			return true;
	return false;
}

static const char *
form(const struct referral *r, char out[FORM])
{
	(void)snprintf(out, FORM, "%s%s%s", referral_state_name(r->state), r->state == REFERRAL_ENDED ? "/" : "",
	    r->state == REFERRAL_ENDED ? referral_end_name(r->end) : "");
	return out;
}

/* Do the words of the last column hold? */
static bool
holds(const char *only, const struct referral *r, const struct referral_move *m)
{
	const char *over = strstr(only, "over ");
	int64_t passed = m->at - r->since;

	return (!has_word(only, "consent") || r->consented) && (!has_word(only, "asked") || r->cancelling) &&
	    (!has_word(only, "tried") || (r->attempts >= 3 && __builtin_popcount(r->channels) >= 2)) &&
	    (!has_word(only, "fresh") || m->supervised || m->at - r->began <= WHEN_DAY) &&
	    (!has_word(only, "stayed") || r->end == REFERRAL_END_CONSENT_REVOKED || r->last_actor != REFERRAL_BY_MEMBER ||
	    (r->last_input != REFERRAL_IN_WITHDRAW && r->last_input != REFERRAL_IN_CLOSE)) &&
	    (!has_word(only, "recent") || passed <= 30 * WHEN_DAY) &&
	    (over == NULL || passed >= strtol(over + 5, NULL, 10) * WHEN_DAY);
}

/* What the page says: "" if it refuses. */
static const char *
by_page(const struct referral *r, const struct referral_move *m, char now[FORM])
{
	const char *who = m->actor == REFERRAL_BY_WARDEN ? "clock" : referral_actor_name(m->actor);

	(void)form(r, now);
	for (size_t i = 0; i < steps.n; i++) {
		const char *to = steps.cell[i][3];

		if (!has_word(steps.cell[i][0], now) || strcmp(steps.cell[i][1], referral_input_name(m->input)) != 0 ||
		    !has_word(steps.cell[i][2], who))
			continue;
		if (!holds(steps.cell[i][4], r, m) || (r->cancelling && strncmp(to, "ended/", 6) != 0 && strcmp(to, "closed") != 0))
			return "";
		return strcmp(to, "the same") == 0 ? now : to;
	}
	return "";
}

static size_t compared, made;

static bool
agrees(const struct referral *r, const struct referral_move *m)
{
	char now[FORM], then[FORM];
	const char *want = by_page(r, m, now);
	struct referral next;
	unsigned effects;
	int rc = referral_step(r, m, &next, &effects);
	bool same = strcmp(want, rc == 0 ? form(&next, then) : "") == 0;

	compared++;
	made += rc == 0;
	if (!same)
		printf("# %s %s by %s: the page says \"%s\", the rules \"%s\"\n", now, referral_input_name(m->input),
		    referral_actor_name(m->actor), want, rc == 0 ? then : "");
	return same;
}

/* All inputs of all actors, sooner and later. */
static bool
try_moves(const struct referral *r)
{
	static const int64_t hours[] = { 0, 25, 71, 73, 167, 169, 335, 337, 719, 721, 1007, 1009 };
	bool good = true;

	for (unsigned input = 0; input < REFERRAL_NINPUTS; input++)
		for (unsigned actor = 0; actor < REFERRAL_NACTORS; actor++)
			for (size_t h = 0; h < nelem(hours); h++)
				for (unsigned supervised = 0; supervised < 2; supervised++) {
					const struct referral_move m = { .input = input, .actor = actor, .leg = r->leg,
					    .at = r->since + hours[h] * WHEN_HOUR, .channel = REFERRAL_VIA_PHONE, .supervised = supervised };

					/* What comes before the request is the source's own. */
					if (input != REFERRAL_IN_ASK_CONSENT && (r->state != REFERRAL_DRAFT || input == REFERRAL_IN_SEND))
						good &= agrees(r, &m);
				}
	return good;
}

static void
test_steps(void)
{
	static const struct { unsigned attempts, channels; } tried[] = { { 0, 0 }, { 3, 2 }, { 2, 6 }, { 3, 6 } };

	for (unsigned s = 0; s < REFERRAL_NSTATES; s++) {
		bool good = true;

		if (s == REFERRAL_CONSENT_PENDING)
			continue;
		for (unsigned e = 0; e < REFERRAL_NENDS; e++)
			for (unsigned bits = 0; bits < 32; bits++)
				for (size_t t = 0; t < nelem(tried); t++) {
					const struct referral r = { .state = s, .end = e, .consented = bits & 1, .cancelling = bits & 2,
					    .attempts = tried[t].attempts, .channels = tried[t].channels, .leg = 1, .since = 9000 * WHEN_DAY,
					    .began = (bits & 4 ? 9000 : 8990) * WHEN_DAY, .last_actor = bits & 8 ? REFERRAL_BY_MEMBER : REFERRAL_BY_SOURCE,
					    .last_input = bits & 16 ? REFERRAL_IN_WITHDRAW : bits & 8 ? REFERRAL_IN_CLOSE : REFERRAL_NINPUTS };

					if ((s == REFERRAL_ENDED) == (e != REFERRAL_END_NONE) &&
					    (!r.cancelling || (s >= REFERRAL_ACCEPTED && s <= REFERRAL_PAUSED)))
						good &= try_moves(&r);
				}
		ok(good, "%s: the page says what the rules do", referral_state_name(s));
	}
	ok(compared > 100000 && made > 10000, "%zu cells were compared, %zu steps made", compared, made);
}

static void
test_notices(void)
{
	size_t n = 0;

	for (size_t i = 0; i < laws.n; i++) {
		const struct consent_profile *law = consent_profile(laws.cell[i][0]);

		n += law != NULL && strcmp(laws.cell[i][1], law->notice) == 0;
		n += law != NULL && strcmp(laws.cell[i][0], CONSENT_PART2) == 0 && strcmp(laws.cell[i][1], consent_notice_short) == 0;
	}
	ok(laws.n == 4 && n == 4, "the notices are those that are sent and taken");
}

static void
test_purposes(void)
{
	size_t codes = 0;

	for (size_t i = 0; i < purposes.n; i++) {
		char text[CELL], *rest = text, *word;

		(void)snprintf(text, sizeof(text), "%s", purposes.cell[i][0]);
		while ((word = strsep(&rest, ",")) != NULL) {
			json_t *consent = json_object();
			unsigned needed;

			word += strspn(word, " ");
			if (strcmp(word, "or none") != 0)
				(void)json_object_set_new(consent, "purpose_code", json_string(word));
			needed = consent_needed(consent);
			for (enum consent_bit c = 0; c < CONSENT_NCLASSES; c++)
				if (has_word(purposes.cell[i][1], consent_class_name(c)) != !!(needed & 1u << c))
					ok(0, "%s of %s", consent_class_name(c), word);
			codes += needed != 0;
			json_decref(consent);
		}
	}
	is_int(codes, 6, "each purpose needs what the page says");
}

/* The identifiers that the page derives. */
static void
test_derived(void)
{
	const struct referral r = { .state = REFERRAL_SENT, .leg = 1 };
	const char *referral = "GR6ZEWN0TC4N5PZ1Y8P956JWD7", *request = "KP7M6WX8HT487TMSF08D899W4Z";
	struct path_step receipt, end;
	char text[160];

	path_derive(referral, request, &r, REFERRAL_IN_RECEIVE, &receipt);
	(void)snprintf(text, sizeof(text), "`org.cairnpeer.step %s %s receive` gives `%s`", referral, request, receipt.id);
	ok(strstr(page, text) != NULL, "%s", text);
	path_derive(referral, receipt.id, &r, REFERRAL_IN_EXPIRE, &end);
	(void)snprintf(text, sizeof(text), "`... %s expire`", receipt.id);
	ok(strstr(page, text) != NULL && strstr(page, end.id) != NULL, "and then %s", end.id);
}

int
main(void)
{
	read_page();
	read_table("\n| in | step |", &steps);
	read_table("\n| law | `notice`", &laws);
	read_table("\n| `purpose_code` |", &purposes);
	test_steps();
	test_notices();
	test_purposes();
	test_derived();
	return done_testing();
}
