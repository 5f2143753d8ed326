/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "cairn.h"
#include "events.h"

enum { NAME_MAX_LEN = 32, INDENT = 27, USAGE_INDENT = 11, LINE = 88 };

void
help_all(FILE *out)
{
	fputs("usage: cairn [-c FILE] [--json] VERB ...\n\n"
	    "The operator's command of a Cairn node.\n\n", out);
	for (const struct verb *v = verbs_table; v->name != NULL; v++)
		fprintf(out, "  %-16s %s\n", v->name, v->summary);
	fputs("\n"
	    "  -c, --config FILE  the node's configuration (else $CAIRN_CONFIG, else " CAIRN_SYSCONFDIR "/cairn/cairn.conf)\n"
	    "  --json             print one JSON document\n"
	    "  -h, --help         this text; after a verb, that verb's\n"
	    "  --version          the version\n\n"
	    "Status: 0 done; 1 refused by a rule, or not yet; 2 usage; 3 bad input; 4 not found;\n"
	    "5 the node does not run or answer; 6 fatal.\n\n"
	    "First steps: cairn check-config, cairn setup, cairn import hsds FILE, cairn publish, cairn doctor.\n", out);
}

/* One piece of a usage line, on a new line if it does not fit. */
static void
put_piece(FILE *out, int *column, const char *before, const char *word, const char *value, const char *after)
{
	int n;

	/* A list longer than a line goes on behind one of its bars. */
	while (strlen(word) > LINE - USAGE_INDENT - 1 && strchr(word, '|') != NULL) {
		int most = LINE - USAGE_INDENT - 1;

		while (most > 1 && word[most - 1] != '|')
			most--;
		fprintf(out, "\n%*s %s%.*s", USAGE_INDENT, "", before, most, word);
		*column = LINE;
		before = "";
		word += most;
	}
	n = (int)(strlen(before) + strlen(word) + strlen(value) + strlen(after)) + (value[0] != '\0');
	if (*column + 1 + n > LINE) {
		fprintf(out, "\n%*s", USAGE_INDENT, "");
		*column = USAGE_INDENT;
	}
	*column += fprintf(out, " %s%s%s%s%s", before, word, value[0] != '\0' ? " " : "", value, after);
}

/* "a|b|c" in as many lines as it takes. */
static void
put_values(FILE *out, int *column, const char *meta)
{
	const char *before = " ";

	for (size_t n; *meta != '\0'; meta += n, before = "") {
		n = strcspn(meta, "|");
		n += meta[n] == '|';
		if (*column + (int)n + 1 > LINE) {
			*column = fprintf(out, "\n%*s", USAGE_INDENT, "") - 1;
			before = "";
		}
		*column += fprintf(out, "%s%.*s", before, (int)n, meta);
	}
}

void
help_usage(FILE *out, const struct verb *v)
{
	int column = fprintf(out, "usage: cairn %s", v->name);

	for (const struct word *w = v->words; w->meta != NULL; w++) {
		bool optional = w->arity == MAYBE || w->arity == ANY;
		bool several = w->arity == REST || w->arity == ANY || w->arity == PACKED;

		if (!optional && !several && strlen(w->meta) > LINE / 2)
			put_values(out, &column, w->meta);
		else
			put_piece(out, &column, optional ? "[" : "", w->meta, several ? "..." : "", optional ? "]" : "");
	}
	for (const struct choice *o = v->choices; o->name != NULL; o++)
		put_piece(out, &column, o->required ? "--" : "[--", o->name, o->meta != NULL ? o->meta : "",
		    o->required ? "" : o->many ? "]..." : "]");
	if (v->wait_for != NULL)
		put_piece(out, &column, "[", "--wait", "[--timeout SECONDS]", "]");
	fputc('\n', out);
}

/* Words of ${text} in lines that begin ${indent} columns in; the first continues at ${column}. */
static void
fold(FILE *out, const char *text, int indent, int column)
{
	while (*(text += strspn(text, " ")) != '\0') {
		int n = (int)strcspn(text, " ");

		if (column > indent && column + 1 + n > LINE) {
			fputc('\n', out);
			column = 0;
		}
		column += column == 0 ? fprintf(out, "%*s%.*s", indent, "", n, text) :
		    fprintf(out, "%s%.*s", column > indent ? " " : "", n, text);
		text += n;
	}
	fputc('\n', out);
}

static void
print_choice(FILE *out, const char *name, const char *value, const char *help, const struct ev_enum *values)
{
	int column = fprintf(out, "  --%s%s%s", name, value != NULL ? " " : "", value != NULL ? value : "");

	if (column >= INDENT - 1) {
		fputc('\n', out);
		column = 0;
	}
	fprintf(out, "%*s", INDENT - column, "");
	fold(out, help, INDENT, INDENT);
	if (values == NULL)
		return;
	column = fprintf(out, "%*sone of:", INDENT, "");
	for (int i = 1; i <= values->n; i++) {
		if (column + 1 + (int)strlen(values->text[i]) > LINE)
			column = fprintf(out, "\n%*s", INDENT - 1, "") - 1;
		column += fprintf(out, " %s", values->text[i]);
	}
	fputc('\n', out);
}

