/* SPDX-License-Identifier: Apache-2.0 */
/* What a person said, whatever their client made of it. */
#include <stdlib.h>
#include <string.h>

#include "app/said.h"
#include "tap.h"

/* Consumes ${content}. */
static int
take_in(const char *type, json_t *content, struct said *ret)
{
	int r = said_read(type, content, ret);

	json_decref(content);
	return r;
}

static void
says(json_t *content, const char *said, const char *kept, const char *what)
{
	autosaid struct said w = { 0 };

	is_int(take_in("m.room.message", content, &w), 0, "%s", what);
	is_str(w.said, said, "%s: what was said", what);
	is_str(w.kept, kept, "%s: what is kept", what);
}

static json_t *
answer(const char *body)
{
	return json_pack("{s:s, s:s, s:{s:{s:s}}}", "msgtype", "m.text", "body", body, "m.relates_to", "m.in_reply_to", "event_id", "$a");
}

static json_t *
changed(const char *rel, const char *msgtype)
{
	return json_pack("{s:s, s:s, s:{s:s}, s:{s:s, s:s}}", "msgtype", msgtype, "body", " * !yes", "m.new_content", "body", "!no", "m.relates_to",
	    "rel_type", rel, "event_id", "$a");
}

static void
test_read(void)
{
	says(json_pack("{s:s, s:s}", "msgtype", "m.text", "body", "!help"), "!help", "!help", "words");
	says(json_pack("{s:s}", "body", "!help"), "!help", "!help", "words of no kind");
	says(answer("> <@cairn:x> suicide\n> 1. under 13\n\n4"), "4", "> <@cairn:x> suicide\n> 1. under 13\n\n4", "an answer that quotes");
	says(answer("> not a quote"), "> not a quote", "> not a quote", "an answer that ends in its quote");
	says(answer("4"), "4", "4", "an answer that quotes nothing");
	says(json_pack("{s:s, s:s}", "msgtype", "m.text", "body", "> a\n\n4"), "> a\n\n4", "> a\n\n4", "a quote by hand");
	says(json_pack("{s:s, s:s}", "msgtype", "m.audio", "body", "voice.ogg"), NULL,
	    "[a voice message or a sound; it cannot be read here] voice.ogg", "a voice message");
	says(json_pack("{s:s}", "msgtype", "m.text"), NULL, "[nothing in words; it cannot be read here] ", "nothing");
	says(json_pack("{s:s, s:i}", "msgtype", "org.example.new", "body", 7), NULL, "[nothing in words; it cannot be read here] ", "something new");
	says(changed("m.replace", "m.text"), "!no", "* !no", "a change");
	says(changed("m.thread", "m.text"), " * !yes", " * !yes", "no change");
	says(changed("m.replace", "m.image"), NULL, "[a picture; it cannot be read here] !no", "a changed picture");
}

static void
test_flags(void)
{
	autosaid struct said w = { 0 }, bot = { 0 }, other = { 0 };

	is_int(take_in("m.room.message", changed("m.replace", "m.text"), &w), 0, "a change");
	ok(w.change && !w.cut && !w.automatic, "is one");
	is_int(take_in("m.room.message", json_pack("{s:s, s:s}", "msgtype", "m.notice", "body", "x"), &bot), 0, "a notice");
	ok(bot.automatic && !bot.change, "is a program's");
	is_int(take_in("m.reaction", json_object(), &other), 0, "a reaction");
	is_str(other.kept, "[a reaction; it cannot be read here] ", "is none in words");
	is_int(take_in("m.key.verification.start", json_object(), &other), E_NOTFOUND, "and much is nothing that a person says");
}

static void
test_long(void)
{
	autosaid struct said w = { 0 }, all = { 0 }, long_one = { 0 };
	static char text[20001];

	memset(text, 'a', 16383);
	memcpy(text + 16383, "\xC3\xBC", 2);
	is_int(take_in("m.room.message", json_pack("{s:s}", "body", text), &w), 0, "a long text");
	ok(w.cut && strlen(w.kept) == 16383 && strlen(w.said) == 16383, "is cut between characters");
	memset(text, 'a', 20000);
	memcpy(text + 16382, "\xE2\x82\xAC", 3);
	is_int(take_in("m.room.message", json_pack("{s:s}", "body", text), &long_one), 0, "one with a sign of three bytes there");
	ok(strlen(long_one.kept) == 16382 && strlen(long_one.said) == 16382, "holds it whole or not at all");
	memset(text, 'a', 16384);
	text[16384] = '\0';
	is_int(take_in("m.room.message", json_pack("{s:s}", "body", text), &all), 0, "one that just fits");
	ok(!all.cut && strlen(all.kept) == 16384, "is not");
}

