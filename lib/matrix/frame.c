/*
 * frame.c - a matrix in memory: making, freeing, selecting from it.
 */
#include "matrix/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "matrix/region.h"

static const char *const kind_names[] = {NULL, "data", "split", "prediction", "model", "rank"};
static const char *const type_names[] = {NULL, "f32", "f64", "i16", "i32", "u8"};
static const size_t type_sizes[] = {0, 4, 8, 2, 4, 1};

const char *eae_kind_name(eae_kind kind)
{
    return kind_names[kind];
}

eae_kind eae_kind_from_name(const char *name)
{
    for (int k = EAE_KIND_DATA; k <= EAE_KIND_RANK; k++)
        if (strcmp(kind_names[k], name) == 0)
            return (eae_kind)k;
    return (eae_kind)0;
}

const char *eae_type_name(eae_type type)
{
    return type_names[type];
}

size_t eae_type_size(eae_type type)
{
    return type_sizes[type];
}

int eae_frame_new(eae_frame **f, eae_kind kind, eae_type type, int64_t rows, int64_t cols)
{
    size_t elements;
    void *payload;

    if (!eae_mul_fits((size_t)rows, (size_t)cols, &elements))
        return eae_fail("a matrix of %lld x %lld is too large", (long long)rows, (long long)cols);
    payload = eae_try_alloc(elements, eae_type_size(type), "a matrix");
    if (payload == NULL)
        return EAE_FAIL;
    *f = EAE_NEW(eae_frame);
    (*f)->kind = kind;
    (*f)->type = type;
    (*f)->rows.count = rows;
    (*f)->cols.count = cols;
    (*f)->payload = payload;
    return EAE_OK;
}

static void release_payload(eae_frame *f)
{
    if (f->mapping != NULL)
        eae_region_release(f->mapping);
    else
        free(f->payload);
    f->payload = NULL;
    f->mapping = NULL;
}

void eae_frame_free(eae_frame *f)
{
    if (f == NULL)
        return;
    release_payload(f);
    eae_axis_free(&f->rows);
    eae_axis_free(&f->cols);
    eae_names_free(&f->history);
    free(f);
}

int eae_frame_own(eae_frame *f)
{
    size_t elements = (size_t)f->rows.count * (size_t)f->cols.count;
    void *own;

    /* frames that share memory have disjoint payloads in it: nothing to copy */
    if (f->mapping == NULL || eae_region_is_memory(f->mapping))
        return EAE_OK;
    own = eae_try_alloc(elements, eae_type_size(f->type), "a matrix");
    if (own == NULL)
        return EAE_FAIL;
    memcpy(own, f->payload, elements * eae_type_size(f->type));
    release_payload(f);
    f->payload = own;
    return EAE_OK;
}

void eae_frame_ahead(const eae_frame *f, int64_t first, int64_t count)
{
    size_t row = (size_t)f->cols.count * eae_type_size(f->type);
    if (f->mapping)
        eae_region_ahead(f->mapping, (const char *)f->payload + (size_t)first * row,
                         (size_t)count * row);
}

double eae_frame_value(const eae_frame *f, int64_t i, int64_t j)
{
    size_t at = (size_t)i * (size_t)f->cols.count + (size_t)j;

    switch (f->type) {
    case EAE_F32:
        return ((const float *)f->payload)[at];
    case EAE_F64:
        return ((const double *)f->payload)[at];
    case EAE_I16:
        return ((const int16_t *)f->payload)[at];
    case EAE_I32:
        return ((const int32_t *)f->payload)[at];
    case EAE_U8:
        return ((const uint8_t *)f->payload)[at];
    }
    return NAN;
}

/* The elements col[0..m-1] of one row. */
static void gather(void *to, const void *from, const int64_t *col, int64_t m, size_t size)
{
    switch (size) {
    case 1:
        for (int64_t j = 0; j < m; j++)
            ((uint8_t *)to)[j] = ((const uint8_t *)from)[col[j]];
        break;
    case 2:
        for (int64_t j = 0; j < m; j++)
            ((uint16_t *)to)[j] = ((const uint16_t *)from)[col[j]];
        break;
    case 4:
        for (int64_t j = 0; j < m; j++)
            ((uint32_t *)to)[j] = ((const uint32_t *)from)[col[j]];
        break;
    default:
        for (int64_t j = 0; j < m; j++)
            ((uint64_t *)to)[j] = ((const uint64_t *)from)[col[j]];
        break;
    }
}

int eae_frame_select(const eae_frame *f, const int64_t *row, int64_t n, const int64_t *col,
                     int64_t m, eae_frame **selected)
{
    size_t size = eae_type_size(f->type);
    eae_frame *s;

    n = row == NULL ? f->rows.count : n;
    m = col == NULL ? f->cols.count : m;
    if (eae_frame_new(&s, f->kind, f->type, n, m) != EAE_OK)
        return EAE_FAIL;
    for (int64_t i = 0; i < n; i++) {
        int64_t source = row == NULL ? i : row[i];
        const char *from = (const char *)f->payload + (size_t)source * (size_t)f->cols.count * size;
        char *to = (char *)s->payload + (size_t)i * (size_t)m * size;

        if (col == NULL)
            memcpy(to, from, (size_t)m * size);
        else
            gather(to, from, col, m, size);
    }
    eae_axis_select(&s->rows, &f->rows, row, n);
    eae_axis_select(&s->cols, &f->cols, col, m);
    eae_names_copy(&s->history, &f->history);
    *selected = s;
    return EAE_OK;
}