void
help_verb(FILE *out, const struct verb *v)
{
	help_usage(out, v);
	fprintf(out, "\n%c%s.\n", v->summary[0] - 'a' + 'A', v->summary + 1);
	if (v->help[0] != '\0')
		fold(out, v->help, 0, 0);
	if (v->choices[0].name != NULL || v->wait_for != NULL)
		fputc('\n', out);
	for (const struct choice *o = v->choices; o->name != NULL; o++)
		print_choice(out, o->name, o->meta, o->help, o->values);
	if (v->wait_for != NULL) {
		print_choice(out, "wait", NULL, strcmp(v->wait_for, "sent") == 0 ? "follow it until the homeserver has it" :
		    "follow it until it has arrived", NULL);
		print_choice(out, "timeout", "SECONDS", "but no longer (60)", NULL);
	}
	fprintf(out, "\nExample:\n  %s\n", v->example);
}

/* Edit distance between two short words. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN], la = strlen(a), lb = strlen(b);

	if (la >= NAME_MAX_LEN || lb >= NAME_MAX_LEN)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const struct verb *
help_guess(const char *word)
{
	const struct verb *like = NULL;
	size_t least = 3;	/* More than two slips are another word. */

	for (const struct verb *v = verbs_table; v->name != NULL; v++) {
		char first[NAME_MAX_LEN];
		size_t d;

		(void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(v->name, " "), v->name);
		d = distance(word, first);
		if (d < least) {
			least = d;
			like = v;
		}
	}
	return like;
}

int
help_run(struct cairn *c, const struct verb *self, json_t *args)
{
	const char *first = json_str(args, "verb"), *second = json_str(args, "second");
	const struct verb *v;
	size_t shown = 0, n;
	int used;

	(void)self;
	if (first == NULL) {
		help_all(stdout);
		return EXIT_OK;
	}
	v = verbs_find(first, second, &used);
	if (v != NULL) {
		help_verb(stdout, v);
		return EXIT_OK;
	}
	/* "import" alone explains all that begin so. */
	n = strlen(first);
	for (v = verbs_table; v->name != NULL && second == NULL; v++) {
		if (strncmp(v->name, first, n) != 0 || v->name[n] != ' ')
			continue;
		if (shown++ > 0)
			puts("");
		help_verb(stdout, v);
	}
	if (shown > 0)
		return EXIT_OK;
	v = help_guess(first);
	return out_problem(c, EXIT_USAGE, "cairn help lists all", v != NULL ?
	    "there is no command \"%s\"; did you mean %s?" : "there is no command \"%s\"", first, v != NULL ? v->name : "");
}

/* What may follow the verb: options, and words that are themselves written in its usage. */
static void
print_candidates(const struct verb *v)
{
	printf("\t'%s') words='--config --json --help", v->name);
	if (v->wait_for != NULL)
		fputs(" --wait --timeout", stdout);
	for (const struct choice *o = v->choices; o->name != NULL; o++)
		printf(" --%s", o->name);
	for (const struct word *w = v->words; w->meta != NULL; w++) {
		for (const char *p = w->meta; *p != '\0'; p += strspn(p, "|")) {
			size_t n = strcspn(p, "|");

			if (*p >= 'a' && *p <= 'z')
				printf(" %.*s", (int)n, p);
			p += n;
		}
	}
	puts("' ;;");
}

static void
print_values_case(const struct verb *v)
{
	for (const struct choice *o = v->choices; o->name != NULL; o++) {
		if (o->values == NULL)
			continue;
		printf("\t'%s --%s') values='", v->name, o->name);
		for (int i = 1; i <= o->values->n; i++)
			printf("%s%s", i > 1 ? " " : "", o->values->text[i]);
		puts("' ;;");
	}
}

int
help_completion(struct cairn *c, const struct verb *self, json_t *args)
{
	(void)c;
	(void)self;
	(void)args;
	puts("# bash completion for cairn; made by: cairn completion\n"
	    "_cairn()\n"
	    "{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= words= values= i\n"
	    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	    "\t\tcase ${COMP_WORDS[i]} in\n"
	    "\t\t-c|--config) ((i++)) ;;\n"
	    "\t\t-*) ;;\n"
	    "\t\timport|key|sign|federation|issuer|policy) verb=\"${COMP_WORDS[i]} ${COMP_WORDS[i+1]}\"; break ;;\n"
	    "\t\t*) verb=${COMP_WORDS[i]}; break ;;\n"
	    "\t\tesac\n"
	    "\tdone\n"
	    "\tcase \"$verb $prev\" in");
	for (const struct verb *v = verbs_table; v->name != NULL; v++)
		print_values_case(v);
	puts("\tesac\n"
	    "\tcase $verb in");
	for (const struct verb *v = verbs_table; v->name != NULL; v++)
		print_candidates(v);
	fputs("\t'import '*) words='hsds records' ;;\n"
	    "\t'key '*) words='new show' ;;\n"
	    "\t'sign '*) words='trust credential statement publication withdrawal' ;;\n"
	    "\t'policy '*) words='follow leave list check' ;;\n"
	    "\t'federation '*) words='new sign words invite accept admit join room publish status deny allow' ;;\n"
	    "\t*) words='--config --json --help --version", stdout);
	for (const struct verb *v = verbs_table; v->name != NULL; v++) {
		const char *blank = strchr(v->name, ' ');
		size_t n = blank != NULL ? (size_t)(blank - v->name) : strlen(v->name);

		if (v == verbs_table || strncmp(v[-1].name, v->name, n) != 0)
			printf(" %.*s", (int)n, v->name);
	}
	puts("' ;;\n"
	    "\tesac\n"
	    "\tCOMPREPLY=($(compgen -W \"${values:-$words}\" -- \"$cur\"))\n"
	    "}\n"
	    "complete -o default -F _cairn cairn");
	return EXIT_OK;
}
