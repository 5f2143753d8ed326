# SPDX-License-Identifier: Apache-2.0
# The choices of ./configure.  Each macro sets AC_SUBSTed flag variables that
# Makefile.am gathers into AM_CPPFLAGS, AM_CFLAGS and AM_LDFLAGS.

# CAIRN_FLAG(VARIABLE, FLAG, [PROGRAM]): append FLAG to VARIABLE if the compiler
# and the linker take it without a warning.
AC_DEFUN([CAIRN_FLAG], [
AC_MSG_CHECKING([whether $CC takes $2])
cairn_cflags=$CFLAGS
CFLAGS="$CFLAGS -Werror $2"
AC_LINK_IFELSE([m4_default([$3], [AC_LANG_PROGRAM([], [])])],
	[AC_MSG_RESULT([yes]); $1="$$1 $2"],
	[AC_MSG_RESULT([no])])
CFLAGS=$cairn_cflags
])

# --with-sanitizer[=LIST]: build everything with -fsanitize=LIST.
AC_DEFUN([CAIRN_SANITIZER], [
AC_ARG_WITH([sanitizer],
	[AS_HELP_STRING([--with-sanitizer@<:@=LIST@:>@],
		[compile with -fsanitize=LIST (default LIST: address,undefined)])],
	[], [with_sanitizer=no])
AS_IF([test "x$with_sanitizer" = xyes], [with_sanitizer=address,undefined])
SANITIZER_CFLAGS=
AS_IF([test "x$with_sanitizer" != xno], [
	CAIRN_FLAG([SANITIZER_CFLAGS], [-fsanitize=$with_sanitizer])
	AS_IF([test -z "$SANITIZER_CFLAGS"],
		[AC_MSG_ERROR([--with-sanitizer=$with_sanitizer: $CC cannot link with it; install its runtime library or choose another list])])
	SANITIZER_CFLAGS="$SANITIZER_CFLAGS -fno-omit-frame-pointer -fno-sanitize-recover=all"
])
AC_SUBST([SANITIZER_CFLAGS])
])

# --with-fuzzer: link tests/fuzz/ with libFuzzer (clang).  Without it the same
# programs replay their corpus.
AC_DEFUN([CAIRN_FUZZER], [
AC_ARG_WITH([fuzzer],
	[AS_HELP_STRING([--with-fuzzer], [link tests/fuzz/ with libFuzzer (needs clang)])],
	[], [with_fuzzer=no])
FUZZER_CFLAGS=
FUZZER_LDFLAGS=
AS_IF([test "x$with_fuzzer" != xno], [
	CAIRN_FLAG([FUZZER_CFLAGS], [-fsanitize=fuzzer-no-link])
	AS_IF([test -z "$FUZZER_CFLAGS"],
		[AC_MSG_ERROR([--with-fuzzer: $CC has no libFuzzer; configure with CC=clang])])
	FUZZER_LDFLAGS=-fsanitize=fuzzer
])
AC_SUBST([FUZZER_CFLAGS])
AC_SUBST([FUZZER_LDFLAGS])
AM_CONDITIONAL([WITH_FUZZER], [test "x$with_fuzzer" != xno])
])

# --enable-code-coverage: instrument for gcov.
AC_DEFUN([CAIRN_COVERAGE], [
AC_ARG_ENABLE([code-coverage],
	[AS_HELP_STRING([--enable-code-coverage], [instrument for gcov; not optimized unless CFLAGS say so])],
	[], [enable_code_coverage=no])
COVERAGE_CFLAGS=
AS_IF([test "x$enable_code_coverage" != xno], [
	CAIRN_FLAG([COVERAGE_CFLAGS], [--coverage])
	AS_IF([test -z "$COVERAGE_CFLAGS"],
		[AC_MSG_ERROR([--enable-code-coverage: $CC does not take --coverage])])
	AS_IF([test "x$ac_cv_env_CFLAGS_set" != xset], [CFLAGS="-g -O0"])
])
AC_SUBST([COVERAGE_CFLAGS])
])

