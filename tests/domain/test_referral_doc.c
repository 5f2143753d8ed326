/* SPDX-License-Identifier: Apache-2.0 */
/* docs/referral.md says nothing of the rules that the rules do not do. */
#include "domain/referral.h"
#include "domain/when.h"
#include "tests/tap.h"

enum { FIELDS = 6, FIELD = 4096, ROWS = 40, FORM = 40 };

/* The rows of one table of the page, cells trimmed. */
struct table {
	char	cell[ROWS][FIELDS][FIELD];
	size_t	n;
};

static char page[1 << 16], verbs[1 << 17];
static struct table bser, sdohcc, words, turns, commands;

/* Who may do it, from and to: BSeR 2.0.0-ballot, "Harmonized State Transitions"; SDOHCC 3.0.0, ReferralTaskStateDiagram. */
static const char *const bser_edges[] = {
	"initiator draft received",
	"recipient received accepted",
	"recipient received rejected",
	"initiator received 5.2",
	"recipient accepted rejected",
	"recipient accepted 5.1.1",
	"initiator accepted 5.2",
	"recipient accepted 5.1.4",
	"recipient accepted completed",
	"recipient 5.1.1 rejected",
	"recipient 5.1.1 5.1.1",
	"recipient 5.1.1 5.1.2",
	"recipient 5.1.1 5.1.3",
	"initiator 5.1.1 5.2",
	"recipient 5.1.1 5.1.4",
	"recipient 5.1.1 completed",
	"recipient 5.1.2 rejected",
	"recipient 5.1.2 5.1.1",
	"recipient 5.1.2 5.1.3",
	"initiator 5.1.2 5.2",
	"recipient 5.1.3 5.1.1",
	"initiator 5.1.3 5.2",
	"recipient 5.2 cancelled",
	"recipient 5.2 completed",
	"recipient 5.1.4 rejected",
	"recipient 5.1.4 5.1.1",
	"recipient 5.1.4 5.1.3",
	"initiator 5.1.4 5.2",
	"recipient 5.1.4 5.1.4",
	"recipient 5.1.4 completed",
	"recipient accepted 5.1",
	"recipient accepted 5.1",
	"recipient 5.1 rejected",
	"initiator 5.1 5.2",
};
static const char *const sdohcc_edges[] = {
	"requester draft requested",
	"target requested accepted",
	"target requested rejected",
	"either requested cancelled",
	"target accepted in-progress",
	"target accepted on-hold",
	"target accepted completed",
	"target accepted failed",
	"either accepted cancelled",
	"target in-progress on-hold",
	"target on-hold in-progress",
	"target in-progress completed",
	"target in-progress failed",
	"either in-progress cancelled",
	"target on-hold completed",
	"target on-hold failed",
	"either on-hold cancelled",
	"requester draft entered-in-error",
	"requester requested entered-in-error",
	"requester accepted entered-in-error",
	"requester in-progress entered-in-error",
	"requester on-hold entered-in-error",
	"requester rejected entered-in-error",
	"requester cancelled entered-in-error",
	"requester failed entered-in-error",
	"requester completed entered-in-error",
};

/* A referral as the page writes it: "accepted", "accepted/cancelling", "ended/declined". */
static const char *
form(const struct referral *r, char *out)
{
	const char *rest = r->cancelling ? "cancelling" :
	    r->state == REFERRAL_ENDED ? referral_end_name(r->end) : "";

	(void)snprintf(out, FORM, "%s%s%s", referral_state_name(r->state), *rest != '\0' ? "/" : "", rest);
	return out;
}

/* Each referral that there can be, as far as the page tells them apart, and as little as possible in its way. */
static size_t
all_forms(struct referral *out)
{
	size_t n = 0;

	for (unsigned s = 0; s < REFERRAL_NSTATES; s++)
		for (unsigned e = 0; e < REFERRAL_NENDS; e++)
			for (unsigned c = 0; c < 2; c++) {
				if ((s == REFERRAL_ENDED) != (e != REFERRAL_END_NONE) ||
				    (c && (s < REFERRAL_ACCEPTED || s > REFERRAL_PAUSED)))
					continue;
				out[n++] = (struct referral){ .state = s, .end = e, .cancelling = c, .consented = true,
				    .attempts = 3, .channels = 6, .leg = 1, .last_input = REFERRAL_NINPUTS };
			}
	return n;
}

