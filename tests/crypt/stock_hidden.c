/* SPDX-License-Identifier: Apache-2.0 */
/* The primitives as an object whose functions are hidden: libolm does not find them. */
#include "crypt/primitives.h"

#define X(name) __asm__(".hidden _olm_crypto_" #name);
PRIMITIVES(X)
#undef X

#include "crypt/primitives.c"
