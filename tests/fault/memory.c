/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory: malloc and its kind, in place of the system's, for everything in the process: the program, jansson
 * (also by base/heap.c), SQLite, libsodium, libcrypto, libolm's C, and what libc itself allocates
 * (asprintf).  Behind it is the sanitizer's allocator, or that of libc.  Not covered: C++'s operator new
 * under the sanitizer, which libolm does not use for what it keeps, and mmap.
 */
#include <stddef.h>
#include <string.h>

#include "fault.h"

#ifdef FAULT_SANITIZED
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif

void	*REAL(malloc)(size_t);
void	*REAL(calloc)(size_t, size_t);
void	*REAL(realloc)(void *, size_t);
void	*malloc(size_t);
void	*calloc(size_t, size_t);
void	*realloc(void *, size_t);

void *
malloc(size_t n)
{
	return fault_allocates() ? NULL : REAL(malloc)(n);
}

void *
calloc(size_t n, size_t size)
{
	return fault_allocates() ? NULL : REAL(calloc)(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fault_allocates() ? NULL : REAL(realloc)(p, n);
}

/* The sanitizer has its own of these, which would pass by. */
char *
(strdup)(const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = malloc(n);

	return copy != NULL ? memcpy(copy, text, n) : NULL;
}

char *
(strndup)(const char *text, size_t most)
{
	size_t n = strnlen(text, most);
	char *copy = malloc(n + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}
