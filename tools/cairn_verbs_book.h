/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of verbs_table (cairn_verbs.c): what a program writes down of its own people, volunteers, and questions to its specialists. */
	{ "book add", "write down training, supervision, a credential, an incident, or who takes part in a series",
	  "FILE is {\"kind\": KIND, \"on\": DAY, \"who\": NAME, KIND: {...}}; KIND is training, hours, supervision, credential, incident, enrolment or session, and "
	  "types.md describes each. An incident is for the supervisor of the group, names nobody, and is {\"kind\": \"incident\", \"on\": DAY, \"who\": WHO WRITES IT DOWN, \"incident\": "
	  "{\"group\": ID, \"what\": KIND, \"text\": WORDS}}; cairn list records shows the ID. All of it is sealed, and none of it is sent.",
	  "cairn book add training.json",
	  {{ "FILE", "file", ONE }}, {{ 0 }}, NULL, import_document, node_show_object },
	{ "book show", "show supporters, series, incidents and volunteers who wait",
	  "Of each supporter: hours of this year, whether trained and supervised, when the first credential ends. cairn doctor warns 60 days before.",
	  "cairn book show", {{ 0 }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "book seen", "the supervisor of a group saw an incident",
	  "ID is as cairn book show has it. Nobody else can see it in their place.", "cairn book seen 3 --by 'Head of peer support'",
	  {{ "ID", "id", ONE }}, {{ "by", "WHO", "by", "the supervisor, as the group's record calls them", true, false, NULL }}, NULL, node_run, node_show_object },
	{ "book forget", "forget all that is written down of somebody",
	  "For good, in each copy of the database. ID is of any entry of theirs, as cairn book show has it. An incident is forgotten by its own ID, once it was seen; "
	  "it does not go with whoever wrote it down.", "cairn book forget 3",
	  {{ "ID", "id", ONE }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "volunteer", "answer somebody who offered to support others with !volunteer",
	  "They are told in their chat, and the application is forgotten. ID is as cairn book show has it.",
	  "cairn volunteer 7 accept",
	  {{ "ID", "id", ONE }, { "accept|decline", "decision", ONE }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "consult ask", "put a question to the organization's specialists, each in their chat",
	  "FILE is {\"question\": WORDS, \"answers\": [WORDS, ...], \"specialists\": [USER, ...]}, with 2 to 9 answers to choose from and 5 specialists at least. "
	  "They answer with a number, or with !answer, a number and words. Nobody is shown who said what, and no count below 5; cairn consult close counts.",
	  "cairn consult ask rooms.json",
	  {{ "FILE", "file", ONE }}, {{ 0 }}, NULL, import_document, node_show_object },
	{ "consult show", "show a question, and once it is closed its result", "Without CONSULT, the one that is open.", "cairn consult show",
	  {{ "CONSULT", "consult", MAYBE }}, {{ 0 }}, NULL, node_run, node_show_object },
	{ "consult close", "count the answers, and tell the result to all who were asked", "Without CONSULT, the one that is open.", "cairn consult close",
	  {{ "CONSULT", "consult", MAYBE }}, {{ 0 }}, NULL, node_run, node_show_object },
