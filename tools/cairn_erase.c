/* SPDX-License-Identifier: Apache-2.0 */
/* cairn_erase: what cannot be taken back is said first, and asked again. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/canon.h"
#include "cairn.h"

static void
say(const json_t *plan, const char *key, const char *title)
{
	const json_t *lines = json_arr(plan, key), *line;
	size_t i;

	if (json_array_size(lines) > 0)
		out_line("%s", title);
	json_array_foreach(lines, i, line)
		out_line("  %s", json_string_value(line));
}

/* The id, typed once more. */
static int
ask(const struct cairn *c, const char *id)
{
	char typed[300] = "";

	if (!isatty(STDIN_FILENO))
		return out_problem(c, EXIT_REFUSED, "to erase without being asked, say --confirm with the same id",
		    "nothing was erased: nobody confirmed it");
	(void)fflush(stdout);
	fprintf(stderr, "This cannot be taken back. Type %s to erase: ", id);
	if (fgets(typed, sizeof(typed), stdin) == NULL)
		*typed = '\0';
	typed[strcspn(typed, "\n")] = '\0';
	return strcmp(typed, id) == 0 ? EXIT_OK : out_problem(c, EXIT_REFUSED, NULL, "nothing was erased: that is not %s", id);
}

int
erase_run(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *id = json_str(args, "id"), *confirm = json_str(args, "confirm");
	autojson json_t *plan = NULL, *first = json_pack("{s:s*}", "id", id);
	int r;

	if (json_is_true(json_object_get(args, "keep")))
		return node_run(c, v, args);
	if (confirm != NULL && strcmp(confirm, id) != 0)
		return out_problem(c, EXIT_REFUSED, "say the same id twice", "nothing was erased: --confirm %s is not %s", confirm, id);
	if (confirm == NULL) {
		if ((r = client_call(c, v->name, first, &plan)) != EXIT_OK)
			return r;
		say(plan, "erases", "This is erased here, and in each backup:");
		say(plan, "keeps", "This is kept:");
		say(plan, "asks", "Who else is asked:");
		say(plan, "out_of_reach", "This is out of reach:");
		if ((r = ask(c, id)) != EXIT_OK)
			return r;
		if (json_object_set_new(args, "confirm", json_string(id)) != 0)
			return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	}
	return node_run(c, v, args);
}

int
erase_show(const json_t *args, const json_t *result)
{
	const char *delivery = json_str(result, "delivery"), *text = json_str(result, "text");

	if (args != NULL && text != NULL)
		out_line("%s", text);
	else if (args != NULL)
		out_line("%s", delivery != NULL && !strcmp(delivery, "delivered") ? "erased" :
		    "being erased; cairn list erasures shows it, and what partners answer");
	return EXIT_OK;
}
