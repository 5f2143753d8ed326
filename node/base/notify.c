/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* 0 or -errno. */
static int
tell(const char *where, const char *state)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(where);
	int fd, r;

	if (*where != '/' && *where != '@')
		return -EAFNOSUPPORT;
	if (len >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, where, len);
	if (*where == '@')
		to.sun_path[0] = '\0';	/* In the abstract namespace, where the length ends the name. */
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		return -errno;
	r = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0 ? -errno : 0;
	(void)close(fd);
	return r;
}

void
notify(const char *where, const char *state)
{
	int r = where != NULL ? tell(where, state) : 0;

	if (r != 0)
		(void)fprintf(stderr, "warn cairnd: %s cannot be told %s: %s\n", where, state, strerror(-r));
}
