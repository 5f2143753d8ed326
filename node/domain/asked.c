/* SPDX-License-Identifier: Apache-2.0 */
#include "asked.h"

#include <errno.h>
#include <string.h>

#include "base/canon.h"

bool
asked_minor(const char *band)
{
	return band != NULL && (!strcmp(band, "under_13") || !strcmp(band, "13_17"));
}

int
asked_lay(json_t *facts, const json_t *info)
{
	static const char *const names[] = { "language", "modality", "urgency", "times", "residence", "insurance" };

	for (size_t i = 0; i < nelem(names); i++)
		if (json_object_get(info, names[i]) != NULL && json_object_set(facts, names[i], json_object_get(info, names[i])) != 0)
			return -ENOMEM;
	if (json_str(info, "age_band") == NULL || (asked_minor(json_str(facts, "age_band")) && !asked_minor(json_str(info, "age_band"))))
		return 0;
	return json_object_set(facts, "age_band", json_object_get(info, "age_band")) != 0 ? -ENOMEM : 0;
}

int
asked_doubt(json_t *facts, const json_t *info)
{
	if (asked_minor(json_str(facts, "age_band")) || !asked_minor(json_str(info, "age_band")))
		return 0;
	return json_object_set(facts, "age_band", json_object_get(info, "age_band")) != 0 ? -ENOMEM : 0;
}
