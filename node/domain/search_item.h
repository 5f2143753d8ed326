/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_item: what search.h looks at, out of a record's body and out of the arguments of a question.
 */
#ifndef CAIRN_SEARCH_ITEM_H
#define CAIRN_SEARCH_ITEM_H

#include <jansson.h>

#include "search.h"

/**
 * search_item_read(kind, org, body, text, ret): what the body of a record says; its words go to
 * ${text}, which the item borrows like the rest.  certified, stale, times, eligible and hours are the caller's to say.
 * 0, or buf.h's.
 */
int	search_item_read(const char *kind, const char *org, const json_t *body, struct buf *text,
	    struct search_item *ret) must_check;

/* The bits of wishes that a program may answer for who names it. */
#define SEARCH_ITEM_LENT	(1u << SEARCH_BIT_NEAR | 1u << SEARCH_BIT_COST | 1u << SEARCH_BIT_TRANSPORT | 1u << SEARCH_BIT_ACCESS)

/**
 * search_item_borrow(body, program, item): to the item of ${body}, what holds for it since it holds for the program of that body: its cost, unless
 * ${body} says one; if ${body} says of no place where it is, the public places, and how they are reached and what eases taking part there, unless
 * it says of these; the ages and residents whom the program takes.  Borrowed, too.
 */
void	search_item_borrow(const json_t *body, const json_t *program, struct search_item *);

/** search_item_eases(body, program, ret): what eases taking part, of ${body} or as it borrows; ${program}: NULL, or a body.  Borrowed. */
void	search_item_eases(const json_t *body, const json_t *program, struct search_list *ret);

/**
 * search_item_query(args, ret, reterr): {words, kind, org, language, near, within, open, certified} and the wish of
 * each of SEARCH_FACETS; within may be text.  Borrowed.  hours and facts are the caller's to say.  0, or E_BAD
 * with what is wrong.
 */
int	search_item_query(const json_t *args, struct search_query *ret, struct err *) must_check;

#endif /* !CAIRN_SEARCH_ITEM_H */
