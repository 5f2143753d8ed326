/* SPDX-License-Identifier: Apache-2.0 */
/* tzif: time zones as their files have them, each by its rule alone. */
#ifndef CAIRN_TEST_TZIF_H
#define CAIRN_TEST_TZIF_H

#define TZIF_HEAD "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4\0\0\0\0\0\0UTC\0"

static const char utc_file[] = TZIF_HEAD TZIF_HEAD "\nUTC0\n";
/* Central European time. */
static const char berlin_file[] = TZIF_HEAD TZIF_HEAD "\nCET-1CEST,M3.5.0,M10.5.0/3\n";

#endif /* !CAIRN_TEST_TZIF_H */
