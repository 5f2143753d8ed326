/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/canon.h"
#include "cairn.h"

enum { PASSWORD_MAX = 512, PAUSE = 250, CTRL_C = 3, CTRL_D = 4, CTRL_U = 21, BACKSPACE = 8, DELETE = 127 };

struct password {
	char	text[PASSWORD_MAX + 2];
};

static void
wipe(struct password *p)
{
	explicit_bzero(p, sizeof(*p));
}
#define autopassword __attribute__((cleanup(wipe)))

static int
read_file(const struct cairn *c, const char *path, struct password *ret)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return out_problem(c, EXIT_BAD, "name a file whose first line is the password", "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
		fprintf(stderr, "cairn: warning: others may read %s; chmod 600 it\n", path);
	while (n > 0 && len <= PASSWORD_MAX) {
		n = read(fd, ret->text + len, PASSWORD_MAX + 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	(void)close(fd);
	ret->text[len] = '\0';
	ret->text[strcspn(ret->text, "\r\n")] = '\0';
	if (n < 0)
		return out_problem(c, EXIT_BAD, NULL, "%s: it cannot be read", path);
	if (ret->text[0] == '\0' || strlen(ret->text) > PASSWORD_MAX)
		return out_problem(c, EXIT_BAD, NULL, "%s:1:1: the first line must hold the password, 1 to %d bytes", path,
		    PASSWORD_MAX);
	return EXIT_OK;
}

/* Reads a line byte by byte without echo; false if the person gave up. */
static bool
type_line(int tty, struct password *ret)
{
	size_t len = 0;
	char ch;

	while (read(tty, &ch, 1) == 1 && ch != CTRL_C && ch != CTRL_D) {
		if (ch == '\n' || ch == '\r') {
			ret->text[len] = '\0';
			return len > 0;
		}
		if (ch == BACKSPACE || ch == DELETE)
			len -= len > 0;
		else if (ch == CTRL_U)
			len = 0;
		else if (len < PASSWORD_MAX)
			ret->text[len++] = ch;
	}
	return false;
}

/* Without ISIG, so that an interrupt leaves the terminal as it was. */
static int
ask(const struct cairn *c, const char *what, const char *user, struct password *ret)
{
	struct termios old, quiet;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	bool got;

	if (tty < 0 || tcgetattr(tty, &old) != 0) {
		if (tty >= 0)
			(void)close(tty);
		return out_problem(c, EXIT_USAGE, "name a file with --node-password-file and --steward-password-file",
		    "there is no terminal to ask for passwords on");
	}
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	dprintf(tty, "Password of the %s account %s: ", what, user);
	(void)tcsetattr(tty, TCSAFLUSH, &quiet);
	got = type_line(tty, ret);
	(void)tcsetattr(tty, TCSAFLUSH, &old);
	dprintf(tty, "\n");
	(void)close(tty);
	return got ? EXIT_OK : out_problem(c, EXIT_USAGE, NULL, "no password was given; nothing was done");
}

/* Replaces the file named in ${args} by the password, which is asked for without one. */
static int
take_password(const struct cairn *c, json_t *args, const char *key, const char *what, const char *user)
{
	const char *path = json_str(args, key);
	autopassword struct password p = { "" };
	int r = path != NULL ? read_file(c, path, &p) : ask(c, what, user, &p);
	json_t *j;

	if (r != EXIT_OK)
		return r;
	j = json_string(p.text);
	if (j == NULL)
		return out_problem(c, EXIT_BAD, NULL, "the password of the %s account is not UTF-8", what);
	return json_object_set_new(args, key, j) == 0 ? EXIT_OK : out_problem(c, EXIT_FATAL, NULL, "out of memory");
}

/* The node opens the file, in its own directory: the path must not depend on ours. */
static int
make_absolute(const struct cairn *c, json_t *args)
{
	const char *path = json_str(args, "recovery_file");
	autofree char *cwd = NULL;

	if (path == NULL || path[0] == '/')
		return EXIT_OK;
	cwd = getcwd(NULL, 0);
	if (cwd == NULL || json_object_set_new(args, "recovery_file", json_sprintf("%s/%s", cwd, path)) != 0)
		return out_problem(c, EXIT_FATAL, NULL, "the current directory has no path");
	return EXIT_OK;
}

/* What a stage of the node means, said once when it is reached. */
static void
say_stage(const char *stage)
{
	static const struct { const char *stage, *text; } texts[] = {
		{ "login", "logging both accounts in" },
		{ "keys", "making and publishing the keys of both accounts, signing this device" },
	};

	for (size_t i = 0; i < nelem(texts); i++) {
		if (strcmp(stage, texts[i].stage) == 0)
			out_line("  %s", texts[i].text);
	}
	(void)fflush(stdout);
}

/* Follows "status" until setup ends. */
static int
watch(struct cairn *c, json_t **ret)
{
	autofree char *last = NULL;

	for (;;) {
		autojson json_t *status = NULL;
		const char *stage, *error;
		int r = client_call(c, "status", NULL, &status);

		if (r != EXIT_OK)
			return r;
		stage = json_str(status, "setup");
		error = json_str(status, "error");
		if (stage != NULL && strcmp(stage, "done") == 0) {
			*ret = take(status);
			return EXIT_OK;
		}
		if (stage != NULL && strcmp(stage, "failed") == 0)
			return out_problem(c, EXIT_REFUSED, "mend it and run cairn setup again: what is done is not done twice",
			    "setup failed: %s", error != NULL ? error : "the node gives no reason");
		if (stage != NULL && (last == NULL || strcmp(last, stage) != 0)) {
			free(last);
			last = strdup(stage);
			if (!c->json)
				say_stage(stage);
		}
		client_pause(PAUSE);
	}
}

int
setup_run(struct cairn *c, const struct verb *v, json_t *args)
{
	struct config config = { 0 };
	autojson json_t *started = NULL;
	autojson json_t *status = NULL;
	const char *recovery;
	int r;

	(void)v;
	r = client_config(c, &config);
	if (r == EXIT_OK)
		r = take_password(c, args, "node_password", "node", config.node_user);
	if (r == EXIT_OK)
		r = take_password(c, args, "steward_password", "steward", config.steward_user);
	config_free(&config);
	if (r == EXIT_OK)
		r = make_absolute(c, args);
	if (r == EXIT_OK)
		r = client_call(c, "setup", args, &started);
	if (r == EXIT_OK)
		r = watch(c, &status);
	if (r != EXIT_OK)
		return r;
	if (c->json)
		return out_json(status);
	recovery = json_str(status, "recovery_file");
	out_line("This node is set up.");
	if (recovery != NULL && json_is_true(json_object_get(status, "recovery_file_there"))) {
		out_line("Its recovery key is in %s.", recovery);
		out_line("Move that file off this machine, to a place that two people of your organization can open, and");
		out_line("delete it here: the node does not need it to run, and nobody can make it again.");
	} else if (recovery != NULL) {
		out_line("Its recovery key is no longer in %s: be sure that your organization has that file.", recovery);
		out_line("Nobody can make it again. Without it this node runs on, but no other device can be signed as yours: if it is");
		out_line("lost, plan for new accounts.");
	}
	out_line("next: cairn doctor, then cairn import hsds FILE");
	return EXIT_OK;
}
