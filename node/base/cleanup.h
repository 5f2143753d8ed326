/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cleanup: scope-bound release of locals (gcc and clang).  A destructor takes
 * NULL and half-built objects.  take() moves a pointer out of its scope.
 */
#ifndef CAIRN_CLEANUP_H
#define CAIRN_CLEANUP_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static inline void	cleanup_free(void *p) { free(*(void **)p); }
static inline void	cleanup_secret(char **p) { if (*p != NULL) explicit_bzero(*p, strlen(*p)); free(*p); }
static inline void	cleanup_json(json_t **p) { json_decref(*p); }

#define autofree	__attribute__((cleanup(cleanup_free)))
#define autosecret	__attribute__((cleanup(cleanup_secret)))	/* A text, overwritten. */
#define autojson	__attribute__((cleanup(cleanup_json)))
#define take(p)		({ __auto_type take_ = (p); (p) = NULL; take_; })

#define nelem(a)	(sizeof(a) / sizeof((a)[0]))
#define must_check	__attribute__((warn_unused_result))
#define like_printf(f, a) __attribute__((format(printf, f, a)))

#endif /* !CAIRN_CLEANUP_H */
