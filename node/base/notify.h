/* SPDX-License-Identifier: Apache-2.0 */
/* notify: tells whoever started us how we are, as sd_notify(3) describes, without its library. */
#ifndef CAIRN_NOTIFY_H
#define CAIRN_NOTIFY_H

/**
 * notify(where, state): one datagram, such as "READY=1", at once.  ${where} is what was in $NOTIFY_SOCKET: a path, or "@" and a name
 * that is no file; NULL: nobody wants to know.  If it cannot be told, that is said on stderr.
 */
void	notify(const char *where, const char *state);

#endif /* !CAIRN_NOTIFY_H */
