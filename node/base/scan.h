/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan: JSON read quickly.  jansson reads byte by byte through a callback, which was half
 * of what a /sync cost besides decryption; here plain text is taken in runs.
 */
#ifndef CAIRN_SCAN_H
#define CAIRN_SCAN_H

#include <jansson.h>

/**
 * scan_json(text, len): the value that jansson makes of exactly ${len} bytes with
 * JSON_REJECT_DUPLICATES, nested no deeper than CANON_MAX_DEPTH; the caller decrefs.
 * NULL: not decided; let jansson judge (a fault, a real, a number of 19 digits, no memory).
 */
json_t	*scan_json(const char *, size_t);

#endif /* !CAIRN_SCAN_H */