static int
try(const struct referral *r, enum referral_input input, enum referral_actor actor, struct referral *ret)
{
	const struct referral_move move = { .input = input, .actor = actor, .leg = r->leg, .channel = REFERRAL_VIA_PHONE,
	    .at = r->since + (input == REFERRAL_IN_EXPIRE ? 100 * WHEN_DAY : WHEN_HOUR) };
	unsigned effects;

	return referral_step(r, &move, ret, &effects);
}

/* ---- reading ---- */

static void
read_all(const char *name, char *out, size_t size)
{
	char path[512];
	size_t n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", getenv("srcdir") != NULL ? getenv("srcdir") : ".", name);
	if ((f = fopen(path, "r")) != NULL) {
		n = fread(out, 1, size - 1, f);
		(void)fclose(f);
	}
	out[n] = '\0';
	ok(n > 0 && n < size - 1, "%s is read", name);
}

static char *
trim(char *s)
{
	s += strspn(s, " ");
	for (size_t n = strlen(s); n > 0 && s[n - 1] == ' ';)
		s[--n] = '\0';
	return s;
}

/* The rows below ${heading}, without the two lines at the top of the table. */
static void
read_table(const char *heading, struct table *t)
{
	const char *at = strstr(page, heading);
	size_t lines = 0;

	ok(at != NULL, "the page has \"%s\"", heading + 1);
	for (at = at != NULL ? strchr(at + 1, '\n') : NULL; at != NULL && strncmp(at, "\n## ", 4) != 0; at = strchr(at + 1, '\n')) {
		char line[FIELD], *rest = line, *cell;
		size_t n = strcspn(at + 1, "\n"), f = 0;

		if (at[1] != '|' || ++lines <= 2)
			continue;
		if (n >= sizeof(line) || t->n == ROWS) {
			ok(0, "a line or a table is too long");
			return;
		}
		memcpy(line, at + 2, n - 1);
		line[n - 1] = '\0';
		while ((cell = strsep(&rest, "|")) != NULL && rest != NULL && f < FIELDS)
			(void)snprintf(t->cell[t->n][f++], FIELD, "%s", trim(cell));
		t->n++;
	}
}

/* The next text between backquotes at ${*at}, or NULL. */
static char *
next_span(char **at)
{
	char *begin = strchr(*at, '`'), *end = begin != NULL ? strchr(begin + 1, '`') : NULL;

	if (end == NULL)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return begin + 1;
}

/* Is ${word} one of "a, b"? */
static bool
has_word(const char *list, const char *word)
{
	char copy[FIELD], *rest = copy, *one;

	(void)snprintf(copy, sizeof(copy), "%s", list);
	while ((one = strsep(&rest, ",")) != NULL)
		if (!strcmp(trim(one), word))
			return true;
	return false;
}

/* "input:actor", "contact:target:phone", "mistake:source:supervised". */
static bool
read_move(char *text, struct referral_move *m)
{
	const char *input = strsep(&text, ":"), *actor = strsep(&text, ":");

	*m = (struct referral_move){ .leg = 1 };
	if (actor == NULL || referral_input_parse(input, &m->input) != 0 || referral_actor_parse(actor, &m->actor) != 0)
		return false;
	if (m->input == REFERRAL_IN_CONTACT)
		return text == NULL || referral_channel_parse(text, &m->channel) == 0;
	m->supervised = text != NULL && !strcmp(text, "supervised");
	return text == NULL || m->supervised;
}

/* ---- paths ---- */

/* What ${form} is called there: column 1 SDOHCC, 2 BSeR. */
static bool
called(const char *form_text, size_t column, const char *theirs)
{
	char want[FORM + 2];

	(void)snprintf(want, sizeof(want), "`%s`", form_text);
	for (size_t i = 0; i < words.n; i++)
		if (!strcmp(words.cell[i][0], want))
			return has_word(words.cell[i][column], theirs);
	return false;
}

