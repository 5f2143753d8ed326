/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_service: one service, with what its organization and locations add.  Results as hsds_walk.h says. */
#ifndef CAIRN_HSDS_SERVICE_H
#define CAIRN_HSDS_SERVICE_H

#include "hsds_walk.h"

/* Whose service it is; all but ${at} NULL where the file does not say. */
struct organization {
	const struct at	*at;
	json_t		*name;
	json_t		*places;	/* Its locations by id: {"index", "location"}. */
};

/** service_source(h, at, id, organization, body): "source": the organization's name, the id and the day of the last change. */
int	service_source(struct hsds *, const struct at *, const json_t *id, const json_t *organization, json_t *body);
/** service_fill(h, at, org, body): what the service itself says, with its locations. */
int	service_fill(struct hsds *, const struct at *, const struct organization *, json_t *body);
/** service_place(h, at, org, body): what ${at}, a service at a location, adds; its "service" is read by the caller. */
int	service_place(struct hsds *, const struct at *, const struct organization *, json_t *body);
/** service_offers(h, at, name, body): what the organization ${at} offers to all of its services. */
int	service_offers(struct hsds *, const struct at *, json_t *name, json_t *body);
/** service_finish(h, at, org, body): what comes last, for a service at several locations again with each. */
int	service_finish(struct hsds *, const struct at *, const struct organization *, json_t *body);

#endif /* !CAIRN_HSDS_SERVICE_H */
