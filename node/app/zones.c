/* SPDX-License-Identifier: Apache-2.0 */
#include "zones.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

struct zone *
zones_read(const char *name)
{
	char path[sizeof(ZONES_DIR) + ZONE_NAME_MAX + 2];
	autofree char *data = malloc(ZONE_FILE_MAX + 1);
	struct zone *ret = NULL;
	size_t len = 0;
	ssize_t n = 0;
	struct stat st;
	int fd;

	if (data == NULL || !zone_is_name(name))
		return NULL;
	(void)snprintf(path, sizeof(path), "%s/%s", ZONES_DIR, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		while (len <= ZONE_FILE_MAX && (n = read(fd, data + len, ZONE_FILE_MAX + 1 - len)) > 0)
			len += (size_t)n;
	(void)close(fd);
	return n == 0 && zone_parse(data, len, &ret, NULL) == 0 ? ret : NULL;
}

const struct zone *
zones_get(struct zones *z, const char *name)
{
	struct zones_kept *k;

	for (size_t i = 0; i < z->n; i++)
		if (strcmp(z->kept[i].name, name) == 0)
			return z->kept[i].zone;
	/* The first stays; of the others the last makes room. */
	k = &z->kept[z->n < ZONES_KEPT ? z->n++ : ZONES_KEPT - 1];
	zone_free(k->zone);
	(void)snprintf(k->name, sizeof(k->name), "%s", name);
	k->zone = zones_read(name);
	return k->zone;
}

void
zones_free(struct zones *z)
{
	for (size_t i = 0; i < z->n; i++)
		zone_free(z->kept[i].zone);
	z->n = 0;
}
