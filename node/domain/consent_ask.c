/* SPDX-License-Identifier: Apache-2.0 */
#include "consent_ask.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/canon.h"
#include "base/encode.h"
#include "consent_law.h"
#include "when.h"

static const char letters[] = "BCDFGHJKMNPQRSTVWXYZ";

/* How they may be reached; the first is where they are, and nothing more is asked of it. */
static const struct way {
	const char	*how, *words, *ask, *wanted;
	int		 most;
} ways[] = {
	{ "matrix", "in Matrix", NULL, NULL, 300 },
	{ "phone", "by phone", "At which number may they call you?", "A phone number is wanted here, of digits, with + in front if you like.", 60 },
	{ "sms", "by text message", "To which number may they write?", "A phone number is wanted here, of digits, with + in front if you like.", 60 },
	{ "email", "by e-mail", "To which e-mail address may they write?", "An e-mail address is wanted here, with an @ in it.", 200 },
};

enum answer { A_LINE, A_WAY, A_VALUE, A_YES, A_TEXT };

/* In order; what is text may be left out. */
static const struct question {
	const char	*key;
	enum answer	 answer;
	int		 most;			/* Bytes. */
	bool		 away;			/* Not asked of whoever is reached here. */
	const char	*text;
} questions[] = {
	{ "name", A_LINE, 200, false, "What should they call you? Any name that you like will do; it need not be your real one." },
	{ "how", A_WAY, 0, false, "How may they reach you? Answer with a number:" },
	{ "value", A_VALUE, 0, true, NULL },
	{ "leave_message", A_YES, 0, true, "May they leave a message there? Others might see or hear it." },
	{ "constraints", A_TEXT, 1000, false, "Is there something that they should mind, such as when it is safe to reach you? Write it in your own words, or "
	  "!skip to leave it out." },
	{ "need_detail", A_TEXT, 1000, false, "Do you want them to know what you would like support with? Write it in your own words, or !skip to leave it out." },
	{ "outcome", A_YES, 0, false, "May they tell us here what becomes of it?" },
};

static const struct way *
way_of(const json_t *answers)
{
	const char *how = json_str(answers, "how");

	for (size_t i = 0; i < nelem(ways) && how != NULL; i++)
		if (strcmp(ways[i].how, how) == 0)
			return &ways[i];
	return &ways[0];
}

/* The question that waits; NULL: there is none. */
static const struct question *
waiting(const json_t *answers)
{
	long long at = json_int(answers, "at", 0);

	return at >= 0 && at < (long long)nelem(questions) ? &questions[at] : NULL;
}

bool
consent_ask_own_words(const json_t *answers)
{
	const struct question *q = waiting(answers);

	return q == NULL || q->answer == A_LINE || q->answer == A_TEXT;
}

int
consent_ask_question(const json_t *answers, const char *account, struct buf *out)
{
	const struct question *q = waiting(answers);
	int r;

	if (q == NULL)
		return 0;
	r = buf_puts(out, q->answer == A_VALUE ? way_of(answers)->ask : q->text);
	for (size_t i = 0; i < nelem(ways) && q->answer == A_WAY && r == 0; i++)
		if ((r = buf_printf(out, "\n%zu. ", i + 1)) == 0)
			r = ways[i].ask == NULL ? buf_printf(out, "%s, at %s: they see that account then", ways[i].words, account) : buf_puts(out, ways[i].words);
	return r == 0 && q->answer == A_YES ? buf_puts(out, "\n1. Yes\n2. No\nAnswer with 1 or 2.") : r;
}

/* A number of a list, with what people and keyboards put around it; 0: none. */
static size_t
number(const char *words, size_t most)
{
	const char *from = words + strspn(words, " #(");
	char *end;
	unsigned long n = strtoul(from, &end, 10);

	end += strncmp(end, "\xEF\xB8\x8F", 3) == 0 ? 3 : 0;
	end += strncmp(end, "\xE2\x83\xA3", 3) == 0 ? 3 : 0;
	return isdigit((unsigned char)*from) && end[strspn(end, " .)!,")] == '\0' && n <= most ? n : 0;
}

