/* names.c - see names.h. Open addressing over 64-bit hashes. */
#include "base/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

void eae_names_add(eae_names *n, const char *name, size_t length)
{
    if (n->count == n->capacity) {
        n->capacity = n->capacity ? n->capacity * 2 : 16;
        n->offset = eae_realloc(n->offset, (size_t)n->capacity, sizeof *n->offset);
    }
    if (n->used + length + 1 > n->room) {
        n->room = (n->used + length + 1) * 2;
        n->bytes = eae_realloc(n->bytes, n->room, 1);
    }
    n->offset[n->count++] = n->used;
    memcpy(n->bytes + n->used, name, length);
    n->bytes[n->used + length] = '\0';
    n->used += length + 1;
}

void eae_names_number(eae_names *names, const char *prefix, int64_t first, int64_t n)
{
    char text[40];
    size_t begin = strlen(prefix);
    memcpy(text, prefix, begin);
    for (int64_t i = 0; i < n; i++) {
        /* by hand: a hundred million of these must not go through printf */
        char digits[24];
        size_t count = 0;
        for (int64_t v = first + i + 1; v > 0; v /= 10)
            digits[count++] = (char)('0' + v % 10);
        for (size_t d = 0; d < count; d++)
            text[begin + d] = digits[count - 1 - d];
        eae_names_add(names, text, begin + count);
    }
}

void eae_names_copy(eae_names *to, const eae_names *from)
{
    *to = (eae_names){
        .count = from->count, .capacity = from->count, .used = from->used, .room = from->used};
    to->offset = eae_malloc((size_t)from->count, sizeof *to->offset);
    to->bytes = eae_malloc(from->used, 1);
    if (from->count > 0) {
        memcpy(to->offset, from->offset, (size_t)from->count * sizeof *to->offset);
        memcpy(to->bytes, from->bytes, from->used);
    }
}

void eae_names_free(eae_names *n)
{
    free(n->offset);
    free(n->bytes);
    *n = (eae_names){0};
}

bool eae_names_equal(const eae_names *a, const eae_names *b)
{
    if (a->count != b->count)
        return false;
    for (int64_t i = 0; i < a->count; i++) {
        if (strcmp(eae_name(a, i), eae_name(b, i)) != 0)
            return false;
    }
    return true;
}

struct eae_name_index {
    const eae_names *names;
    size_t mask;
    int64_t *slot;  /* position + 1; 0 = free */
    uint32_t *tag;  /* high half of the hash, so that most misses cost no string comparison */
    int64_t second; /* the earliest name that repeats an earlier one, or -1 */
    int64_t first;  /* the one it repeats */
};

static size_t find_slot(const eae_name_index *x, const char *name, size_t length, uint32_t *tag)
{
    uint64_t h = eae_hash64(name, length);
    *tag = (uint32_t)(h >> 32);
    size_t s = (size_t)h & x->mask;
    for (; x->slot[s]; s = (s + 1) & x->mask) {
        if (x->tag[s] != *tag)
            continue;
        const char *other = eae_name(x->names, x->slot[s] - 1);
        if (strncmp(other, name, length) == 0 && other[length] == '\0')
            break;
    }
    return s;
}

eae_name_index *eae_name_index_new(const eae_names *names)
{
    eae_name_index *x = eae_malloc(1, sizeof *x);
    size_t size = 16;
    while (size < 2 * (size_t)names->count)
        size *= 2;
    *x = (eae_name_index){.names = names, .mask = size - 1, .second = -1, .first = -1};
    x->slot = EAE_NEW_ARRAY(int64_t, size);
    x->tag = EAE_NEW_ARRAY(uint32_t, size);
    for (int64_t i = 0; i < names->count; i++) {
        const char *name = eae_name(names, i);
        uint32_t tag;
        size_t s = find_slot(x, name, strlen(name), &tag);
        if (!x->slot[s]) {
            x->slot[s] = i + 1;
            x->tag[s] = tag;
        } else if (x->second < 0) {
            x->second = i;
            x->first = x->slot[s] - 1;
        }
    }
    return x;
}

int64_t eae_name_find(const eae_name_index *x, const char *name, size_t length)
{
    uint32_t tag;
    return x->slot[find_slot(x, name, length, &tag)] - 1;
}

void eae_name_index_free(eae_name_index *x)
{
    if (!x)
        return;
    free(x->slot);
    free(x->tag);
    free(x);
}

int64_t eae_names_find_duplicate(const eae_names *names, int64_t *first)
{
    eae_name_index *x = eae_name_index_new(names);
    int64_t second = x->second;
    if (first)
        *first = x->first;
    eae_name_index_free(x);
    return second;
}

/* ---- sets -------------------------------------------------------------------------------- */

/* The slot where the name is, or where it belongs. */
static size_t set_slot(const eae_name_set *x, const char *name, size_t length, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    size_t s = (size_t)hash & (x->size - 1);
    for (; x->slot[s]; s = (s + 1) & (x->size - 1)) {
        if (x->tag[s] != tag)
            continue;
        const char *other = eae_name(&x->names, x->slot[s] - 1);
        if (strncmp(other, name, length) == 0 && other[length] == '\0')
            break;
    }
    return s;
}

static void grow_set(eae_name_set *x)
{
    size_t size = x->size ? 2 * x->size : 1024;
    free(x->slot);
    free(x->tag);
    x->size = size;
    x->slot = EAE_NEW_ARRAY(int64_t, size);
    x->tag = EAE_NEW_ARRAY(uint32_t, size);
    for (int64_t i = 0; i < x->names.count; i++) {
        const char *name = eae_name(&x->names, i);
        uint64_t hash = eae_hash64(name, strlen(name));
        size_t s = set_slot(x, name, strlen(name), hash);
        x->slot[s] = i + 1;
        x->tag[s] = (uint32_t)(hash >> 32);
    }
}

int64_t eae_name_set_add(eae_name_set *x, const char *name, size_t length)
{
    if (2 * ((size_t)x->names.count + 1) > x->size)
        grow_set(x);
    uint64_t hash = eae_hash64(name, length);
    size_t s = set_slot(x, name, length, hash);
    if (!x->slot[s]) {
        eae_names_add(&x->names, name, length);
        x->slot[s] = x->names.count;
        x->tag[s] = (uint32_t)(hash >> 32);
    }
    return x->slot[s] - 1;
}

int64_t eae_name_set_find(const eae_name_set *x, const char *name, size_t length)
{
    return x->size ? x->slot[set_slot(x, name, length, eae_hash64(name, length))] - 1 : -1;
}

void eae_name_set_free(eae_name_set *x)
{
    free(x->slot);
    free(x->tag);
    eae_names_free(&x->names);
    *x = (eae_name_set){0};
}
