/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cairn.h"
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
	  "a program. What has no place in a record is listed, never dropped in silence. A second import changes "
	  "what changed. On any error nothing changes. Nothing is public before cairn publish.",
	  "cairn import hsds harbor.json --dry-run",
	  {{ "FILE", "file", ONE }},
	  {{ "dry-run", NULL, "dry_run", "read and report only; the node is not asked", false, false, NULL }},
	  NULL, import_hsds, NULL },
	{ "import records", "bring in groups, specialists, stories and other records written by hand",
	  "FILE is a JSON array of {\"source\": NAME, \"kind\": \"group\", \"body\": {...}}, or an object whose member "
	  "\"records\" is one. types.md, in gen/ of a build and share/doc/cairn once installed, describes each body. NAME is "
	  "yours and stays: a second import of it changes the record. Where a body wants the record id of a program, its NAME will do.",
	  "cairn import records harbor-records.json",
	  {{ "FILE", "file", ONE }},
	  {{ "dry-run", NULL, "dry_run", "read and report only; the node is not asked", false, false, NULL }},
	  NULL, import_records, NULL },
	{ "import trust", "put a signed trust list in force",
	  "FILE comes from the federation's signer, whose key is trust_signer in the configuration. Only a higher version "
	  "replaces a list. To get onto it, give the signer the output of cairn show node --json.",
	  "cairn import trust trust.json",
	  {{ "FILE", "file", ONE }}, {{ 0 }}, NULL, import_trust, NULL },
	{ "export hsds", "write the programs as an Open Referral HSDS 3.1 file",
	  "A page of services in full, to standard output or, at once and whole, to --out. What HSDS has no field for "
	  "goes out as attributes with taxonomies org.cairnpeer.*, which cairn import hsds reads. Programs that were "
	  "never published are among them; groups and specialists do not exist in HSDS.",
	  "cairn export hsds --out harbor.json",
	  {{ 0 }},
	  {{ "out", "FILE", "out", "where to write", false, false, NULL }},
	  NULL, export_hsds, NULL },
	{ "withdraw", "take a record of ours back",
	  "For whom a story or a specialist's record is about, when they no longer want it shown. RECORD is its id, as cairn list records "
	  "shows it. Followers forget what it said; it never comes back under this id. What other people have read they have read.",
	  "cairn withdraw 01J8Z0Q4M2K7V9T5B3N6X8C0RD --wait",
	  {{ "RECORD", "id", ONE }}, {{ 0 }}, "delivered", node_run, node_show_queued },
	{ "publish", "make the directory, its rooms and signed records current",
	  "Signs what changed, makes the rooms that are missing and sends both. Safe to run again.",
	  "cairn publish --wait",
	  {{ 0 }}, {{ 0 }}, "delivered", node_run, node_show_publish },
	{ "follow", "join a partner's directory and keep up with it",
	  "ORG is the partner's identifier in the trust list; cairn list partners shows them. Its node answers with an "
	  "invitation to its directory room.",
	  "cairn follow 01J8Z0Q4M2K7V9T5B3N6X8C0RD --wait",
	  {{ "ORG", "org", ONE }}, {{ 0 }}, "delivered", node_run, node_show_queued },
	{ "trust", "give keys to a device that cannot be cross-signed",
	  "Pins one device of one user by its fingerprint (Ed25519 key, as clients show it, blanks allowed), read to you "
	  "over another channel. For bots; people verify in their client.",
	  "cairn trust @bot:example.org ABCDEFGHIJ 'fRk7 9Pq2 ...'",
	  {{ "USER", "user", ONE }, { "DEVICE", "device", ONE }, { "FINGERPRINT", "fingerprint", PACKED }},
	  {{ 0 }}, NULL, node_run, node_show_done },
	{ "say", "send a plain encrypted message, for trials",
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
	{ "outcome", "tell the referring side what became of an accepted referral",
	  "closed needs --code. Each step is allowed once the one before it was reported.",
	  "cairn outcome 01J8Z0Q4M2K7V9T5B3N6X8C0RD closed --code connected",
	  {{ "REFERRAL", "referral", ONE }, { "first_contact|engaged|closed", "stage", ONE }},
	  {{ "code", "C", "outcome", "how it ended", false, false, &ev_outcome_names }},
	  "delivered", node_run, node_show_referral },
	{ "list", "show a table",
	  "waiting: encrypted items whose key or device has not come yet. rejected: items that cannot be read, and why. "
	  "outbox: what is to be sent.",
	  "cairn list referrals",
	  {{ "referrals|messages|records|partners|rooms|waiting|rejected|outbox", "what", ONE }},
	  {{ 0 }}, NULL, node_run, node_show_list },
	{ "show", "show one referral, record or item in full, or this node",
	  "ID is any id that another command printed; \"node\" shows accounts, keys, rooms and progress.",
	  "cairn show node",
	  {{ "ID|node", "id", ONE }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "doctor", "look for faults and say how to mend them",
	  "Ends with status 1 if there is a fault.",
	  "cairn doctor",
	  {{ 0 }}, {{ 0 }}, NULL, node_run, node_show_doctor },
	{ "key new", "make an Ed25519 key for trust lists or credentials (offline)",
	  "Writes the private key to FILE, which must not exist, with mode 0600, as a multibase text, and prints the public "
	  "key: trust_signer of a configuration, or \"key\" of an issuer in a trust list.",
	  "cairn key new signer.key",
	  {{ "FILE", "file", ONE }}, {{ 0 }}, NULL, keys_new, NULL },
	{ "key show", "print the public key of a key file (offline)",
	  "",
	  "cairn key show signer.key",
	  {{ "FILE", "file", ONE }}, {{ 0 }}, NULL, keys_show, NULL },
	{ "sign trust", "sign a trust list (offline)",
	  "Adds the proof to FILE (types.md, Trust list, in gen/ of a build and share/doc/cairn once installed), replacing an "
	  "old one; times written as 2026-11-21T10:30:00+01:00 or with Z become milliseconds; and writes the result to standard output or, at once and whole, to --out.",
	  "cairn sign trust trust.json --key signer.key --out /etc/cairn/trust.json",
	  {{ "FILE", "file", ONE }},
	  {{ "key", "KEYFILE", "key", "private key made by cairn key new", true, false, NULL },
	   { "out", "FILE", "out", "where to write; may be FILE itself", false, false, NULL }},
	  NULL, keys_sign_trust, NULL },
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