/* As it is kept: signs that are no text are blanks, and so is what ends a line where only one is wanted; nothing hangs over.  The caller frees. */
static char *
clean(const char *words, bool line)
{
	char *copy = strdup(words + strspn(words, " \t\r\n")), *end;

	if (copy == NULL)
		return NULL;
	for (unsigned char *p = (unsigned char *)copy; *p != '\0'; p++)
		if ((*p < ' ' && (line || *p != '\n')) || *p == 0x7f)
			*p = ' ';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = ' ';
	for (end = copy + strlen(copy); end > copy && (end[-1] == ' ' || end[-1] == '\n'); end--)
		;
	*end = '\0';
	return copy;
}

/* Is it the address of that way? */
static bool
reaches(const struct way *w, const char *value)
{
	const char *at = strchr(value, '@');
	size_t digits = 0;

	if (strlen(value) > (size_t)w->most)
		return false;
	if (strcmp(w->how, "email") == 0)
		return at != NULL && at > value && at[1] != '\0' && strchr(at + 1, '@') == NULL && value[strcspn(value, " \"<>,;")] == '\0';
	for (const char *p = value; *p != '\0'; p++)
		digits += isdigit((unsigned char)*p) != 0;
	return digits >= 3 && value[strspn(value, "+0123456789 -/().x")] == '\0';
}

/* 0 and what is kept; E_BAD, and what is wanted. */
static int
value_of(const struct question *q, const json_t *answers, const char *words, json_t **ret, struct err *reterr)
{
	autofree char *text = clean(words, q->answer != A_TEXT);
	size_t n = number(text != NULL ? text : "", q->answer == A_WAY ? nelem(ways) : 2);

	if (text == NULL)
		return -ENOMEM;
	switch (q->answer) {
	case A_WAY:
		if (n == 0)
			return err_set(reterr, E_BAD, "A number from 1 to %zu is wanted here.", nelem(ways));
		*ret = json_string(ways[n - 1].how);
		break;
	case A_YES:
		if (n == 0 && strcasecmp(text, "yes") != 0 && strcasecmp(text, "no") != 0)
			return err_set(reterr, E_BAD, "1 for yes or 2 for no is wanted here.");
		*ret = json_boolean(n == 1 || strcasecmp(text, "yes") == 0);
		break;
	case A_VALUE:
		if (!reaches(way_of(answers), text))
			return err_set(reterr, E_BAD, "%s", way_of(answers)->wanted);
		*ret = json_string(text);
		break;
	default:
		if (*text == '\0' || strlen(text) > (size_t)q->most)
			return err_set(reterr, E_BAD, "Some words are wanted here, at most %d characters.", q->most);
		*ret = json_string(text);
	}
	return *ret != NULL ? 0 : -ENOMEM;
}

/* On to the next that is asked of them. */
static int
advance(json_t *answers, const char *account, bool *ret_over)
{
	long long at = json_int(answers, "at", 0) + 1;
	bool here = way_of(answers)->ask == NULL;

	for (; at < (long long)nelem(questions) && here && questions[at].away; at++)
		if (json_object_set_new(answers, questions[at].key, questions[at].answer == A_VALUE ? json_string(account) : json_false()) != 0)
			return -ENOMEM;
	*ret_over = at >= (long long)nelem(questions);
	return json_object_set_new(answers, "at", json_integer(at)) != 0 ? -ENOMEM : 0;
}

int
consent_ask_answer(json_t *answers, const char *account, const char *words, bool *ret_over, struct err *reterr)
{
	const struct question *q = waiting(answers);
	json_t *value = NULL;
	int r;

	if (q == NULL)
		return err_set(reterr, E_BAD, "Nothing is being asked now.");
	if (words == NULL && q->answer != A_TEXT)
		return err_set(reterr, E_BAD, "This cannot be left out; !stop ends it, and then nothing is told.");
	if (words != NULL && ((r = value_of(q, answers, words, &value, reterr)) != 0 || json_object_set_new(answers, q->key, value) != 0))
		return words != NULL && r != 0 ? r : -ENOMEM;
	return advance(answers, account, ret_over);
}

