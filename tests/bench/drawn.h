/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drawn: records as a federation might publish them, drawn with a seed: words by Zipf's law, places in towns of unequal size,
 * a quarter specialists; and the trust list of those who publish them.
 */
#ifndef CAIRN_BENCH_DRAWN_H
#define CAIRN_BENCH_DRAWN_H

#include <jansson.h>
#include <sodium.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/proof.h"
#include "base/signers.h"
#include "bench.h"
#include "domain/place.h"
#include "domain/trust.h"

enum { ORGS = 8, WORDS = 30000, TOWNS = 400, DESCRIPTION = 35 };

static const char *const kinds[] = { "program", "program", "group", "specialist" };
static const char *const languages[] = { "en", "en", "en", "en", "es", "es-MX", "fr", "zh", "ar", "vi", "pt", "ht" };
static const char *const conditions[] = { "mental_health", "substance_use", "anxiety", "depression", "alcohol", "grief", "trauma",
    "bipolar", "opioids", "loneliness", "cancer", "diabetes", "hiv", "reentry", "perinatal", "stroke" };
static const char *const modalities[] = { "in_person", "phone", "online_text", "online_video", "online_voice", "forum" };
static const char *const audiences[] = { "adults", "anyone", "youth", "veterans", "women", "parents", "lgbtq", "older_adults" };
static const char *const times[] = { "weekday_morning", "weekday_afternoon", "weekday_evening", "weekend_morning",
    "weekend_evening", "night" };
static const char *const costs[] = { "free", "free", "sliding_scale", "insurance", "fee" };
static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" }, *const small_days[] = { "mon", "tue", "wed", "thu", "fri",
    "sat", "sun" };
static const char *const zones[] = { "America/New_York", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles" };
static const char *const sessions[] = { "open_discussion", "open_discussion", "education", "role_play", "skills" };
#define PICK(list) (list[draw(nelem(list))])

static char orgs[ORGS][27];
static struct place towns[TOWNS];
static uint64_t state = 20261121;
static int64_t now = 1795230245678LL;

static inline unsigned
draw(unsigned below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)((state >> 33) % below);
}

/* 0 to ${n} - 1; each about half as often as the one at half its place. */
static inline unsigned
zipf(unsigned n)
{
	unsigned r = 1;

	while (r < n && draw(2))
		r *= 2;
	r += draw(r);
	return r <= n ? r - 1 : draw(n);
}

static inline void
word(unsigned n, char out[24])
{
	static const char *const parts[] = { "ba", "re", "co", "ti", "lu", "men", "sa", "vor", "ki", "den", "pro", "fal", "gri", "ne",
	    "sto", "har" };
	size_t len = 0;

	for (n += 16; n > 0; n /= 16)
		len += (size_t)snprintf(out + len, 24 - len, "%s", parts[n % 16]);
}

static inline void
fill_random(void *cookie, void *to, size_t n)
{
	(void)cookie;
	randombytes_buf(to, n);
}

static inline json_t *
words(unsigned n, bool zipfian)
{
	struct buf out = { 0 };
	json_t *ret;

	while (n-- > 0) {
		char w[24];

		word(zipfian ? zipf(WORDS) : WORDS / 2 + draw(WORDS / 2), w);
		bench_must(buf_printf(&out, "%s%s", out.len > 0 ? " " : "", w));
	}
	ret = json_string(out.data);
	buf_free(&out);
	return ret;
}

static inline void
draw_towns(void)
{
	for (size_t i = 0; i < TOWNS; i++)
		towns[i] = (struct place){ 30000000 + (int32_t)draw(15000000), -120000000 + (int32_t)draw(45000000) };
}

static inline struct place
place(void)
{
	struct place p = towns[zipf(TOWNS)];

	p.lat += (int32_t)draw(300000) - 150000;
	p.lon += (int32_t)draw(300000) - 150000;
	return p;
}

/* Most say when they meet, half of them in two lines; one in eight says no zone. */
static inline json_t *
schedules(void)
{
	json_t *list = json_array();

	for (unsigned n = 1 + draw(2); n > 0; n--) {
		unsigned opens = 7 + draw(13);
		char from[8], to[8];

		(void)snprintf(from, sizeof(from), "%02u:%s", opens, draw(2) ? "00" : "30");
		(void)snprintf(to, sizeof(to), "%02u:00", opens + 1 + draw(2));
		bench_must(json_array_append_new(list, json_pack("{s:[s], s:s, s:s, s:s*}", "days", PICK(small_days), "opens", from, "closes", to,
		    "timezone", draw(8) ? PICK(zones) : NULL)));
	}
	return list;
}

