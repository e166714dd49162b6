/*
 * names.h - lists of names (samples, features, dictionary entries), and looking one up.
 *
 * A list keeps its bytes in one block; names are numbered from 0 and are zero-terminated. Names in
 * a list need not differ unless eae_names_find_duplicate() says so.
 */
#ifndef EAE_BASE_NAMES_H
#define EAE_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct eae_names {
    int64_t count;
    int64_t capacity;
    size_t *offset; /* where name i begins in bytes */
    char *bytes;
    size_t used;
    size_t room;
} eae_names;

/* Zero-initialise; eae_names_free() leaves it empty and reusable. */
void eae_names_add(eae_names *names, const char *name, size_t length);
/* Adds n names: prefix and number, first + 1 .. first + n. A prefix of at most 15 characters. */
void eae_names_number(eae_names *names, const char *prefix, int64_t first, int64_t n);
void eae_names_copy(eae_names *to, const eae_names *from); /* `to` must be empty */
void eae_names_free(eae_names *names);
bool eae_names_equal(const eae_names *a, const eae_names *b);

static inline const char *eae_name(const eae_names *names, int64_t i)
{
    return names->bytes + names->offset[i];
}

/* An index from name to position (the first of equal names). Refers to `names`, which must outlive
 * it and not change. Thread-safe once made. */
typedef struct eae_name_index eae_name_index;
eae_name_index *eae_name_index_new(const eae_names *names);
/* -1 if there is none. */
int64_t eae_name_find(const eae_name_index *index, const char *name, size_t length);
void eae_name_index_free(eae_name_index *index);

/* Names that all differ, found while the list grows. Zero-initialise. */
typedef struct eae_name_set {
    eae_names names;
    int64_t *slot; /* position + 1; 0 = free */
    uint32_t *tag; /* high half of the hash */
    size_t size;
} eae_name_set;
/* The position of the name, which is added where it is new. */
int64_t eae_name_set_add(eae_name_set *set, const char *name, size_t length);
/* -1 if it is not there. Thread-safe while none is added. */
int64_t eae_name_set_find(const eae_name_set *set, const char *name, size_t length);
void eae_name_set_free(eae_name_set *set);

/* The position of the second of two equal names (the earliest such), or -1; *first: the other. */
int64_t eae_names_find_duplicate(const eae_names *names, int64_t *first);

#endif
