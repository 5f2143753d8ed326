/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn-bridge ROLE -c FILE: where other programs connect.  Started by cairnd,
 * with the node's frames on descriptor 3.
 *
 *	matrix	the node's requests to its homeserver
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "serve.h"

enum { FRAMES_FD = 3, CA_MAX = 4 * 1024 * 1024 };

/* What a TLS library and a name look-up read; absent ones are skipped. */
static const struct sandbox_path paths[] = {
	{ "/etc/ssl", false },
	{ "/etc/pki", false },
	{ "/usr/lib/ssl", false },
	{ "/usr/share/ca-certificates", false },
	{ "/usr/local/share/ca-certificates", false },
	{ "/etc/resolv.conf", false },
	{ "/etc/hosts", false },
	{ "/etc/nsswitch.conf", false },
	{ "/etc/host.conf", false },
	{ "/etc/gai.conf", false },
	{ "/run/systemd/resolve", false },
};

static int
fail(int status, const char *what)
{
	log_error("bridge", "%s", what);
	return status;
}

/* The certificates are read once, before privileges and files are given up. */
static int
read_ca(const char *path, struct buf *ret, struct err *reterr)
{
	char bytes[16 * 1024];
	ssize_t n;
	int r = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(reterr, -errno, "homeserver_ca: cannot read %s: %s", path, strerror(errno));
	ret->max = CA_MAX;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0 && r == 0)
		r = buf_add(ret, bytes, (size_t)n);
	if (n < 0)
		r = err_set(reterr, -errno, "homeserver_ca: cannot read %s: %s", path, strerror(errno));
	else if (r != 0)
		r = err_set(reterr, r, "homeserver_ca: %s is too long", path);
	else if (ret->data == NULL || strstr(ret->data, "-----BEGIN CERTIFICATE-----") == NULL)
		r = err_set(reterr, E_BAD, "homeserver_ca: %s holds no PEM certificate", path);
	(void)close(fd);
	return r;
}

static int
become(const char *name, struct err *reterr)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL || pw->pw_uid == 0)
		return err_set(reterr, E_BAD, "bridge_user: \"%s\" is not a system user other than root", name);
	return sandbox_user(pw->pw_uid, pw->pw_gid, reterr);
}

static int
drop_user(const struct config *c, struct err *reterr)
{
	int r = 0;

	if (geteuid() == 0 && c->bridge_user != NULL)
		r = become(c->bridge_user, reterr);
	else if (geteuid() == 0)
		log_warn("bridge", "runs as root; set bridge_user to give it a user of its own");
	return r;
}

static uint16_t
port_of(const char *base)
{
	const char *host = strstr(base, "://") + 3, *colon = strrchr(host, ':');

	if (colon != NULL && strchr(colon, ']') == NULL)
		return (uint16_t)strtoul(colon + 1, NULL, 10);
	return strncmp(base, "https:", 6) == 0 ? 443 : 80;
}

static int
close_doors(const struct config *c, struct err *reterr)
{
	bool landlock;
	int r;

	r = sandbox_enter(SANDBOX_BRIDGE, paths, nelem(paths), port_of(c->homeserver), &landlock, reterr);
	if (r == 0 && !landlock)
		log_warn("bridge", "this kernel has no Landlock: files are guarded by their permissions only");
	return r;
}

static int
run_matrix(const struct config *c)
{
	autobuf struct buf ca = { 0 };
	struct http_opts opts = { .base = c->homeserver };
	struct serve *s = NULL;
	struct err err = { "" };
	int r = 0;

	if (c->homeserver_ca != NULL)
		r = read_ca(c->homeserver_ca, &ca, &err);
	if (r == 0)
		r = drop_user(c, &err);
	if (r != 0)
		return fail(EX_CONFIG, err.text);
	opts.ca = ca.data;
	opts.ca_len = ca.len;

	/* It would have the TLS keys of every connection written to a file. */
	(void)unsetenv("SSLKEYLOGFILE");
	r = serve_new(&opts, FRAMES_FD, &s, &err);
	if (r == 0)
		r = close_doors(c, &err);
	if (r == 0) {
		log_info("bridge", "matrix: ready for %s", c->homeserver);
		r = serve_run(s, &err);
	}
	serve_free(s);
	return r == 0 ? EX_OK : fail(EX_SOFTWARE, err.text[0] != '\0' ? err.text : err_name(r));
}

static int
usage(void)
{
	(void)fprintf(stderr, "usage: cairn-bridge matrix -c FILE\n"
	    "cairnd starts it; it is of no use from a shell.\n");
	return EX_USAGE;
}

int
main(int argc, char *argv[])
{
	struct config config;
	struct err err = { "" };
	struct stat st;
	int status;

	if (argc != 4 || strcmp(argv[1], "matrix") != 0 || strcmp(argv[2], "-c") != 0)
		return usage();
	if (fstat(FRAMES_FD, &st) != 0 || !S_ISSOCK(st.st_mode))
		return usage();
	if (sandbox_hide(&err) != 0)
		return fail(EX_OSERR, err.text);
	if (config_load(argv[3], &config, &err) != 0)
		return fail(EX_CONFIG, err.text);
	log_level_set(config.log_level);
	status = run_matrix(&config);
	config_free(&config);
	return status;
}
