/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_value: what one value of the configuration may be.
 */
#ifndef CAIRN_CONFIG_VALUE_H
#define CAIRN_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define CONFIG_BETWEEN	", \t\n"

/*
 * config_value_*(value, reterr): 0, or E_BAD with what is wrong and what to do
 * (without file and line), or -ENOMEM.
 */
int	config_value_name(const char *, struct err *) must_check;	/* One line for people. */
int	config_value_text(const char *, struct err *) must_check;	/* Several lines. */
int	config_value_url(const char *, struct err *) must_check;	/* http[s]://host[:port] */
int	config_value_server(const char *, struct err *) must_check;	/* A Matrix server name. */
int	config_value_user(const char *, struct err *) must_check;	/* @name:server or name. */
int	config_value_users(const char *, struct err *) must_check;	/* Such, with CONFIG_BETWEEN between. */
int	config_value_zone(const char *, struct err *) must_check;	/* As Europe/Berlin; whether there is such a one is not known here. */
int	config_value_path(const char *, struct err *) must_check;	/* Absolute. */
int	config_value_socket(const char *, struct err *) must_check;	/* Fits in a sockaddr_un. */
int	config_value_signer(const char *, struct err *) must_check;	/* signers.h */
int	config_value_unix_user(const char *, struct err *) must_check;

/** config_value_loopback(host): is "host[:port]" surely this machine? */
bool	config_value_loopback(const char *);

/**
 * config_value_character(s, left): how many bytes the UTF-8 character at ${s}
 * has, of which ${left} > 0 are readable; 0 if it is none, or a control
 * character other than tab and newline.
 */
size_t	config_value_character(const unsigned char *, size_t);

#endif /* !CAIRN_CONFIG_VALUE_H */