static inline json_t *
body_of(const char *kind)
{
	json_t *body = json_pack("{s:o, s:o, s:[s, s], s:[s], s:[s]}", "description", words(DESCRIPTION, true), "name", words(3, true),
	    "languages", PICK(languages), PICK(languages), "conditions", conditions[zipf(nelem(conditions))], "audiences", PICK(audiences));
	struct place at = place();

	bench_need(body != NULL);
	if (!strcmp(kind, "specialist")) {
		bench_must(json_object_set_new(body, "alias", words(2, true)));
		bench_must(json_object_update_new(body, json_pack("{s:[s, s], s:{s:i, s:I}}", "times", PICK(times), PICK(times),
		    "capacity", "open", draw(4) ? 0 : 1 + draw(4), "updated_at", now - (json_int_t)draw(60) * 86400000)));
	}
	if (!strcmp(kind, "group"))
		bench_must(json_object_set_new(body, "modality", json_string(PICK(modalities))));
	if (strcmp(kind, "specialist") != 0 && draw(4)) {
		bench_must(json_object_set_new(body, "schedules", schedules()));
		bench_must(json_object_set_new(body, "session_types", json_pack("[s]", PICK(sessions))));
	}
	if (strcmp(kind, "group") != 0)
		bench_must(json_object_set_new(body, "modalities", json_pack("[s, s]", PICK(modalities), PICK(modalities))));
	if (!strcmp(kind, "program"))
		bench_must(json_object_update_new(body, json_pack("{s:s, s:i, s:[{s:s, s:i, s:i}], s:{s:b, s:[s]}}", "cost", PICK(costs),
		    "minimum_age", draw(3) ? 18 : 13, "locations", "visibility", "public", "latitude_e6", at.lat, "longitude_e6", at.lon,
		    "service_area", "anywhere", 0, "regions", draw(2) ? "US-NJ" : "US-NY")));
	return body;
}

static inline struct trust *
trust_of_all(void)
{
	static const uint8_t seed[32] = { 1 };
	struct signers by = { .n = 1, .needed = 1 };
	uint8_t signer[32], secret[64];
	autojson json_t *list = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[], s:[]}", "v", 1, "kind", "trust", "version", 1, "issued_at",
	    (json_int_t)now - 1, "expires_at", (json_int_t)now + 86400000, "orgs", "issuers");
	struct trust *trust;
	struct err err = { "" };

	for (int i = 0; i < ORGS; i++) {
		uint8_t key[32], other[64];
		char text[64], master[64], server[40], node[80], steward[80];

		randombytes_buf(other, sizeof(other));
		(void)crypto_sign_keypair(key, other);
		proof_key_text(key, text);
		(void)sodium_bin2base64(master, sizeof(master), key, 32, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
		(void)snprintf(orgs[i], sizeof(orgs[i]), "AAAAAAAAAAAAAAAAAAAAAAAA%c0", "ABCDEFGH"[i]);
		(void)snprintf(server, sizeof(server), "org%d.example", i);
		(void)snprintf(node, sizeof(node), "@cairn:%s", server);
		(void)snprintf(steward, sizeof(steward), "@steward:%s", server);
		bench_must(json_array_append_new(json_object_get(list, "orgs"), json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:[s]}",
		    "org", orgs[i], "name", server, "server", server, "node_user", node, "steward_user", steward, "master_key", master,
		    "record_key", text, "roles", "node", "via", server)));
	}
	(void)crypto_sign_seed_keypair(signer, secret, seed);
	memcpy(by.key[0], signer, sizeof(signer));
	if (trust_sign(list, seed, now, &err) != 0 || trust_load(list, &by, NULL, now, &trust, &err) != 0) {
		fprintf(stderr, "trust list: %s\n", err.text);
		exit(EXIT_FAILURE);
	}
	return trust;
}

#endif /* !CAIRN_BENCH_DRAWN_H */