/* "either" is a party; the clock is nobody's, so everybody's. */
static bool
may(const char *who, enum referral_actor actor)
{
	bool asks = !strcmp(who, "initiator") || !strcmp(who, "requester");

	if (actor == REFERRAL_BY_WARDEN || !strcmp(who, "either"))
		return true;
	return (actor == REFERRAL_BY_TARGET) != asks;
}

struct walk {
	char			before[FORM], last[FORM];	/* The form before the last input, and after. */
	char			seen[FIELD];			/* All before, ", " between. */
	enum referral_actor	actor;				/* Of the last input. */
	int			rc;				/* Of the last input. */
};

/* Make ${path} on both sides; NULL, or what is wrong. */
static const char *
walk(char *path, struct walk *w)
{
	struct referral a = referral_start(REFERRAL_AT_SOURCE), b = referral_start(REFERRAL_AT_TARGET);
	char *text, *want, other[FORM];
	unsigned fx;

	*w = (struct walk){ .rc = 0 };
	if ((want = strsep(&path, " ")) == NULL || strcmp(want, form(&a, w->last)) != 0)
		return "it does not begin as a draft";
	while ((text = strsep(&path, " ")) != NULL) {
		struct referral_move m;

		if ((want = strsep(&path, " ")) == NULL || !read_move(text, &m) ||
		    (m.input == REFERRAL_IN_CONTACT && m.channel == REFERRAL_VIA_UNKNOWN))
			return "it cannot be read";
		m.at = m.input == REFERRAL_IN_EXPIRE ? referral_expire_at(&a) : a.since + WHEN_HOUR;
		(void)snprintf(w->before, FORM, "%s", w->last);
		(void)snprintf(w->seen + strlen(w->seen), FIELD - strlen(w->seen), "%s%s", *w->seen != '\0' ? ", " : "", w->before);
		w->actor = m.actor;
		w->rc = referral_step(&a, &m, &a, &fx);
		if (referral_step(&b, &m, &b, &fx) != w->rc || strcmp(form(&a, w->last), form(&b, other)) != 0)
			return "the two sides differ";
		if (w->rc == 0 ? strcmp(w->last, want) != 0 :
		    strcmp(want, w->rc == E_REFUSED ? "refused" : "already") != 0 || path != NULL)
			return text;
	}
	return NULL;
}

/* Does one step of ${who} lead from what they call ${from} to what they call ${to}? */
static bool
one_step(const char *const edge[3], size_t column)
{
	struct referral all[ROWS], next;
	size_t n = all_forms(all);
	char text[FORM];

	for (size_t k = 0; k < n; k++)
		for (unsigned i = 0; i < REFERRAL_NINPUTS && called(form(&all[k], text), column, edge[1]); i++)
			for (unsigned a = 0; a < REFERRAL_NACTORS; a++)
				if (may(edge[0], a) && try(&all[k], i, a, &next) == 0 &&
				    called(form(&next, text), column, edge[2]))
					return true;
	return false;
}

/* Did this path pass ${from} on its way? */
static bool
passed(const struct walk *w, size_t column, const char *from)
{
	char copy[FIELD], *rest = copy, *one;

	(void)snprintf(copy, sizeof(copy), "%s", w->seen);
	while ((one = strsep(&rest, ",")) != NULL)
		if (called(trim(one), column, from))
			return true;
	return false;
}

/* A transition of theirs that leads on from ${to} to what ${form_text} is called. */
static bool
leads_on(const struct table *t, size_t column, const char *to, const char *form_text)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->cell[i][2], to) && strcmp(t->cell[i][3], to) != 0 && called(form_text, column, t->cell[i][3]))
			return true;
	return false;
}

/* Does this path show what the fifth column claims? */
static bool
shows(const char *kind, const struct walk *w, const struct table *t, size_t column, const char *const edge[3])
{
	bool from = called(w->before, column, edge[1]) && may(edge[0], w->actor);

	if (!strcmp(kind, "step"))
		return from && w->rc == 0 && called(w->last, column, edge[2]);
	if (!strcmp(kind, "steps"))
		return w->rc == 0 && passed(w, column, edge[1]) && called(w->last, column, edge[2]);
	if (!strcmp(kind, "further"))
		return from && w->rc == 0 && leads_on(t, column, edge[2], w->last);
	if (!strcmp(kind, "same"))
		return from && w->rc == E_EXISTS && called(w->last, column, edge[2]);
	return !strcmp(kind, "refused") && from && w->rc == E_REFUSED;
}