# The warning set; --enable-werror for maintainers and CI, never for a release.
AC_DEFUN([CAIRN_WARNINGS], [
AC_ARG_ENABLE([werror],
	[AS_HELP_STRING([--enable-werror], [treat compiler warnings as errors])],
	[], [enable_werror=no])
WARN_CFLAGS=
m4_foreach_w([cairn_w], [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wvla -Wformat=2 -Wundef -Wwrite-strings],
	[CAIRN_FLAG([WARN_CFLAGS], cairn_w)])
AS_IF([test "x$enable_werror" != xno], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
AC_SUBST([WARN_CFLAGS])
])

# Hardening.  _FORTIFY_SOURCE needs an optimizing compiler and hides faults
# from a sanitizer, so it is left out where either says no.
AC_DEFUN([CAIRN_HARDENING], [
HARDEN_CPPFLAGS=
HARDEN_CFLAGS=
HARDEN_LDFLAGS=
AS_IF([test "x$with_sanitizer$enable_code_coverage" = xnono], [
	CAIRN_FLAG([HARDEN_CPPFLAGS], [-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2],
		[AC_LANG_PROGRAM([[#include <stdio.h>]], [])])
])
CAIRN_FLAG([HARDEN_CFLAGS], [-fstack-protector-strong])
CAIRN_FLAG([HARDEN_CFLAGS], [-fstack-clash-protection])
CAIRN_FLAG([HARDEN_CFLAGS], [-fcf-protection])
CAIRN_FLAG([HARDEN_CFLAGS], [-fPIE])
CAIRN_FLAG([HARDEN_LDFLAGS], [-pie])
CAIRN_FLAG([HARDEN_LDFLAGS], [-Wl,-z,relro])
CAIRN_FLAG([HARDEN_LDFLAGS], [-Wl,-z,now])
CAIRN_FLAG([HARDEN_LDFLAGS], [-Wl,-z,noexecstack])
AC_SUBST([HARDEN_CPPFLAGS])
AC_SUBST([HARDEN_CFLAGS])
AC_SUBST([HARDEN_LDFLAGS])
])

# libolm calls its leaf functions through its PLT, and node/crypt/primitives.c
# takes their place.  That needs a libolm without -Bsymbolic and a linker that
# exports what a shared library asks for; see whether a program does, by running
# one.  A cross compiler only sees whether the symbol is exported.
AC_DEFUN([CAIRN_PRIMITIVES], [
AC_MSG_CHECKING([whether a program can replace libolm's primitives])
cairn_cflags=$CFLAGS
cairn_ldflags=$LDFLAGS
cairn_libs=$LIBS
CFLAGS="$CFLAGS $OLM_CFLAGS"
LDFLAGS="$HARDEN_LDFLAGS $LDFLAGS"
LIBS="$OLM_LIBS $LIBS"
olm_primitives=no
m4_pushdef([cairn_program], [AC_LANG_PROGRAM([[
	#include <olm/olm.h>
	#include <stdint.h>
	#include <string.h>
	static int ours;
	void _olm_crypto_sha256(const uint8_t *, size_t, uint8_t *) __attribute__((visibility("default")));
	void _olm_crypto_sha256(const uint8_t *in, size_t n, uint8_t *out)
	{
		ours = in != NULL && n == 1;
		memset(out, 0, 32);
	}
]], [[
	static _Alignas(16) char memory[4096];
	char text[64];

	if (olm_utility_size() > sizeof(memory))
		return 2;
	(void)olm_sha256(olm_utility(memory), "x", 1, text, sizeof(text));
	return !ours;
]])])
AC_RUN_IFELSE([cairn_program], [olm_primitives=yes], [],
	[AC_LINK_IFELSE([cairn_program],
		[AS_IF([$NM -D conftest$ac_exeext 2>/dev/null | grep ' T _olm_crypto_sha256' >/dev/null],
			[olm_primitives=yes])])])
m4_popdef([cairn_program])
CFLAGS=$cairn_cflags
LDFLAGS=$cairn_ldflags
LIBS=$cairn_libs
AC_MSG_RESULT([$olm_primitives])
AS_IF([test "x$olm_primitives" = xno], [AC_MSG_WARN([libolm will use its own,
	slower and weaker primitives; the node warns of it, "cairn doctor" shows it])])
])