/* Element 3, and 2 and 4: without news of it, they tell us nothing back. */
static int
fill_classes(const json_t *answers, json_t *consent)
{
	static const struct { const char *key, *class, *words; } parts[] = { { "need_detail", "need", ", what I want support with" },
	    { "constraints", "constraints", ", what they should mind" } };
	bool back = json_is_true(json_object_get(answers, "outcome"));
	json_t *what = json_pack("[s, s]", "identity", "contact"), *from = json_arr(consent, "from"), *to = json_arr(consent, "to");
	char words[256] = "My name or alias, how to reach me, that the request which they have is mine";
	int r = what == NULL || json_object_set_new(consent, "what", what) != 0;

	for (size_t i = 0; i < nelem(parts) && r == 0; i++)
		if (json_object_get(answers, parts[i].key) != NULL) {
			r = json_array_append_new(what, json_string(parts[i].class));
			(void)strncat(words, parts[i].words, sizeof(words) - strlen(words) - 1);
		}
	if (r == 0 && back) {
		r = json_array_append_new(what, json_string("outcome"));
		(void)strncat(words, "; and, back to those who referred me, what became of it", sizeof(words) - strlen(words) - 1);
	}
	while (!back && json_array_size(from) > 1)
		(void)json_array_remove(from, 1);
	while (!back && json_array_size(to) > 1)
		(void)json_array_remove(to, 1);
	(void)strncat(words, ".", sizeof(words) - strlen(words) - 1);
	return r != 0 || json_object_set_new(consent, "what_text", json_string(words)) != 0 ? -ENOMEM : 0;
}

int
consent_ask_fill(const json_t *answers, json_t *form)
{
	static const char *const texts[] = { "constraints", "need_detail" };
	json_t *consent = json_obj(form, "consent"), *identity = json_obj(form, "identity"), *contact = json_obj(identity, "contact");
	json_t *signature = json_obj(consent, "signature"), *own = json_array_get(json_arr(consent, "from"), 0), *name = json_object_get(answers, "name");
	int r = fill_classes(answers, consent);

	if (r != 0)
		return r;
	r = json_object_set(consent, "patient", name) | json_object_set(signature, "signer", name) | json_object_set(identity, "name", name) |
	    json_object_set_new(signature, "how", json_string("electronic")) | json_object_set_new(signature, "authority", json_string("self")) |
	    json_object_set(signature, "recorded_by", json_object_get(own, "name")) |
	    json_object_set(contact, "how", json_object_get(answers, "how")) | json_object_set(contact, "value", json_object_get(answers, "value")) |
	    json_object_set(contact, "leave_message", json_object_get(answers, "leave_message"));
	for (size_t i = 0; i < nelem(texts); i++) {
		(void)json_object_del(form, texts[i]);
		if (json_object_get(answers, texts[i]) != NULL)
			r |= json_object_set(form, texts[i], json_object_get(answers, texts[i]));
	}
	if (json_object_get(consent, "refusal") != NULL)
		r |= json_object_set_new(consent, "refusal", json_string("If I do not sign, nothing is told of me, and nothing else changes for me."));
	if (json_obj(consent, "gdpr") != NULL)
		r |= json_object_set_new(json_obj(consent, "gdpr"), "contact", json_string("The chat in which this was signed, or the organization itself."));
	return r != 0 ? -ENOMEM : 0;
}

static int
say_contact(const json_t *contact, struct buf *out)
{
	const struct way *w = way_of(contact);
	int r = buf_printf(out, "\n- how to reach you: %s, at %s", w->words, json_str(contact, "value"));

	return r != 0 || w->ask == NULL ? r : buf_puts(out, json_is_true(json_object_get(contact, "leave_message")) ? "; they may leave a message there" : "; they may leave no message there");
}