static void
check_row(const struct table *t, size_t i, size_t column, const char *expected, unsigned count[5], const char *const kinds[5])
{
	const char *const edge[3] = { t->cell[i][1], t->cell[i][2], t->cell[i][3] }, *kind = t->cell[i][4];
	char line[FIELD], paths[FIELD], *at = paths, *path;
	bool shown = false, known = false;
	struct walk w;

	(void)snprintf(line, sizeof(line), "%02zu", i + 1);
	is_str(t->cell[i][0], line, "row %zu is where it belongs", i + 1);
	(void)snprintf(line, sizeof(line), "%.60s %.60s %.60s", edge[0], edge[1], edge[2]);
	is_str(line, expected, "it is their transition");
	for (size_t k = 0; k < 5; k++)
		if (!strcmp(kind, kinds[k])) {
			count[k]++;
			known = true;
		}
	ok(known, "row %zu: \"%s\" is explained", i + 1, kind);
	(void)snprintf(paths, sizeof(paths), "%s", t->cell[i][5]);
	while ((path = next_span(&at)) != NULL) {
		char copy[FIELD];
		const char *wrong;

		if (strchr(path, ' ') == NULL)
			continue;	/* An option or an outcome, in the text. */
		(void)snprintf(copy, sizeof(copy), "%s", path);
		wrong = walk(path, &w);
		ok(wrong == NULL, "row %zu: %s", i + 1, copy);
		if (wrong != NULL)
			printf("# %s; the last state was %s, the answer %d\n", wrong, w.last, w.rc);
		shown |= wrong == NULL && shows(kind, &w, t, column, edge);
	}
	ok(shown, "row %zu: a path shows: %s", i + 1, kind);
	/* One state that they call by two names has steps to itself; "same" is shown by its path alone. */
	if (strcmp(kind, "same") != 0)
		is_int(one_step(edge, column), !strcmp(kind, "step"), "row %zu: of all inputs, %s leads there", i + 1,
		    !strcmp(kind, "step") ? "one" : "none");
}

static void
check_table(const char *heading, struct table *t, size_t column, const char *const edges[], size_t n)
{
	static const char *const kinds[5] = { "step", "steps", "further", "same", "refused" };
	unsigned count[5] = { 0 };
	char line[128];

	read_table(heading, t);
	is_int(t->n, n, "%zu rows", n);
	for (size_t i = 0; i < t->n && i < n; i++)
		check_row(t, i, column, edges[i], count, kinds);
	(void)snprintf(line, sizeof(line), "%zu rows: %u step, %u steps, %u further, %u same, %u refused.\n", t->n,
	    count[0], count[1], count[2], count[3], count[4]);
	ok(strstr(page, line) != NULL, "the page says: %s", strtok(line, "\n"));
}

/* ---- the coordinator's tables ---- */

static void
check_words(void)
{
	struct referral all[ROWS];
	size_t n = all_forms(all);
	char text[FORM], want[FORM + 2];

	read_table("\n## Our states in their words\n", &words);
	is_int(words.n, n, "each of our states has a row");
	for (size_t i = 0; i < n && i < words.n; i++) {
		unsigned found = 0;

		(void)snprintf(want, sizeof(want), "`%s`", form(&all[i], text));
		for (size_t k = 0; k < words.n; k++)
			found += !strcmp(words.cell[k][0], want);
		is_int(found, 1, "%s has one", text);
	}
}

static void
is_days(const char *cell, int64_t ms, const char *what)
{
	char days[24] = "-";

	if (ms > 0)
		(void)snprintf(days, sizeof(days), "%lld", (long long)(ms / WHEN_DAY));
	is_str(cell, days, "%s", what);
}

