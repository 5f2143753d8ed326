/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cairn.h"
#include "domain/hold.h"
#include "events.h"

const struct verb verbs_table[] = {
	{ "setup", "log both accounts in and make this node's keys",
	  "Logs the node and steward accounts in, makes the device and the cross-signing keys, and writes the "
	  "private ones and the recovery key once to a file of mode 0600. Passwords are asked for on the terminal "
	  "unless files are named; the node keeps them sealed until setup ends, then forgets them. "
	  "Run again after a failure: what is done is not done twice.",
	  "cairn setup",
	  {{ 0 }},
	  {{ "node-password-file", "FILE", "node_password", "first line: password of the node account", false, false, NULL },
	   { "steward-password-file", "FILE", "steward_password", "first line: password of the steward account", false, false, NULL },
	   { "recovery-file", "FILE", "recovery_file", "where the node writes the recovery key; below its state directory", false, false, NULL }},
	  NULL, setup_run, NULL },
	{ "check-config", "read the configuration and say what is wrong with it",
	  "Offline: touches neither network nor disk besides the file. Without FILE it reads what the node would.",
	  "cairn check-config /etc/cairn/cairn.conf",
	  {{ "FILE", "file", MAYBE }}, {{ 0 }}, NULL, node_check_config, NULL },
	{ "import hsds", "bring in services from an Open Referral HSDS 3.x file",
	  "Reads a JSON export (organizations, services or services at locations, one, a list or a page), or a directory "
	  "of tables (services.csv and the others), and keeps each service as "
	  "a program. What has no place in a record is listed, and kept beside it for cairn export hsds; it is never published. "
	  "A second import changes what changed in the file; what was edited here since stays as it is. On any error nothing "
	  "changes. Nothing is public before cairn publish.",
	  "cairn import hsds harbor.json --dry-run",
	  {{ "FILE", "file", ONE }},
	  {{ "dry-run", NULL, "dry_run", "read and report only; the node is not asked", false, false, NULL },
	   { "feed", "NAME", "feed", "keep the file under this name instead of its own", false, false, NULL }},
	  NULL, import_hsds, NULL },
	{ "import records", "bring in groups, specialists, stories and other records written by hand",
	  "FILE is a JSON array of {\"source\": NAME, \"kind\": \"group\", \"body\": {...}}, or an object whose member "
	  "\"records\" is one. types.md, in gen/ of a build and share/doc/cairn once installed, describes each body. NAME is "
	  "yours and stays: a second import of it changes the record. Where a body wants the record id of another of yours, the NAME of one that is "
	  "in already will do. "
	  "A record with a confidential place (visibility \"redacted\") shows no address that it did not show before, under whatever name it comes.",
	  "cairn import records harbor-records.json",
	  {{ "FILE", "file", ONE }},
	  {{ "dry-run", NULL, "dry_run", "read and report only; the node is not asked", false, false, NULL },
	   { "show-places", NULL, "show_places", "show the places that FILE calls public, also those that were confidential", false, false, NULL }},
	  NULL, import_records, NULL },
	{ "import measures", "say which questionnaires may be used, and how they are counted",
	  "FILE is a list of measures (schemas/measures.json says how); docs/examples/measures.json has some. The words of the questions are not in it: they are their authors'.",
	  "cairn import measures measures.json",
	  {{ "FILE", "file", ONE }}, {{ 0 }}, NULL, import_document, node_show_done },
	{ "import trust", "put a signed trust list in force",
	  "FILE comes from the federation's signers; enough of those who signed the version before must have signed it. Only a higher version "
	  "replaces a list; two that contradict each other stop all sending. To get onto it, give the signers the output of cairn show node --json. "
	  "The first list comes by cairn federation join.",
	  "cairn import trust trust.json",
	  {{ "FILE", "file", ONE }}, {{ 0 }}, NULL, federation_import, NULL },
	{ "import minors", "say who signs a consent for a minor, by place and condition",
	  "FILE is {\"by\": OFFICE, \"reviewed\": DAY, \"minors\": [{\"jurisdiction\": \"US-NJ\", \"condition\": "
	  "\"substance_use\", \"alone_from\": AGE, \"guardian_below\": AGE}]}, as your counsel says; conditions are any, substance_use, "
	  "mental_health and other. Where no row fits, the minor and a parent or guardian both sign.",
	  "cairn import minors minors.json",
	  {{ "FILE", "file", ONE }}, {{ 0 }}, NULL, import_minors, NULL },
	{ "export hsds", "write the programs as an Open Referral HSDS 3.1 file",
	  "A page of services in full, to standard output or, at once and whole, to --out. A program that was imported goes "
	  "out with all that its file said of it, and what was edited here since. With --feed: the file itself, in its own shape. "
	  "A place that a record calls redacted goes out with the record's words and no more. What HSDS has no field for "
	  "goes out as attributes with taxonomies org.cairnpeer.*, which cairn import hsds reads. Programs that were "
	  "never published are among them; groups and specialists do not exist in HSDS.",
	  "cairn export hsds --out harbor.json",
	  {{ 0 }},
	  {{ "out", "FILE", "out", "where to write", false, false, NULL },
	   { "feed", "NAME", "feed", "the file that was imported under this name, cairn list feeds shows it", false, false, NULL }},
	  NULL, export_hsds, NULL },
	{ "forget", "keep a file that was imported no longer",
	  "NAME is as cairn list feeds shows it. Its records stay; what they had no place for is gone until the file is imported again.",
	  "cairn forget harbor",
	  {{ "NAME", "name", ONE }}, {{ 0 }}, NULL, node_run, node_show_done },
	{ "withdraw", "take a record of ours, or a referral, back",
	  "A record: for whom a story or a specialist's record is about, when they no longer want it shown. RECORD is its id, as cairn list records "
	  "shows it. Followers forget what it said; it never comes back under this id. What other people have read they have read. The room of a group leaves "
	  "the space and takes in nobody new; whoever is in it stays, may go on, and reads in its topic that the group is not listed any more. Invitations into it "
	  "that have not left are not sent; who was invited before can still come. Write into the book before what is still to be written of its meetings. A referral "
	  "that was accepted is only asked back, unless the member leaves: the other side confirms it, or after 72 hours it counts as confirmed.",
	  "cairn withdraw 01J8Z0Q4M2K7V9T5B3N6X8C0RD --wait",
	  {{ "RECORD|REFERRAL", "id", ONE }}, {{ "member", NULL, "by_member", "of a referral: the member leaves", false, false, NULL }}, "delivered", node_run, node_show_queued },
	{ "invite", "invite a person into a group that is joined by invitation",
	  "GROUP is the id of the group's record, as cairn list records shows it; the steward invites, and nobody here is in the room or reads it. Ask first: whoever is in "
	  "the group sees that account, and the homeservers see that it was invited, when, and by whom. Tell them, show them the charter, and say with --agreed that they want to "
	  "come; an account that does not bear their name is theirs to choose. Their own program shows the invitation, with the room's name and no more.",
	  "cairn invite 01J8Z0Q4M2K7V9T5B3N6X8C0RD @ana:example.org --agreed",
	  {{ "GROUP", "id", ONE }, { "USER", "user", ONE }},
	  {{ "agreed", NULL, "agreed", "they were asked, and want to come", false, false, NULL }}, NULL, node_run, node_show_queued },
	{ "publish", "make the directory, its rooms and signed records current",
	  "Signs what changed and what ends within 45 days, makes the rooms that are missing and sends all of it. Safe to run again. A record ends "
	  "90 days after it was signed: partners then show it as old, and 30 days later not at all. So look the directory over now and then, and "
	  "run this: it says that what you published is true still. cairn doctor reminds you.",
	  "cairn publish --wait",
	  {{ 0 }}, {{ 0 }}, "delivered", node_run, node_show_publish },
	{ "follow", "join a partner's directory and keep up with it",
	  "ORG is the partner's identifier in the trust list; cairn list partners shows them. Its node answers with an "
	  "invitation to its directory room.",
	  "cairn follow 01J8Z0Q4M2K7V9T5B3N6X8C0RD --wait",
	  {{ "ORG", "org", ONE }}, {{ 0 }}, "delivered", node_run, node_show_queued },
	{ "trust identity", "say which identity key is somebody's, after it changed",
	  "Whose account shows another identity key (master key) than before gets nothing from this node: cairn list identities shows both keys and how much waits. "
	  "Have the person read the key of now to you, by voice or in person, never over Matrix, from the program in which "
	  "they made it; then pass it, blanks allowed. It is taken if it is exactly what the account shows now, and what waited goes. "
	  "If nobody can read it to you, leave it: somebody else may hold that account.",
	  "cairn trust identity @ana:example.org 'fRk7 9Pq2 ...'",
	  {{ "USER", "user", ONE }, { "KEY", "fingerprint", REST }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "trust", "give keys to a device that cannot be cross-signed",
	  "Pins one device of one user by its fingerprint (Ed25519 key, as clients show it, blanks allowed), read to you "
	  "over another channel. For bots; people verify in their client.",
	  "cairn trust @bot:example.org ABCDEFGHIJ 'fRk7 9Pq2 ...'",
	  {{ "USER", "user", ONE }, { "DEVICE", "device", ONE }, { "FINGERPRINT", "fingerprint", PACKED }},
	  {{ 0 }}, NULL, node_run, node_show_done },
	{ "policy follow", "honour the bans of a Matrix policy list",
	  "The steward joins ROOM, a room of moderation rules (m.policy.rule.user, .server, .room). Whom they ban gets no key and no word of this "
	  "node, their invitations are left alone, a partner among them counts as denied, and banned servers are kept out of our rooms. "
	  "Whoever writes the rules of that room decides this for you: choose a list whose moderators you trust.",
	  "cairn policy follow '!abuse:matrix.example' --via matrix.example",
	  {{ "ROOM", "room", ONE }},
	  {{ "via", "SERVER", "via", "a server that is in the room", true, false, NULL }}, NULL, node_run, node_show_object },
	{ "policy leave", "follow a policy list no longer",
	  "Its rules end at once. Partners whom only they banned are trusted again; members are let in again as strangers are.",
	  "cairn policy leave '!abuse:matrix.example'",
	  {{ "ROOM", "room", ONE }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "policy list", "list the policy lists that are followed", "", "cairn policy list", {{ 0 }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "policy check", "say whether a policy list bans somebody", "", "cairn policy check @eve:evil.example",
	  {{ "USER", "user", ONE }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "say", "say something to a person in their direct chat",
	  "Opens a direct chat with USER if there is none. The words come from FILE, which may be /dev/stdin: what is written as "
	  "an argument can be seen by every user of this machine, and stays in the shell's history.",
	  "cairn say @ana:example.org hello.txt --wait",
	  {{ "USER", "user", ONE }, { "FILE", "text_file", ONE }}, {{ 0 }}, "sent", import_text, node_show_queued },
	{ "find", "search the directories we follow",
	  "WORDS are looked for in names and descriptions, without accents, a beginning is enough; the filters must all hold. "
	  "What is known to fit comes first, then what is to be asked; in each those whose name has the words, then what is "
	  "complete, refreshed in time and has free places. A specialist is certified only if the credential verified; otherwise "
	  "the reason is shown. Times and who may come exclude only what is known not to fit. If nothing fits, it says what each "
	  "wish removed, and which one to give up. Nothing of it leaves this node; name nobody.",
	  "cairn find --kind specialist --language es --certified grief\n"
	  "cairn find --near 40.7357,-74.1724 --within 10 --cost free\n"
	  "cairn find --at 'Tue 18:00-20:00' --zone America/New_York --age 17.5 --residence US-NJ",
	  {{ "WORDS", "words", ANY }},
	  {{ "kind", "K", "kind", "program, group, specialist, resource, story or crisis_line", false, false, NULL },
	   { "language", "L", "language", "a BCP 47 code such as es", false, false, NULL },
	   { "condition", "C", "condition", "what it helps with", false, false, &ev_condition_names },
	   { "modality", "M", "modality", "how people take part", false, false, &ev_modality_names },
	   { "form", "F", "form", "form of peer support", false, false, &ev_form_names },
	   { "audience", "A", "audience", "whom it is for", false, false, &ev_audience_names },
	   { "setting", "S", "setting", "where it is set", false, false, &ev_setting_names },
	   { "accessibility", "A", "accessibility", "what makes it easier to take part", false, false, &ev_accessibility_names },
	   { "cost", "P", "cost", "who pays", false, false, &ev_cost_names },
	   { "role", "R", "role", "what the specialist does", false, false, &ev_role_names },
	   { "time", "T", "time", "when the specialist can meet", false, false, &ev_time_slot_names },
	   { "session", "S", "session", "what happens there", false, false, &ev_session_type_names },
	   { "practice", "P", "practice", "the practice it follows", false, false, &ev_practice_model_names },
	   { "pathway", "P", "pathway", "the pathway of recovery it supports", false, false, &ev_pathway_names },
	   { "topic", "T", "topic", "what a resource or story is about", false, false, &ev_topic_names },
	   { "transport", "T", "transport", "how to get there", false, false, &ev_transport_names },
	   { "culture", "C", "culture", "a culture it is rooted in, as it is written there", false, false, NULL },
	   { "near", "LAT,LON", "near", "has a place near, as 40.7357,-74.1724", false, false, NULL },
	   { "within", "KM", "within", "how near; 25 if not said", false, false, NULL },
	   { "certified", NULL, "certified", "only specialists whose credential verified", false, false, NULL },
	   { "open", NULL, "open", "only those with a free place", false, false, NULL },
	   { "org", "ORG", "org", "only this organization", false, false, NULL },
	   { "at", "TIMES", "at", "when it suits, each week: \"Mon-Fri 07:30-09:00, daily 21:00-23:00\"", false, false, NULL },
	   { "zone", "ZONE", "zone", "with --at: the time zone there, such as Europe/Berlin", false, false, NULL },
	   { "minutes", "N", "minutes", "with --at: that many at a stretch at least; 30 if not said", false, false, NULL },
	   { "age", "YEARS", "age", "may somebody of that age come? 17 or 17.5", false, false, NULL },
	   { "residence", "R", "residence", "who lives there: US, US-NJ", false, false, NULL },
	   { "postal", "CODE", "postal", "and has that postal code", false, false, NULL },
	   { "need", "N", "need", "who has these needs, with commas between; all of them", false, false, NULL },
	   { "insurance", "I", "insurance", "is so insured, with commas between; all of it", false, false, NULL },
	   { "identity", "I", "identity", "is one of women, veterans...; \"not:men\" is not", false, false, NULL },
	   { "source", "S", "referral_source", "and comes by self, family, clinician, court...", false, false, NULL },
	   { "after", "PLACE", "after", "the next page: where the last one ended", false, false, NULL }},
	  NULL, node_run, node_show_find },
	{ "match accept", "the member chose one of those proposed",
	  "Begins the match, for a limited time, with a day on which both look back. MATCH is what cairn match printed. Whoever was not "
	  "proposed, or has no place any more, wants a reason, read from a file, which may be /dev/stdin; what protects somebody is never passed over.",
	  "cairn match accept 01J8Z0Q4M2K7V9T5B3N6X8C0RD 01J8Z0Q4M2K7V9T5B3N6X8C0RE --weeks 26",
	  {{ "MATCH", "match", ONE }, { "RECORD", "record", ONE }},
	  {{ "weeks", "N", "weeks", "how long, unless both go on then; 26 if not said, at most 52", false, false, NULL },
	   { "review-weeks", "N", "review_weeks", "when both look back; after 6 weeks if not said", false, false, NULL },
	   { "org", "ORG", "org", "organization of RECORD, if two have one of that id", false, false, NULL },
	   { "reason-file", "FILE", "reason_file", "why it is right although it was not proposed", false, false, NULL }},
	  NULL, import_text, node_show_object },
	{ "match review", "both looked back, and go on",
	  "Sets the day of the next look back. Past its end a match goes on only for the weeks that both agree on.",
	  "cairn match review 01J8Z0Q4M2K7V9T5B3N6X8C0RD --weeks 12",
	  {{ "MATCH", "match", ONE }},
	  {{ "weeks", "N", "weeks", "go on for so long from now", false, false, NULL },
	   { "review-weeks", "N", "review_weeks", "when both look back again; after 6 weeks if not said", false, false, NULL }},
	  NULL, node_run, node_show_object },
	{ "match end", "end a match; nobody is asked why",
	  "",
	  "cairn match end 01J8Z0Q4M2K7V9T5B3N6X8C0RD",
	  {{ "MATCH", "match", ONE }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "match rematch", "end a match and propose others; nobody is asked why",
	  "The wishes stay; whom the member had is not proposed again.",
	  "cairn match rematch 01J8Z0Q4M2K7V9T5B3N6X8C0RD",
	  {{ "MATCH", "match", ONE }}, {{ 0 }}, NULL, node_run, node_show_match },
	{ "match cohort", "propose specialists to many members at once, so that none would rather change",
	  "FILE is {\"seed\": WORD, \"members\": [{\"member\": NAME, \"wish\": {\"need\": \"grief\", \"age_band\": \"26_59\", ...}, \"waits\": DAYS, "
	  "\"order\": [RECORD, ...]}]}; a wish has the options of cairn match as members, order is the member's own and may be left out. No "
	  "member and specialist would rather have each other than whom they got. Ties are broken by a hash of both and the seed. Each member accepts or not.",
	  "cairn match cohort autumn.json",
	  {{ "FILE", "file", ONE }}, {{ 0 }}, NULL, import_document, node_show_object },
	{ "match note", "keep something of a member's and specialist's way together",
	  "FILE is a note (types.md, note): an agreement, goals and a plan in the member's own words, a check-in, feedback of either, "
	  "a reflection, a contact, answers to a questionnaire; for example {\"kind\": \"agreement\", \"on\": DAY, \"agreement\": {\"scope\": WORDS, \"hours\": WORDS, "
	  "\"response_hours\": N, \"ending\": WORDS, \"ends_on\": DAY}}. All of it is optional, sealed, and the member's to read.",
	  "cairn match note 01J8Z0Q4M2K7V9T5B3N6X8C0RD agreement.json",
	  {{ "MATCH", "match", ONE }, { "FILE", "file", ONE }}, {{ 0 }}, NULL, import_document, node_show_object },
	{ "match sign", "one of the two signs the newest agreement",
	  "It holds while both have signed these very words.",
	  "cairn match sign 01J8Z0Q4M2K7V9T5B3N6X8C0RD --by member --how phone",
	  {{ "MATCH", "match", ONE }},
	  {{ "by", "WHO", "by", "who signs", true, false, &ev_note_signature_by_names },
	   { "how", "HOW", "how", "how they said so", true, false, &ev_note_signature_how_names }},
	  NULL, node_run, node_show_object },
	{ "match chat", "name the Matrix chat of one of the two of a match",
	  "They can then write !goals, !plan, !checkin, !feedback and !measure there, and sign with !yes an agreement that is shown to them. The chat of a member "
	  "whose own request led to the match is known. Goals and plan that they write there are theirs alone until they share them. Of a specialist who signed which account is "
	  "theirs (cairn sign publication --account) leave USER out: no other is taken, and it is asked there to say so itself; cairn list matches shows whether it did.",
	  "cairn match chat 01J8Z0Q4M2K7V9T5B3N6X8C0RD @rosa:example.org --as specialist",
	  {{ "MATCH", "match", ONE }, { "USER", "user", MAYBE }},
	  {{ "as", "SIDE", "as", "member or specialist", true, false, &ev_note_signature_by_names }}, NULL, node_run, node_show_object },
	{ "match notes", "show all notes of a match, and whether the agreement holds",
	  "With --json it is the member's copy to take along. Who looked is in the audit.",
	  "cairn match notes 01J8Z0Q4M2K7V9T5B3N6X8C0RD",
	  {{ "MATCH", "match", ONE }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "match fairness", "show who waits how long, by language and region",
	  "",
	  "cairn match fairness",
	  {{ 0 }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "match", "propose specialists to a member, each with its reasons",
	  "Holds the specialists of all directories that we follow, and our own, against what a member needs and would like. Three to five are "
	  "proposed, every point with its reason, and why the nearest of the others are not; the member chooses, then cairn match accept. Each is counted under every filter that removes them; whom two "
	  "others remove is not looked at for a credential, and counts as not certified only if the record has none. With REFERRAL what it says is "
	  "taken unless an option says otherwise. Nothing of it leaves this node. A preference is KIND=VALUE, the first counts twice; kinds: experience, identity (what "
	  "specialists tell of themselves), audience, pathway, condition, culture, language, practice, session, role, modality, time, interest, response (hours), town, organization, style, frequency, age (how old they say they are), "
	  "distance (km, from --near).",
	  "cairn match --need grief --age-band 26_59 --language es\n"
	  "      --prefer experience=grief --prefer time=weekday_evening",
	  {{ "REFERRAL", "referral", MAYBE }},
	  {{ "need", "N", "need", "what the support is about", false, false, &ev_need_names },
	   { "age-band", "B", "age_band", "age, coarsely; minors and adults are matched apart", false, false, &ev_age_band_names },
	   { "language", "L", "language", "must be spoken, BCP 47", false, false, NULL },
	   { "modality", "M", "modality", "must be met so; may be repeated: one of these", false, true, &ev_modality_names },
	   { "accessibility", "A", "accessibility", "must be offered where they meet; may be repeated: all of these", false, true, &ev_accessibility_names },
	   { "time", "T", "time", "has time then; may be repeated: one of these", false, true, &ev_time_slot_names },
	   { "at", "TIMES", "at", "has time then, each week: \"Tue 18:00-20:00, Sat 09:00-12:00\"", false, false, NULL },
	   { "minutes", "N", "minutes", "with --at: that many at a stretch; 30 if not said", false, false, NULL },
	   { "zone", "ZONE", "zone", "with --at or --time: the member's time zone, such as Europe/Berlin; if not said that of REFERRAL, else that of each specialist", false, false, NULL },
	   { "near", "LAT,LON", "near", "with --prefer distance=KM: about where the member is, as 40.73,-74.17", false, false, NULL },
	   { "role", "R", "role", "must work as that", false, false, &ev_role_names },
	   { "certified", NULL, "certified", "must be certified for what the support is about", false, false, NULL },
	   { "residence", "R", "residence", "where the member lives: US-NJ", false, false, NULL },
	   { "age", "YEARS", "age", "17 or 17.5", false, false, NULL },
	   { "identity", "I", "identity", "the member is one of women, veterans...; \"not:men\" is not", false, false, NULL },
	   { "only", "A", "only", "must say to be one of these; may be repeated", false, true, &ev_audience_names },
	   { "avoid", "WHO", "avoid", "never this record, program or organization, nor whoever publishes this name; may be repeated", false, true, NULL },
	   { "conflict", "WHO", "conflict", "has a conflict of interest, named like that; may be repeated", false, true, NULL },
	   { "not-town", "TOWN", "not_town", "never from this town, nor where none is said; may be repeated", false, true, NULL },
	   { "known", "RECORD", "known", "the member met them before, and gladly; may be repeated", false, true, NULL },
	   { "prefer", "KIND=VALUE", "prefer", "would be good; may be repeated, the first counts twice", false, true, NULL },
	   { "why", "RECORD", "why", "say why this one is not proposed; may be repeated", false, true, NULL }},
	  NULL, node_run, node_show_match },
	{ "capacity", "ask partners how many places are free",
	  "Asks who published RECORD, or all partners, and shows what they said when last asked, with its day. The question is the "
	  "same whoever it is for: it names no need and no record, so it says nothing about a member. Nobody is asked twice in a minute.",
	  "cairn capacity --all --wait",
	  {{ "RECORD", "record", MAYBE }},
	  {{ "org", "ORG", "org", "ask this partner", false, false, NULL },
	   { "all", NULL, "all", "ask each partner", false, false, NULL }},
	  "delivered", node_run, node_show_capacity },
	{ "report", "what may be told of a past quarter: matches, referrals, unmet need, units of service",
	  "Counts below 5 are not shown, and cannot be found out from the others. Matches, what was received and what people said of the support "
	  "are told by program, too. It is made once, and the same ever after. With --json it is the file for a funder, or for advocacy.",
	  "cairn report 2026-Q3 --json",
	  {{ "QUARTER", "quarter", ONE }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "open-case", "open a case for somebody without Matrix",
	  "With --template it prints a form; fill it in with the person: what they want to be called, the number, whether a message may be left there, and "
	  "when it is safe to call (\"Mon-Fri 17:00-19:00\" with a time zone). With FILE the case is opened; then cairn refer RECORD --case CASE, and cairn list tasks "
	  "shows when to call them about it. The consent is signed on paper and recorded with cairn consent.",
	  "cairn open-case --template > case.json\n  cairn open-case case.json",
	  {{ "FILE", "file", MAYBE }},
	  {{ "template", NULL, "template", "print the form", false, false, NULL }},
	  NULL, import_person, node_show_object },
	{ "task", "say that somebody was called, or was not reached",
	  "TASK is shown by cairn list tasks; cairn show TASK shows whom to call. After missed it is due at the next safe time, never sooner. If no safe time is known it says office hours: ask first.",
	  "cairn task 01J8Z0Q4M2K7V9T5B3N6X8C0RD done",
	  {{ "TASK", "task", ONE }, { "done|missed", "result", ONE }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "refer", "ask a program or specialist of a partner to support somebody",
	  "Sends a request that identifies nobody: a pseudonym and the coarse fields below. RECORD comes from cairn "
	  "find. Once it is accepted, cairn consent releases who the member is. A value outside its closed list is "
	  "refused.",
	  "cairn refer 01J8Z0Q4M2K7V9T5B3N6X8C0RD --need grief --language es --modality online_text\n"
	  "      --urgency soon --age-band 26_59 --time weekday_evening --wait",
	  {{ "RECORD", "to", ONE }},
	  {{ "need", "N", "need", "what the support is about", true, false, &ev_need_names },
	   { "language", "L", "language", "language the member prefers, BCP 47", true, false, NULL },
	   { "modality", "M", "modality", "how the member wants to meet", true, false, &ev_modality_names },
	   { "urgency", "U", "urgency", "how soon; a crisis is never a referral", true, false, &ev_urgency_names },
	   { "age-band", "B", "age_band", "age, coarsely", true, false, &ev_age_band_names },
	   { "time", "T", "times", "when the member can meet; may be repeated", false, true, &ev_time_slot_names },
	   { "part-of", "REFERRAL", "part_of", "the one that was forwarded and goes on as this; nobody else is told of it", false, false, NULL },
	   { "case", "CASE", "case", "for whom, if staff opened a case", false, false, NULL },
	   { "origin", "O", "origin", "whose idea it is", false, false, &ev_origin_names },
	   { "voluntary", NULL, "voluntary", "the member said, alone, that they want it", false, false, NULL },
	   { "org", "ORG", "org", "organization of RECORD, if two have one of that id", false, false, NULL }},
	  "delivered", node_run, node_show_referral },
	{ "consent", "record the member's consent and disclose what it covers",
	  "With --template it prints a form, filled in as far as the node knows; save it, let the member decide, fill in the "
	  "rest. With FILE, that form, the consent is checked element by element (42 CFR 2.31) and recorded; if the referral "
	  "is accepted, exactly what it covers is disclosed, with the notice of 2.32. Times in the form are day, time and offset "
	  "(2026-11-21T10:30:00+01:00, or Z for UTC); what stays empty is refused.",
	  "cairn consent 01J8Z0Q4M2K7V9T5B3N6X8C0RD --template > consent.json\n"
	  "  cairn consent 01J8Z0Q4M2K7V9T5B3N6X8C0RD consent.json --wait",
	  {{ "REFERRAL", "referral", ONE }, { "FILE", "file", MAYBE }},
	  {{ "template", NULL, "template", "print the form", false, false, NULL }},
	  "delivered", import_consent, node_show_referral },
	{ "answer", "accept or decline a referral that came in",
	  "A decline needs a reason; with --reason other say which in a file, which may be /dev/stdin.",
	  "cairn answer 01J8Z0Q4M2K7V9T5B3N6X8C0RD decline --reason no_capacity",
	  {{ "REFERRAL", "referral", ONE }, { "accept|waitlist|decline", "decision", ONE }},
	  {{ "reason", "R", "reason", "why it is declined", false, false, &ev_decline_reason_names },
	   { "reason-file", "FILE", "reason_file", "holds the reason in words when it is other; nothing about the member", false, false, NULL }},
	  "delivered", import_text, node_show_referral },
#include "cairn_verbs_case.h"
#include "cairn_verbs_book.h"
	{ "outcome", "tell the referring side what became of an accepted referral",
	  "closed needs --code. Each step is allowed once the one before it was reported.",
	  "cairn outcome 01J8Z0Q4M2K7V9T5B3N6X8C0RD closed --code connected",
	  {{ "REFERRAL", "referral", ONE }, { "first_contact|engaged|closed", "stage", ONE }},
	  {{ "code", "C", "outcome", "how it ended", false, false, &ev_outcome_names }},
	  "delivered", node_run, node_show_referral },
	{ "revoke", "record that a member has taken a consent back",
	  "By phone, on paper or in person, as told to staff of either side; a member in a direct chat says it there. At once nothing more "
	  "leaves under the consent and the referral ends; everybody whom the consent names is told, and acknowledges or is listed. What was lawfully "
	  "disclosed before is not called back. event: the event that ends the consent has happened. found_false: the consent was not true.",
	  "cairn revoke 01J8Z0Q4M2K7V9T5B3N6X8C0RD --how phone --recorded-by-file me.txt",
	  {{ "REFERRAL", "referral", ONE }},
	  {{ "how", "H", "how", "how the member said so", true, false, &ev_consent_revoked_how_names },
	   { "recorded-by-file", "FILE", "recorded_by_file", "holds the name of who took the call or the paper; may be /dev/stdin", true, false, NULL }},
	  NULL, import_text, node_show_object },
	{ "accounting", "to whom a member's information was disclosed, and who holds it",
	  "Each disclosure with day, recipient, classes, purpose and consent; what became of each consent, who was told of a revocation and what they "
	  "answered; and who holds what now. Give it to the member who asks. As far back as the consent's law says: 3 years, or 6. "
	  "WHOM is as in cairn emergency: of a user or a case it is one account of all their referrals and matches, each named. What was erased has "
	  "an account, by its own id, for the legal term.",
	  "cairn accounting 01J8Z0Q4M2K7V9T5B3N6X8C0RD",
	  {{ "WHOM", "id", ONE }},
	  {{ 0 }}, NULL, node_run, node_show_object },
	{ "export member", "all that is kept of a member, for them to have",
	  "One JSON document: their account and conversation, messages, notes, requests with each step, matches, consents, disclosures, and who was asked to "
	  "erase; it begins with what each part is, and what is not in it. For the member who asks to see what is kept, or wants to take it elsewhere (GDPR, "
	  "Articles 15 and 20; 45 CFR 164.524). WHOM is as in cairn accounting: of a user or a case it is what cairn erase would erase. FILE must not exist; it gets mode "
	  "0600. Be sure who asks, hand it over yourself, and delete it. Each time is in the audit.",
	  "cairn export member @ana:example.org --out ana.json",
	  {{ "WHOM", "id", ONE }},
	  {{ "out", "FILE", "out", "where to write; a file that does not exist", true, false, NULL }}, NULL, export_member, NULL },
	{ "emergency", "record a disclosure in a medical emergency",
	  "For what was told to medical personnel without consent because a life was in danger (42 CFR 2.51): to whom and where, by whom, when, why "
	  "and what. Tell them first, then write it down. WHOM is the user id of who writes to us, or the id of a referral, of a case (somebody without "
	  "Matrix), or of a match. With --template it prints a form; what stays empty is refused.",
	  "cairn emergency 01J8Z0Q4M2K7V9T5B3N6X8C0RD --template > form.json\n"
	  "  cairn emergency 01J8Z0Q4M2K7V9T5B3N6X8C0RD form.json",
	  {{ "WHOM", "id", ONE }, { "FILE", "file", MAYBE }},
	  {{ "template", NULL, "template", "print the form", false, false, NULL }},
	  NULL, import_consent, node_show_object },
	{ "backup", "copy the database while the node works",
	  "Writes FILE (mode 0600; never over another): the database as it is in one moment, whole or not at all. Keep as many and as long as "
	  "you like. The keys of members are not in it: keys.db has them, and --keys puts a copy of it into DIR, which must be another place, "
	  "and destroys the copies there that are 29 days old. With a copy of keys.db from before an erasure, older backups can still be "
	  "read; so none is kept longer than 30 days. operating.md says how both are put back.",
	  "cairn backup /backup/cairn/$(date +%F).db --keys /media/keys",
	  {{ "FILE", "file", ONE }},
	  {{ "keys", "DIR", "keys", "a directory for copies of keys.db and nothing else", false, false, NULL }}, NULL, backup_run, NULL },
	{ "erase", "forget what this node knows of a member, or of one referral",
	  "WHOM is a referral's id, or a member's user id: then what was said in the direct chat, and the referrals that they asked for there; "
	  "what staff began is erased by its own id, or with all of somebody without Matrix by that of their case; person:NUMBER is one of whom nothing "
	  "can be read any more, as cairn doctor names them. First it says "
	  "what is erased, what is kept for the legal term, which partners are asked, and what is out of reach; then it wants the id again. "
	  "Nothing brings it back, no backup either. --keep answers a partner who asks us to erase that we must not.",
	  "cairn erase 01J8Z0Q4M2K7V9T5B3N6X8C0RD --wait",
	  {{ "WHOM", "id", ONE }},
	  {{ "confirm", "WHOM", "confirm", "the same once more, so that nobody is asked", false, false, NULL },
	   { "because", "C", "because", "what partners are told; member_asked if not said", false, false, &ev_erasure_cause_names },
	   { "keep", NULL, "keep", "erase nothing, and tell the partner who asked", false, false, NULL }},
	  "delivered", erase_run, erase_show },
	{ "hold review", "somebody looked at a hold, and it goes on",
	  "Sets its end, or the day to look at it again.",
	  "cairn hold review 01J8Z0Q4M2K7V9T5B3N6X8C0RD --review 2027-09-30",
	  {{ "HOLD", "hold", ONE }},
	  {{ "until", "DAY", "until", "it ends by itself after that day", false, false, NULL },
	   { "review", "DAY", "review", "somebody looks at it again on that day", false, false, NULL }},
	  NULL, node_run, node_show_object },
	{ "hold lift", "end a hold: what was asked to be erased meanwhile is erased",
	  "",
	  "cairn hold lift 01J8Z0Q4M2K7V9T5B3N6X8C0RD --reason-file over.txt",
	  {{ "HOLD", "hold", ONE }},
	  {{ "reason-file", "FILE", "reason_file", "why, and who said so", true, false, NULL }},
	  NULL, import_text, node_show_object },
	{ "hold", "keep what is known of a member, for a court case, a child or the law",
	  "WHOM is the id of a referral, case or match, or a member's user id. What is held is not erased: not when its term is over, and not when somebody asks for "
	  "it; that is remembered and done when the hold is lifted, and until then nothing is done with it. The member is told that it is kept, and why, unless the "
	  "law forbids it (--untold). A hold never shares anything: consents end as ever. It ends on a day, or somebody looks at it again on one, as cairn doctor says.",
	  "cairn hold 01J8Z0Q4M2K7V9T5B3N6X8C0RD --class litigation\n"
	  "      --review 2027-03-31 --reason-file order.txt",
	  {{ "WHOM", "id", ONE }},
	  {{ "class", "C", "class", "for which duty", true, false, &hold_classes },
	   { "until", "DAY", "until", "it ends by itself after that day", false, false, NULL },
	   { "review", "DAY", "review", "somebody looks at it again on that day", false, false, NULL },
	   { "reason-file", "FILE", "reason_file", "why, and who ordered it", true, false, NULL },
	   { "untold", NULL, "untold", "the law forbids to tell the member why", false, false, NULL }},
	  NULL, import_text, node_show_object },
	{ "list", "show a table",
	  "waiting: encrypted items whose key or device has not come yet. rejected: items that cannot be read, and why. "
	  "outbox: what is to be sent. erasures: what was erased, who was asked to, and what they answered. "
	  "identities: accounts whose identity key changed, to which nothing is sent.",
	  "cairn list referrals",
	  {{ "referrals|cases|tasks|matches|messages|erasures|holds|records|feeds|partners|identities|rooms|waiting|rejected|outbox", "what", ONE }},
	  {{ "due", NULL, "due", "of referrals, only those that wait for you, and those that wait for somebody else who is late", false, false,
	     NULL }}, NULL, node_run, node_show_list },
	{ "show", "show one referral, record or item in full, or this node",
	  "ID is any id that another command printed; \"node\" shows accounts, keys, rooms and progress.",
	  "cairn show node",
	  {{ "ID|node", "id", ONE }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "audit verify", "prove that nobody changed or shortened the audit",
	  "The chain of hashes from the first row to the last, and what each row commits to. It holds after people were erased: then it says "
	  "who did what, and not to whom. With --head, that it still has the row which was noted earlier.",
	  "cairn audit verify",
	  {{ 0 }},
	  {{ "head", "N:HASH", "head", "what an earlier run printed, and you kept elsewhere", false, false, NULL }},
	  NULL, node_run, node_show_object },
	{ "audit show", "show who did what, newest first",
	  "Views of members' data, each step of a referral, disclosures, refusals, keys that were shared. To look is noted too.",
	  "cairn audit show --about 01J8Z0Q4M2K7V9T5B3N6X8C0RD",
	  {{ 0 }},
	  {{ "about", "ID", "about", "only what concerns that referral or person", false, false, NULL }},
	  NULL, node_run, node_show_audit },
	{ "doctor", "look for faults and say how to mend them",
	  "Ends with status 1 if there is a fault.",
	  "cairn doctor",
	  {{ 0 }}, {{ 0 }}, NULL, node_run, node_show_doctor },
#include "cairn_verbs_federation.h"
	{ "key new", "make an Ed25519 key for trust lists or credentials (offline)",
	  "Writes the private key to FILE, which must not exist, with mode 0600, as a multibase text, and prints the public "
	  "key: trust_signer of a configuration, or \"key\" of an issuer in a trust list.",
	  "cairn key new signer.key",
	  {{ "FILE", "file", ONE }}, {{ 0 }}, NULL, keys_new, NULL },
	{ "key show", "print the public key of a key file (offline)",
	  "",
	  "cairn key show signer.key",
	  {{ "FILE", "file", ONE }}, {{ 0 }}, NULL, keys_show, NULL },
	{ "key rotate", "change the key that signs our records",
	  "The node makes the next key and keeps it sealed. Printed is our entry for the trust list, as cairn show node prints it from now on: with the new record_key, and with the key of "
	  "now as old_record_key, which counts beside it for --days days (30). Give it to the federation's signers: cairn federation new --from LIST --entry FILE. The node goes on signing "
	  "with the key of now until the trust list in force names the new one; then it changes by itself, signs all that is published anew, as it was, and destroys the key of "
	  "before. Make a backup when you have asked for it: one from before does not know the new key. If somebody else may have the key of now, --days 0 lets it count no longer than until that list.",
	  "cairn key rotate --json > node.json",
	  {{ 0 }},
	  {{ "days", "N", "days", "how long the key of now counts beside the new one; 30 unless given", false, false, NULL },
	   { "give-up", NULL, "give_up", "destroy the new key, before a trust list names it", false, false, NULL }}, NULL, node_run, node_show_entry },
	{ "sign trust", "sign a trust list (offline)",
	  "Adds a proof to FILE (types.md, Trust list, in gen/ of a build and share/doc/cairn once installed), beside those of other "
	  "signers as long as they fit its content; times written as 2026-11-21T10:30:00+01:00 or with Z become milliseconds; and writes the result to standard output or, at once and whole, to --out.",
	  "cairn sign trust trust.json --key signer.key --out /etc/cairn/trust.json",
	  {{ "FILE", "file", ONE }},
	  {{ "key", "KEYFILE", "key", "private key made by cairn key new", true, false, NULL },
	   { "out", "FILE", "out", "where to write; may be FILE itself", false, false, NULL }},
	  NULL, federation_sign, NULL },
	{ "sign credential", "sign a peer specialist's credential (offline)",
	  "FILE is a W3C Verifiable Credential 2.0 (types.md, Credential); the proof is eddsa-jcs-2022. An issuer that "
	  "is a did:key must be the key that signs.",
	  "cairn sign credential ana.json --key board.key --out ana-signed.json",
	  {{ "FILE", "file", ONE }},
	  {{ "key", "KEYFILE", "key", "private key made by cairn key new", true, false, NULL },
	   { "out", "FILE", "out", "where to write; may be FILE itself", false, false, NULL }},
	  NULL, keys_sign_credential, NULL },
	{ "sign statement", "sign a specialist's own statement of lived experience (offline)",
	  "FILE is what the specialist says of their own life (types.md, Statement of lived experience); the key is theirs, and "
	  "nobody else's. A later statement replaces it; one with \"withdrawn\": true takes it back, and followers forget it.",
	  "cairn sign statement rosa.json --key rosa.key --out rosa-signed.json",
	  {{ "FILE", "file", ONE }},
	  {{ "key", "KEYFILE", "key", "private key made by cairn key new", true, false, NULL },
	   { "out", "FILE", "out", "where to write; may be FILE itself", false, false, NULL }},
	  NULL, keys_sign_statement, NULL },
	{ "sign publication", "agree to be published, as a specialist (offline)",
	  "FILE holds the specialist's record as it is to be published, alone or in a file for cairn import records; it is written again with their did:key "
	  "and their consent in it: for ORG, that one record, what it says of them, until DAY. How many places are free may change without a new one; times, the program and all "
	  "else may not. A credential that is a record of its own wants the same. The key is the specialist's, and nobody else's. With --account and --master-key they also "
	  "sign which Matrix account is theirs, and six words are printed that they then write behind !account in their chat with each organization they support people for (!account "
	  "alone shows there the account's key, as it is seen). Whoever follows the organization then sees that account. It stays in later consents, and ends with them.",
	  "cairn sign publication rosa.json --program 5TGB7NQ2WEMVC4K1X8Z0RHJ3D9 --org 01J8Z0Q4M2K7V9T5B3N6X8C0RD --until 2027-11-30 --key rosa.key --out rosa-signed.json",
	  {{ "FILE", "file", ONE }},
	  {{ "org", "ORG", "org", "the organization that may publish it, as its cairn show node prints", true, false, NULL },
	   { "until", "DAY", "until", "the last day", true, false, NULL },
	   { "key", "KEYFILE", "key", "the specialist's private key, made by cairn key new", true, false, NULL },
	   { "alias", "NAME", "alias", "which specialist, if FILE has several", false, false, NULL },
	   { "program", "RECORD", "program", "the program that they belong to, as cairn list records prints it there", false, false, NULL },
	   { "account", "USER", "account", "their Matrix account, such as @rosa:example.org", false, false, NULL },
	   { "master-key", "KEY", "master_key", "its public master cross-signing key, as their own Matrix program shows it", false, false, NULL },
	   { "out", "FILE", "out", "where to write; may be FILE itself", false, false, NULL }},
	  NULL, consent_sign, NULL },
	{ "sign withdrawal", "take a consent to be published back (offline)",
	  "FILE is what cairn sign publication wrote. The result is for cairn import records at the organization: the record is withdrawn at once, followers "
	  "forget it and say so, and cairn show RECORD lists who has not. It never comes back under that identifier.",
	  "cairn sign withdrawal rosa-signed.json --key rosa.key --out withdrawal.json",
	  {{ "FILE", "file", ONE }},
	  {{ "key", "KEYFILE", "key", "the specialist's private key", true, false, NULL },
	   { "alias", "NAME", "alias", "which specialist, if FILE has several", false, false, NULL },
	   { "out", "FILE", "out", "where to write", false, false, NULL }},
	  NULL, consent_withdraw, NULL },
	{ "issuer key", "begin an issuer's book of credentials (offline)",
	  "Makes DIR with a private key, mode 0400, and an empty ledger, and prints the issuer's did:key. The book stays offline; a copy of it is the only way back after a loss.",
	  "cairn issuer key board --lists https://board.example/status/",
	  {{ "DIR", "dir", ONE }},
	  {{ "lists", "URI", "lists", "how the names of the status lists begin; nothing is fetched from there", true, false, NULL }},
	  NULL, issuer_key, NULL },
	{ "issuer issue", "certify a specialist (offline)",
	  "FILE is a credentialSubject (types.md, Credential): never anything of the person's own life, which is theirs to say. Writes DIR/credential-N.json and DIR/status-lists.json, both for cairn import records.",
	  "cairn issuer issue board rosa.json --until 2028-01-31",
	  {{ "DIR", "dir", ONE }, { "FILE", "file", ONE }},
	  {{ "until", "DAY", "until", "its last day", true, false, NULL },
	   { "from", "DAY", "from", "its first day (now)", false, false, NULL }},
	  NULL, issuer_issue, NULL },
	{ "issuer renew", "let a credential last longer (offline)",
	  "Writes it anew, with the same number and place in the lists.",
	  "cairn issuer renew board 12 --until 2030-01-31",
	  {{ "DIR", "dir", ONE }, { "NUMBER", "number", ONE }},
	  {{ "until", "DAY", "until", "its new last day", true, false, NULL },
	   { "from", "DAY", "from", "its new first day (now)", false, false, NULL }},
	  NULL, issuer_change, NULL },
	{ "issuer suspend", "suspend a credential until it is reinstated (offline)",
	  "It counts no more wherever the new status list has arrived.",
	  "cairn issuer suspend board 12",
	  {{ "DIR", "dir", ONE }, { "NUMBER", "number", ONE }},
	  {{ 0 }},
	  NULL, issuer_change, NULL },
	{ "issuer reinstate", "end a suspension (offline)",
	  "",
	  "cairn issuer reinstate board 12",
	  {{ "DIR", "dir", ONE }, { "NUMBER", "number", ONE }},
	  {{ 0 }},
	  NULL, issuer_change, NULL },
	{ "issuer revoke", "revoke a credential for good (offline)",
	  "There is no way back; a new credential may be issued.",
	  "cairn issuer revoke board 12",
	  {{ "DIR", "dir", ONE }, { "NUMBER", "number", ONE }},
	  {{ 0 }},
	  NULL, issuer_change, NULL },
	{ "issuer refresh", "sign the status lists and all files anew (offline)",
	  "Once a month: a list holds 30 days, and without one in force nobody is certified.",
	  "cairn issuer refresh board",
	  {{ "DIR", "dir", ONE }},
	  {{ 0 }},
	  NULL, issuer_refresh, NULL },
	{ "issuer jwt", "print a credential as a JWT, for other wallets and verifiers (offline)",
	  "The same credential in its second form (W3C VC-JOSE-COSE, EdDSA), signed with the same key and naming the same status lists. Nodes read the first form alone.",
	  "cairn issuer jwt board 12",
	  {{ "DIR", "dir", ONE }, { "NUMBER", "number", ONE }},
	  {{ 0 }},
	  NULL, issuer_jwt, NULL },
	{ "issuer list", "list an issuer's credentials, and which are due for renewal (offline)",
	  "",
	  "cairn issuer list board",
	  {{ "DIR", "dir", ONE }},
	  {{ 0 }},
	  NULL, issuer_list, NULL },
	{ "help", "explain a command",
	  "",
	  "cairn help refer",
	  {{ "VERB", "verb", MAYBE }, { "...", "second", MAYBE }}, {{ 0 }}, NULL, help_run, NULL },
	{ "completion", "print completion for bash",
	  "",
	  "cairn completion > /etc/bash_completion.d/cairn",
	  {{ 0 }}, {{ 0 }}, NULL, help_completion, NULL },
	{ NULL, NULL, NULL, NULL, {{ 0 }}, {{ 0 }}, NULL, NULL, NULL }
};

const struct verb *
verbs_find(const char *first, const char *second, int *ret_used)
{
	for (const struct verb *v = verbs_table; v->name != NULL; v++) {
		const char *blank = strchr(v->name, ' ');
		size_t n = blank != NULL ? (size_t)(blank - v->name) : strlen(v->name);

		if (strlen(first) != n || strncmp(first, v->name, n) != 0)
			continue;
		if (blank != NULL && (second == NULL || strcmp(second, blank + 1) != 0))
			continue;
		*ret_used = blank != NULL ? 2 : 1;
		return v;
	}
	return NULL;
}
