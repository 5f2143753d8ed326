/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsds_tree: changes at many places of a document at once.  A set is a JSON
 * object; its members are objects of the document, known by where they are.
 */
#ifndef CAIRN_HSDS_TREE_H
#define CAIRN_HSDS_TREE_H

#include <jansson.h>
#include <stdbool.h>

#include "hsds_walk.h"

/** tree_add(set, object, value): ${object} is in it, kept alive with ${value} (borrowed; NULL: null).  0 or -ENOMEM. */
int	tree_add(json_t *set, json_t *object, json_t *value) must_check;
/** tree_get(set, object): its value, or NULL if it is not in the set. */
json_t	*tree_get(const json_t *set, const json_t *object);

/**
 * tree_swap(doc, set): each object of the set that is in ${doc}, itself included, is replaced by a copy of its value;
 * one with null is taken out of its list or object.  0 or -ENOMEM.
 */
int	tree_swap(json_t **doc, const json_t *set) must_check;

/** tree_each(v, fn, cookie): ${fn} for ${v}, if it is an object, and each one below, the outer first; stops at non-zero. */
int	tree_each(json_t *, int (*)(void *, json_t *object), void *);

#endif /* !CAIRN_HSDS_TREE_H */