static void
folds(const char *text, const char *want)
{
	char *got = said_fold(text);

	is_str(got, want, "%s", want);
	free(got);
}

static void
test_fold(void)
{
	folds("END  my\n\tLIFE", "end my life");
	folds("I don\xE2\x80\x99t", "i don't");
	folds("MORIR\xC3\x89 \xC3\x97", "morir\xC3\xA9 \xC3\x97");
	folds("\xD0\xA3\xD0\x91\xD0\x98\xD0\xA2\xD0\xAC \xD0\x81", "\xD1\x83\xD0\xB1\xD0\xB8\xD1\x82\xD1\x8C \xD1\x91");
	folds("\xCE\x91\xC2\xA0\xE2\x80\x89z", "\xCE\xB1 z");
	folds("\xF0\x9F\x98\xB4\xE8\x87\xAA", "\xF0\x9F\x98\xB4\xE8\x87\xAA");
}

static bool
near(const char *word, const char *name)
{
	return said_near(word, strlen(word), name);
}

static void
test_near(void)
{
	ok(near("HELP", "help") && near("hepl", "help") && near("hlp", "help") && near("helpp", "help") && near("halp", "help"), "one slip is near");
	ok(near("elp", "help") && near("xhelp", "help") && near("hel", "help") && near("ehlp", "help"), "at the beginning and the end too");
	ok(!near("hp", "help") && !near("hell0", "help") && !near("plhe", "help") && !near("", "help") && !near("find", "who"), "two are not");
	ok(near("no", "no") && !near("on", "no"), "a short word has to be right");
}

/* What a change names is kept in clear: an event's id or nothing. */
static void
test_of(void)
{
	static const char change[] = "{s:s, s:{s:s}, s:{s:s, s:s}}";
	autosaid struct said w = { 0 }, words = { 0 };

	(void)take_in("m.room.message", json_pack(change, "body", " * x", "m.new_content", "body", "x", "m.relates_to", "rel_type", "m.replace",
	    "event_id", "$a:example.org"), &w);
	is_str(w.of, "$a:example.org", "a change says of what");
	(void)take_in("m.room.message", json_pack(change, "body", " * x", "m.new_content", "body", "x", "m.relates_to", "rel_type", "m.replace",
	    "event_id", "my brother"), &words);
	ok(words.change && words.of == NULL, "what is no event's id is not kept");
}

static void
test_note(void)
{
	static const char note[] = "{s:{s:s, s:[{s:s}]}, s:s, s:s}", both[] = "{s:s, s:s, s:{s:s}, s:{s:s, s:{s:s}}, s:{s:s, s:s}}";
	autosaid struct said w = { 0 }, ours = { 0 }, change = { 0 }, picture = { 0 }, none = { 0 }, odd = { 0 };

	is_int(take_in("m.room.message", json_pack(note, SAID_NOTE, "kind", "goals", "goals", "text", "see her", "body", "My goals", "msgtype", "m.text"), &w), 0, "a note");
	ok(w.note != NULL && !w.change, "is one");
	is_str(w.said, "goals\nsee her\nMy goals", "its words are heard, before those beside it");
	is_str(w.kept, w.said, "and are what people read if they read any");
	(void)take_in("m.room.message", json_pack("{s:s, s:s, s:{}}", "body", "x", ID_NAMESPACE "id", "A", SAID_NOTE), &ours);
	ok(ours.note == NULL && strcmp(ours.said, "x") == 0, "one of a node is not");
	(void)take_in("m.room.message", json_pack(both, "body", " * x", "msgtype", "m.text", SAID_NOTE, "a", "old", "m.new_content", "body", "x", SAID_NOTE, "a", "new",
	    "m.relates_to", "rel_type", "m.replace", "event_id", "$a"), &change);
	ok(change.note != NULL && change.change, "one that is changed is a change");
	(void)take_in("m.room.message", json_pack("{s:s, s:s, s:{}}", "body", "x", "msgtype", "m.image", SAID_NOTE), &picture);
	ok(picture.note == NULL, "beside a picture there is none");
	(void)take_in("m.room.message", json_pack("{s:n}", SAID_NOTE), &none);
	ok(none.note == NULL, "where there are no words there is none");
	(void)take_in("m.room.message", json_pack("{s:s, s:n}", "body", "x", SAID_NOTE), &odd);
	ok(json_is_null(odd.note) && strcmp(odd.said, "x") == 0, "whatever it is, it is there");
}

int
main(void)
{
	test_note();
	test_of();
	test_read();
	test_flags();
	test_long();
	test_fold();
	test_near();
	return done_testing();
}
