/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "base/heap.h"
#include "cairn.h"

/* Values of getopt_long beside characters: options of every verb, then choices[i] as CHOICE + i. */
enum { OPT_JSON = 256, OPT_WAIT, OPT_TIMEOUT, OPT_VERSION, CHOICE };

#define EVERYWHERE					\
	{ "config", required_argument, NULL, 'c' },	\
	{ "json", no_argument, NULL, OPT_JSON },	\
	{ "help", no_argument, NULL, 'h' }

static const struct option everywhere[] = { EVERYWHERE };

/* ${help}: what cairn help says of it. */
static int
say_usage(const struct cairn *c, const struct verb *v, const char *help, const char *fmt, ...) like_printf(4, 5);

static int
say_usage(const struct cairn *c, const struct verb *v, const char *help, const char *fmt, ...)
{
	autofree char *hint = NULL;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (asprintf(&hint, "cairn help%s%s %s", v != NULL ? " " : "", v != NULL ? v->name : "", help) < 0)
		hint = NULL;
	return out_problem(c, EXIT_USAGE, hint, "%s", text);
}
#define usage(c, v, ...) say_usage(c, v, "explains it", __VA_ARGS__)

static int
set_timeout(struct cairn *c, const struct verb *v, const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 1 || n > 86400)
		return usage(c, v, "--timeout %s: give seconds, 1 to 86400", text);
	c->timeout = n;
	return EXIT_OK;
}

/* Puts an option of the verb into args. */
static int
set_choice(struct cairn *c, const struct verb *v, const struct choice *o, const char *value, json_t *args)
{
	json_t *old = json_object_get(args, o->key), *j;
	int r;

	if (old != NULL && !o->many)
		return usage(c, v, "--%s is given twice", o->name);
	j = o->meta == NULL ? json_true() : json_string(value);
	if (j == NULL)
		return usage(c, v, "--%s: the value is not UTF-8", o->name);
	if (o->many && old == NULL && json_object_set_new(args, o->key, json_array()) != 0) {
		json_decref(j);
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	}
	r = o->many ? json_array_append_new(json_object_get(args, o->key), j) : json_object_set_new(args, o->key, j);
	return r == 0 ? EXIT_OK : out_problem(c, EXIT_FATAL, NULL, "out of memory");
}

/* Joins ${n} words with ${blank}; drops blanks inside them if it is "". */
static json_t *
join(char **words, int n, const char *blank)
{
	autobuf struct buf b = { 0 };

	for (int i = 0; i < n; i++) {
		if (i > 0 && buf_puts(&b, blank) != 0)
			return NULL;
		for (const char *p = words[i]; *p != '\0'; p++) {
			if ((blank[0] != '\0' || *p != ' ') && buf_add(&b, p, 1) != 0)
				return NULL;
		}
	}
	return json_stringn(b.len > 0 ? b.data : "", b.len);
}

static int
set_words(struct cairn *c, const struct verb *v, char **argv, int argc, json_t *args)
{
	for (const struct word *w = v->words; w->meta != NULL; w++) {
		bool all = w->arity == REST || w->arity == ANY || w->arity == PACKED;
		int n = all ? argc : argc > 0 ? 1 : 0;
		json_t *j;

		if (n == 0 && (w->arity == MAYBE || w->arity == ANY))
			continue;
		if (n == 0)
			return usage(c, v, "cairn %s: %s is missing", v->name, w->meta);
		j = join(argv, n, w->arity == PACKED ? "" : " ");
		if (j == NULL)
			return usage(c, v, "cairn %s: %s is not UTF-8", v->name, w->meta);
		if (json_object_set_new(args, w->key, j) != 0)
			return out_problem(c, EXIT_FATAL, NULL, "out of memory");
		argv += n;
		argc -= n;
	}
	if (argc > 0)
		return usage(c, v, "cairn %s: what is \"%s\"?", v->name, argv[0]);
	return EXIT_OK;
}

/* The options of ${v} for getopt_long; ${ret} has room for all. */
static void
fill_options(const struct verb *v, struct option *ret)
{
	size_t n = 0;

	for (; n < nelem(everywhere); n++)
		ret[n] = everywhere[n];
	if (v->wait_for != NULL) {
		ret[n++] = (struct option){ "wait", no_argument, NULL, OPT_WAIT };
		ret[n++] = (struct option){ "timeout", required_argument, NULL, OPT_TIMEOUT };
	}
	for (size_t i = 0; i < nelem(v->choices) && v->choices[i].name != NULL; i++) {
		ret[n++] = (struct option){ v->choices[i].name,
		    v->choices[i].meta != NULL ? required_argument : no_argument, NULL, CHOICE + (int)i };
	}
	ret[n] = (struct option){ 0 };
}