static void
check_turns(void)
{
	unsigned seen = 0;

	read_table("\n## Whose turn it is\n", &turns);
	is_int(turns.n, REFERRAL_NSTATES + 2, "the states, and two in which the turn is another's");
	for (size_t i = 0; i < turns.n; i++) {
		char copy[FIELD], *at = copy, *name, *state;
		const struct referral_clock *clock;
		struct referral r = { .leg = 1 };

		(void)snprintf(copy, sizeof(copy), "%s", turns.cell[i][0]);
		if ((name = next_span(&at)) == NULL || referral_state_parse(state = strsep(&name, "/"), &r.state) != 0) {
			ok(0, "row %zu of the turns has no state", i + 1);
			continue;
		}
		seen |= 1u << r.state;
		r.consented = name != NULL;
		r.cancelling = name != NULL && !strcmp(name, "cancelling");
		ok(name == NULL || r.cancelling || !strcmp(name, "consented"), "%s can be told", state);
		clock = referral_clock(&r);
		is_str(turns.cell[i][2], clock != NULL ? referral_actor_name(clock->owner) : "-", "%s: whose turn", state);
		is_days(turns.cell[i][3], clock != NULL ? clock->remind_ms : 0, "reminded after");
		is_days(turns.cell[i][4], clock != NULL ? clock->expire_ms : 0, "ends after");
	}
	is_int(seen, (1 << REFERRAL_NSTATES) - 1, "each state has a turn");
}

/* The command is one, and its input is possible in exactly the states of the row. */
static void
check_command(const char *verb, const char *input, const char *states, bool seen[REFERRAL_NINPUTS][REFERRAL_NACTORS])
{
	struct referral all[ROWS], next;
	size_t n = all_forms(all);
	struct referral_move m;
	char text[FORM], want[FORM + 2], copy[FIELD], *at = copy, *name;

	(void)snprintf(copy, sizeof(copy), "%s", input);
	if (!ok((name = next_span(&at)) != NULL && read_move(name, &m), "the input of %s can be read", verb))
		return;
	ok(!seen[m.input][m.actor], "it has one row");
	seen[m.input][m.actor] = true;
	if (strcmp(verb, "-") != 0) {
		(void)snprintf(text, sizeof(text), "{ \"%.*s\", ", (int)strcspn(verb + 7, " `"), verb + 7);
		ok(!strncmp(verb, "`cairn ", 7) && strstr(verbs, text) != NULL, "%s is a command", verb);
	}
	for (size_t i = 0; i < n; i++) {
		if (all[i].cancelling && strstr(states, "/cancelling") == NULL)
			continue;
		(void)snprintf(want, sizeof(want), "`%s`", form(&all[i], text));
		is_int(try(&all[i], m.input, m.actor, &next) == 0, has_word(states, want), "%s by %s in %s",
		    referral_input_name(m.input), referral_actor_name(m.actor), text);
	}
}

static void
check_commands(void)
{
	bool seen[REFERRAL_NINPUTS][REFERRAL_NACTORS] = { { false } };
	struct referral all[ROWS], next;
	size_t n = all_forms(all);

	read_table("\n## Who can do what, and when\n", &commands);
	for (size_t i = 0; i < commands.n; i++)
		check_command(commands.cell[i][0], commands.cell[i][1], commands.cell[i][2], seen);
	for (size_t k = 0; k < n; k++)
		for (unsigned i = 0; i < REFERRAL_NINPUTS; i++)
			for (unsigned a = 0; a < REFERRAL_NACTORS; a++)
				if (try(&all[k], i, a, &next) == 0 && !seen[i][a])
					ok(0, "%s by %s has no row", referral_input_name(i), referral_actor_name(a));
}

int
main(void)
{
	read_all("docs/referral.md", page, sizeof(page));
	read_all("tools/cairn_verbs.c", verbs, sizeof(verbs) / 2);
	read_all("tools/cairn_verbs_case.h", verbs + strlen(verbs), sizeof(verbs) / 2);
	check_turns();
	check_commands();
	check_words();
	check_table("\n## BSeR, each transition\n", &bser, 2, bser_edges, nelem(bser_edges));
	check_table("\n## SDOHCC, each edge of Task.status\n", &sdohcc, 1, sdohcc_edges, nelem(sdohcc_edges));
	return done_testing();
}