/* What is told, a line each. */
static int
say_told(const json_t *form, const char *asked, struct buf *out)
{
	static const struct { const char *key, *words; } texts[] = { { "constraints", "what they should mind" }, { "need_detail", "what you want support with" } };
	const json_t *identity = json_obj(form, "identity");
	int r = buf_printf(out, "\n- your name: %s", json_str(identity, "name"));

	if (r == 0)
		r = say_contact(json_obj(identity, "contact"), out);
	for (size_t i = 0; i < nelem(texts) && r == 0; i++)
		if (json_str(form, texts[i].key) != NULL)
			r = buf_printf(out, "\n- %s: %s", texts[i].words, json_str(form, texts[i].key));
	return r != 0 ? r : buf_printf(out, "\n- that this request is yours: %s\nNothing else that you wrote here is told.", asked);
}

const char *
consent_ask_otherwise(bool disclosed)
{
	return disclosed ? "What they were told of you before they may not use again, though they may still know it." :
	    "They know only what you asked for without your name, and cannot reach you.";
}

int
consent_ask_words(const json_t *form, const struct consent_ask_case *about, struct buf *out)
{
	const json_t *consent = json_obj(form, "consent"), *from = json_arr(consent, "from"), *gdpr = json_obj(consent, "gdpr");
	const struct consent_profile *law = consent_profile(json_str(consent, "law"));
	const char *own = json_str(json_array_get(from, 0), "name"), *them = json_str(json_array_get(json_arr(consent, "to"), 0), "name");
	char day[WHEN_TEXT];
	int r = buf_printf(out, "You decide, and nobody asks why. If you agree, %s tells %s, for your request to %s, and nobody else:", own, them, about->whom);

	if (r == 0)
		r = say_told(form, about->asked, out);
	if (r == 0)
		r = buf_printf(out, "\n%s %s %s what becomes of it.\nWhat for: %s\nUntil: %s, unless you take it back before. ", them, json_array_size(from) > 1 ?
		    "may tell" : "may not tell", own, json_str(consent, "purpose"), when_print_day(json_int(json_obj(consent, "expires"), "at", 0), day));
	if (r == 0)
		r = buf_printf(out, "You can take it back at any time: write !revoke here, or say so by phone or on paper. From then on nothing more is told; what they know by "
		    "then they know.\nIf you say no: nothing more is told. %s You can still agree later, take the request back, or ask somebody else.\nYour rights: %s",
		    consent_ask_otherwise(about->disclosed), law->rights);
	if (r == 0 && json_str(consent, "redisclosure") != NULL)
		r = buf_printf(out, "\n%s", json_str(consent, "redisclosure"));
	if (r == 0 && gdpr != NULL)
		r = buf_printf(out, "\nWho answers for your data: %s. Where to ask: %s", json_str(gdpr, "controller"), json_str(gdpr, "contact"));
	return r;
}

void
consent_ask_code(const char *words, const char *once, int64_t leg, char terms[CONSENT_ASK_TERMS], char code[CONSENT_ASK_CODE + 1])
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	char number[24];
	unsigned long long n = 0;

	(void)crypto_hash_sha256(hash, (const uint8_t *)words, strlen(words));
	encode_hex(hash, sizeof(hash), terms);
	(void)snprintf(number, sizeof(number), "%lld", (long long)leg);
	(void)crypto_hash_sha256_init(&state);
	(void)crypto_hash_sha256_update(&state, hash, sizeof(hash));
	(void)crypto_hash_sha256_update(&state, (const uint8_t *)once, strlen(once) + 1);
	(void)crypto_hash_sha256_update(&state, (const uint8_t *)number, strlen(number));
	(void)crypto_hash_sha256_final(&state, hash);
	for (size_t i = 0; i < sizeof(n); i++)
		n = n << 8 | hash[i];
	for (size_t i = 0; i < CONSENT_ASK_CODE; i++, n /= strlen(letters))
		code[i] = letters[n % strlen(letters)];
	code[CONSENT_ASK_CODE] = '\0';
}

bool
consent_ask_said(const char *words, char ret[CONSENT_ASK_CODE + 1])
{
	size_t n = 0;

	while (n < CONSENT_ASK_CODE && words[n] != '\0' && strchr(letters, toupper((unsigned char)words[n])) != NULL) {
		ret[n] = (char)toupper((unsigned char)words[n]);
		n++;
	}
	ret[n] = '\0';
	return n == CONSENT_ASK_CODE && words[n + strspn(words + n, " .,!\t\r\n")] == '\0';
}
