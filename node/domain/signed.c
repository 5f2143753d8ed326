/* SPDX-License-Identifier: Apache-2.0 */
#include "signed.h"

#include <string.h>

#include "base/canon.h"
#include "base/proof.h"

#define TYPE_VC	"VerifiableCredential"

struct name {
	const char		*text;
	enum signed_kind	 kind;
};

#define X(name, text) { text, SIGNED_##name },
static const struct name vcs[] = { SIGNED_VCS(X) };
static const struct name docs[] = { SIGNED_DOCS(X) };
#undef X

static enum signed_kind
look_up(const struct name *names, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i].text, text) == 0)
			return names[i].kind;
	return SIGNED_NOTHING;
}

/* Exactly two types, one of them the general one. */
static enum signed_kind
vc_kind(const json_t *vc)
{
	const char *context = json_string_value(json_array_get(json_arr(vc, "@context"), 0));
	const json_t *types = json_arr(vc, "type");
	const char *a = json_string_value(json_array_get(types, 0));
	const char *b = json_string_value(json_array_get(types, 1));

	if (context == NULL || strcmp(context, SIGNED_CONTEXT) != 0 || json_array_size(types) != 2 ||
	    a == NULL || b == NULL)
		return SIGNED_NOTHING;
	if (strcmp(a, TYPE_VC) == 0)
		return look_up(vcs, nelem(vcs), b);
	return strcmp(b, TYPE_VC) == 0 ? look_up(vcs, nelem(vcs), a) : SIGNED_NOTHING;
}

enum signed_kind
signed_kind(const json_t *doc)
{
	const char *kind = json_str(doc, "kind");
	enum signed_kind ret;

	if (json_object_get(doc, "@context") != NULL)
		return kind == NULL ? vc_kind(doc) : SIGNED_NOTHING;
	if (kind == NULL)
		return SIGNED_NOTHING;
	ret = look_up(docs, nelem(docs), kind);
	if (json_object_get(doc, "seq") == NULL)
		return ret;
	return ret == SIGNED_NOTHING ? SIGNED_RECORD : SIGNED_NOTHING;
}

int
signed_verify(const json_t *doc, enum signed_kind kind, const uint8_t key[32], struct err *reterr)
{
	if (kind == SIGNED_NOTHING || signed_kind(doc) != kind)
		return err_set(reterr, E_REFUSED, "it was signed as something else");
	return proof_verify(doc, key, SIGNED_PURPOSE, reterr);
}
