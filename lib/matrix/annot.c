/*
 * annot.c - one annotation column: typed values, and text by a dictionary.
 *
 * A small dictionary is searched from the front; a large one (ids, dates: as many entries as rows)
 * through an index that is made when it is first needed.
 */
#include "matrix/frame.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

enum { SEARCHED_FROM_THE_FRONT = 32 };

/* Open addressing: slot[h] is an entry of the dictionary or -1. `bytes` and `entries` tell whether
 * the dictionary is still the one that was entered. */
typedef struct eae_annot_index {
    int32_t *slot;
    size_t size; /* a power of two, more than twice `entries` */
    int64_t entries;
    size_t used;
} eae_annot_index;

static void index_free(eae_annot *a)
{
    if (a->index != NULL)
        free(a->index->slot);
    free(a->index);
    a->index = NULL;
}

static size_t index_place(const eae_annot_index *x, const eae_names *dict, const char *text)
{
    size_t h = (size_t)eae_hash64(text, strlen(text)) & (x->size - 1);

    while (x->slot[h] >= 0 && strcmp(eae_name(dict, x->slot[h]), text) != 0)
        h = (h + 1) & (x->size - 1);
    return h;
}

static void index_enter(eae_annot_index *x, const eae_names *dict, int64_t entry)
{
    size_t h = index_place(x, dict, eae_name(dict, entry));

    if (x->slot[h] < 0)
        x->slot[h] = (int32_t)entry;
    x->entries = entry + 1;
}

static void index_build(eae_annot *a)
{
    eae_annot_index *x = EAE_NEW(eae_annot_index);

    index_free(a);
    x->size = 256;
    while (x->size < 4 * (size_t)a->dict.count)
        x->size *= 2;
    x->slot = eae_malloc(x->size, sizeof *x->slot);
    memset(x->slot, 0xff, x->size * sizeof *x->slot);
    for (int64_t i = 0; i < a->dict.count; i++)
        index_enter(x, &a->dict, i);
    x->used = a->dict.used;
    a->index = x;
}

static int32_t dict_find(eae_annot *a, const char *text)
{
    if (a->dict.count <= SEARCHED_FROM_THE_FRONT) {
        for (int64_t i = 0; i < a->dict.count; i++)
            if (strcmp(eae_name(&a->dict, i), text) == 0)
                return (int32_t)i;
        return -1;
    }
    if (a->index == NULL || a->index->entries != a->dict.count || a->index->used != a->dict.used ||
        a->index->size < 2 * (size_t)a->dict.count)
        index_build(a);
    return a->index->slot[index_place(a->index, &a->dict, text)];
}

static int32_t dict_add(eae_annot *a, const char *text)
{
    eae_names_add(&a->dict, text, strlen(text));
    if (a->index != NULL && a->index->entries == a->dict.count - 1) {
        index_enter(a->index, &a->dict, a->dict.count - 1);
        a->index->used = a->dict.used;
    }
    return (int32_t)(a->dict.count - 1);
}

const char *eae_annot_text(const eae_annot *a, int64_t i)
{
    return a->code[i] < 0 ? NULL : eae_name(&a->dict, a->code[i]);
}

void eae_annot_set_text(eae_annot *a, int64_t i, const char *text)
{
    int32_t code = -1;

    if (text != NULL) {
        code = dict_find(a, text);
        if (code < 0)
            code = dict_add(a, text);
    }
    a->code[i] = code;
}

bool eae_annot_is_missing(const eae_annot *a, int64_t i)
{
    switch (a->type) {
    case EAE_ANNOT_F64:
        return isnan(a->f64[i]);
    case EAE_ANNOT_I64:
        return a->i64[i] == EAE_MISSING_I64;
    case EAE_ANNOT_TEXT:
        break;
    }
    return a->code[i] < 0;
}

const char *eae_annot_print(const eae_annot *a, int64_t i, char *buf)
{
    if (eae_annot_is_missing(a, i))
        return "NA";
    if (a->type == EAE_ANNOT_TEXT)
        return eae_annot_text(a, i);
    if (a->type == EAE_ANNOT_F64)
        eae_format_double(a->f64[i], buf);
    else
        snprintf(buf, EAE_NUMBER_TEXT, "%lld", (long long)a->i64[i]);
    return buf;
}

void eae_annot_canonical(eae_annot *a)
{
    if (a->type != EAE_ANNOT_TEXT || strcmp(a->name, "label") == 0)
        return;

    int32_t *renumbered = eae_malloc((size_t)a->dict.count, sizeof *renumbered);
    eae_names dict = {0};

    for (int64_t k = 0; k < a->dict.count; k++)
        renumbered[k] = -1;
    for (int64_t i = 0; i < a->count; i++) {
        int32_t old = a->code[i];

        if (old < 0)
            continue;
        if (renumbered[old] < 0) {
            const char *text = eae_name(&a->dict, old);

            renumbered[old] = (int32_t)dict.count;
            eae_names_add(&dict, text, strlen(text));
        }
        a->code[i] = renumbered[old];
    }
    free(renumbered);
    eae_names_free(&a->dict);
    a->dict = dict;
    index_free(a);
}

void eae_annot_select(eae_annot *to, const eae_annot *from, const int64_t *index, int64_t n)
{
    memset(to, 0, sizeof *to);
    to->name = eae_strdup(from->name);
    to->type = from->type;
    to->count = n;
    switch (from->type) {
    case EAE_ANNOT_F64:
        to->f64 = eae_malloc((size_t)n, sizeof *to->f64);
        for (int64_t i = 0; i < n; i++)
            to->f64[i] = from->f64[index == NULL ? i : index[i]];
        break;
    case EAE_ANNOT_I64:
        to->i64 = eae_malloc((size_t)n, sizeof *to->i64);
        for (int64_t i = 0; i < n; i++)
            to->i64[i] = from->i64[index == NULL ? i : index[i]];
        break;
    case EAE_ANNOT_TEXT:
        to->code = eae_malloc((size_t)n, sizeof *to->code);
        for (int64_t i = 0; i < n; i++)
            to->code[i] = from->code[index == NULL ? i : index[i]];
        eae_names_copy(&to->dict, &from->dict);
        break;
    }
}

void eae_annot_free(eae_annot *a)
{
    free(a->name);
    free(a->f64);
    free(a->i64);
    free(a->code);
    eae_names_free(&a->dict);
    index_free(a);
    memset(a, 0, sizeof *a);
}