/* Is each value one of the option's closed list?  The node would refuse it too, but cannot name it. */
static int
check_values(const struct cairn *c, const struct verb *v, const struct choice *o, const json_t *given)
{
	size_t n = json_is_array(given) ? json_array_size(given) : given != NULL;

	for (size_t i = 0; i < n && o->values != NULL; i++) {
		const char *value = json_string_value(json_is_array(given) ? json_array_get(given, i) : given);

		if (event_enum_value(o->values, value) == 0)
			return say_usage(c, v, "lists the values", "--%s %s: this is none of its values", o->name, value);
	}
	return EXIT_OK;
}

/* Parses what follows the verb and runs it. */
static int
run_verb(struct cairn *c, const struct verb *v, int argc, char **argv)
{
	struct option options[nelem(everywhere) + 2 + nelem(v->choices) + 1];
	autojson json_t *args = json_object();
	int o, r = EXIT_OK;

	if (args == NULL)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	fill_options(v, options);
	optind = 0;		/* Start anew (glibc). */
	while (r == EXIT_OK && (o = getopt_long(argc, argv, ":c:h", options, NULL)) != -1) {
		if (o == 'c')
			c->config = optarg;
		else if (o == OPT_JSON)
			c->json = true;
		else if (o == OPT_WAIT)
			c->wait = true;
		else if (o == OPT_TIMEOUT)
			r = set_timeout(c, v, optarg);
		else if (o == 'h')
			return help_verb(stdout, v), EXIT_OK;
		else if (o >= CHOICE)
			r = set_choice(c, v, &v->choices[o - CHOICE], optarg, args);
		else
			r = usage(c, v, o == ':' ? "cairn %s: %s needs a value" : "cairn %s: there is no option %s",
			    v->name, argv[optind - 1]);
	}
	if (r == EXIT_OK)
		r = set_words(c, v, argv + optind, argc - optind, args);
	for (const struct choice *x = v->choices; r == EXIT_OK && x->name != NULL; x++) {
		if (x->required && json_object_get(args, x->key) == NULL)
			r = usage(c, v, "cairn %s: --%s %s is missing", v->name, x->name, x->meta);
		else
			r = check_values(c, v, x, json_object_get(args, x->key));
	}
	return r == EXIT_OK ? v->run(c, v, args) : r;
}

static int
unknown_verb(const struct cairn *c, const char *first, const char *second)
{
	autofree char *hint = NULL;
	const struct verb *like = help_guess(first);

	if (like != NULL && asprintf(&hint, "did you mean cairn %s? cairn help lists all", like->name) < 0)
		hint = NULL;
	return out_problem(c, EXIT_USAGE, hint != NULL ? hint : "cairn help lists all",
	    "there is no command \"%s%s%s\"", first, second != NULL ? " " : "", second != NULL ? second : "");
}

static int
run(struct cairn *c, int argc, char **argv)
{
	static const struct option options[] = {
		EVERYWHERE, { "version", no_argument, NULL, OPT_VERSION }, { 0 }
	};
	const struct verb *v;
	int o, used = 0;

	while ((o = getopt_long(argc, argv, "+:c:h", options, NULL)) != -1) {
		if (o == 'c') {
			c->config = optarg;
		} else if (o == OPT_JSON) {
			c->json = true;
		} else if (o == 'h') {
			help_all(stdout);
			return EXIT_OK;
		} else if (o == OPT_VERSION) {
			printf("cairn %s\n", PACKAGE_VERSION);
			return EXIT_OK;
		} else {
			return usage(c, NULL, o == ':' ? "%s needs a value" : "there is no option %s", argv[optind - 1]);
		}
	}
	if (optind == argc) {
		help_all(stderr);
		return EXIT_USAGE;
	}
	argv += optind;
	argc -= optind;
	v = verbs_find(argv[0], argc > 1 ? argv[1] : NULL, &used);
	if (v == NULL)
		return unknown_verb(c, argv[0], argc > 1 && argv[1][0] != '-' ? argv[1] : NULL);
	return run_verb(c, v, argc - used + 1, argv + used - 1);
}

int
main(int argc, char **argv)
{
	struct cairn c = { .fd = -1, .timeout = 60, .in = { .max = CALL_MAX + 1 } };
	int r;

	if (heap_limit(TOOL_HEAP) != 0)
		return EXIT_FATAL;
	(void)setlocale(LC_CTYPE, "");
	r = run(&c, argc, argv);
	if (c.fd >= 0)
		(void)close(c.fd);
	buf_wipe(&c.in);
	if ((fflush(stdout) != 0 || ferror(stdout)) && r == EXIT_OK)
		r = EXIT_FATAL;
	return r;
}
