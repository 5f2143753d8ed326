/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: one line per event to standard error, `level module: text`.  Only app/,
 * node.c, bridge/ and cairnd log; lower rooms return errors.  Control and
 * bidirectional characters are escaped.  Never pass content, names, contacts
 * or user ids of members; use log_ref() for them.
 */
#ifndef CAIRN_LOG_H
#define CAIRN_LOG_H

#include "cleanup.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* The level is the one named mutable static (docs/architecture.md, section 1). */
void	log_level_set(enum log_level);
int	log_level_parse(const char *, enum log_level *ret) must_check;	/* 0 or E_BAD. */

void	log_error(const char *module, const char *, ...) like_printf(2, 3);
void	log_warn(const char *module, const char *, ...) like_printf(2, 3);
void	log_info(const char *module, const char *, ...) like_printf(2, 3);
void	log_debug(const char *module, const char *, ...) like_printf(2, 3);

/**
 * log_ref(id, out): eight hexadecimal digits that stand for ${id} within this
 * process (keyed hash with a random key per start).  Returns ${out}.
 */
const char *log_ref(const char *, char[9]);

#endif /* !CAIRN_LOG_H */
