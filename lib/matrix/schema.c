/*
 * schema.c - what must hold for a frame of each kind (eae-matrix(5), "Kinds of frames"), and the
 * canonical form of missing values.
 */
#include "matrix/format.h"

#include <string.h>

#include "base/clones.h"

typedef struct required {
    const char *name;
    eae_annot_type type;
} required;

static const required split_lead[] = {{"split", EAE_ANNOT_I64}, {"repeat", EAE_ANNOT_I64},
                                      {"fold", EAE_ANNOT_I64},  {"parent", EAE_ANNOT_I64},
                                      {"plan", EAE_ANNOT_TEXT}, {NULL, 0}};
static const required fit_lead[] = {{"model", EAE_ANNOT_TEXT},
                                    {"spec", EAE_ANNOT_TEXT},
                                    {"param", EAE_ANNOT_TEXT},
                                    {"chosen", EAE_ANNOT_TEXT},
                                    {"size", EAE_ANNOT_TEXT},
                                    {"plan", EAE_ANNOT_TEXT},
                                    {"split", EAE_ANNOT_I64},
                                    {"repeat", EAE_ANNOT_I64},
                                    {"fold", EAE_ANNOT_I64},
                                    {"perm", EAE_ANNOT_I64},
                                    {"class", EAE_ANNOT_TEXT},
                                    {"converged", EAE_ANNOT_I64},
                                    {NULL, 0}};
static const required prediction_more[] = {{"objective", EAE_ANNOT_F64},
                                           {"gap", EAE_ANNOT_F64},
                                           {"iterations", EAE_ANNOT_I64},
                                           {"cut", EAE_ANNOT_F64},
                                           {NULL, 0}};
static const required model_more[] = {{"part", EAE_ANNOT_TEXT},     {"term", EAE_ANNOT_TEXT},
                                      {"intercept", EAE_ANNOT_F64}, {"objective", EAE_ANNOT_F64},
                                      {"gap", EAE_ANNOT_F64},       {"iterations", EAE_ANNOT_I64},
                                      {"cut", EAE_ANNOT_F64},       {NULL, 0}};
static const required none[] = {{NULL, 0}};

/* By kind: the annotations that lead the rows in this order, and those that must be there too. */
static const struct {
    const required *lead;
    const required *more;
} row_schema[] = {
    [EAE_KIND_DATA] = {none, none},
    [EAE_KIND_SPLIT] = {split_lead, none},
    [EAE_KIND_PREDICTION] = {fit_lead, prediction_more},
    [EAE_KIND_MODEL] = {fit_lead, model_more},
    [EAE_KIND_RANK] = {fit_lead, none},
};

static const char *annot_type_name(eae_annot_type type)
{
    return type == EAE_ANNOT_F64 ? "f64" : type == EAE_ANNOT_I64 ? "i64" : "text";
}

static int check_one(const eae_frame *f, const eae_annot *a, const required *want)
{
    if (a == NULL || strcmp(a->name, want->name) != 0)
        return eae_fail("a %s frame without the row annotation %s in its place",
                        eae_kind_name(f->kind), want->name);
    if (a->type != want->type)
        return eae_fail("a %s frame whose row annotation %s is %s instead of %s",
                        eae_kind_name(f->kind), want->name, annot_type_name(a->type),
                        annot_type_name(want->type));
    return EAE_OK;
}

static int check_row_schema(const eae_frame *f)
{
    const required *lead = row_schema[f->kind].lead;
    const required *more = row_schema[f->kind].more;

    for (int i = 0; lead[i].name != NULL; i++)
        if (check_one(f, i < f->rows.annot_count ? &f->rows.annot[i] : NULL, &lead[i]) != EAE_OK)
            return EAE_FAIL;
    for (int i = 0; more[i].name != NULL; i++)
        if (check_one(f, eae_axis_find(&f->rows, more[i].name), &more[i]) != EAE_OK)
            return EAE_FAIL;
    return EAE_OK;
}

static bool type_fits(const eae_frame *f)
{
    bool real = f->type == EAE_F32 || f->type == EAE_F64;

    switch (f->kind) {
    case EAE_KIND_DATA:
        return real;
    case EAE_KIND_SPLIT:
        return f->type == EAE_I16;
    case EAE_KIND_PREDICTION:
    case EAE_KIND_MODEL:
        return f->type == EAE_F64;
    case EAE_KIND_RANK:
        return true;
    }
    return false;
}

static int check_name(const char *name, const char *axis)
{
    if (*name == '\0')
        return eae_fail("an empty %s name", axis);
    for (const char *p = name; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return eae_fail("a control character (0x%02x) in the %s name \"%.*s\"",
                            (unsigned)(unsigned char)*p, axis, (int)(p - name), name);
    return EAE_OK;
}

static int check_names(const eae_names *names, const char *axis, bool unique)
{
    int64_t first, second;

    for (int64_t i = 0; i < names->count; i++)
        if (check_name(eae_name(names, i), axis) != EAE_OK)
            return EAE_FAIL;
    second = unique ? eae_names_find_duplicate(names, &first) : -1;
    if (second >= 0)
        return eae_fail("two %ss have the name \"%s\": number %lld and number %lld", axis,
                        eae_name(names, second), (long long)first + 1, (long long)second + 1);
    return EAE_OK;
}

static int check_annotation_names(const eae_axis *axis, const char *what)
{
    eae_names names = {0};
    int status;

    for (int i = 0; i < axis->annot_count; i++)
        eae_names_add(&names, axis->annot[i].name, strlen(axis->annot[i].name));
    status = check_names(&names, what, true);
    eae_names_free(&names);
    return status;
}

/* Otherwise a few bytes could claim 2^60 rows. */
static int check_empty(const eae_frame *f, const eae_axis *axis, int64_t other)
{
    if (other > 0 || axis->count == axis->names.count)
        return EAE_OK;
    return eae_fail("a %s frame of %lld x %lld without names", eae_kind_name(f->kind),
                    (long long)f->rows.count, (long long)f->cols.count);
}

int eae_frame_check_rows(const eae_frame *f)
{
    bool data = f->kind == EAE_KIND_DATA;

    if (!type_fits(f))
        return eae_fail("a %s frame with elements of type %s", eae_kind_name(f->kind),
                        eae_type_name(f->type));
    if (check_empty(f, &f->rows, f->cols.count) != EAE_OK ||
        check_names(&f->rows.names, data ? "sample" : "row", data) != EAE_OK ||
        check_annotation_names(&f->rows, "row annotation") != EAE_OK)
        return EAE_FAIL;
    return check_row_schema(f);
}

int eae_frame_check_columns(const eae_frame *f)
{
    const char *what = f->kind == EAE_KIND_DATA ? "feature" : "column";

    if (check_empty(f, &f->cols, f->rows.count) != EAE_OK ||
        check_names(&f->cols.names, what, true) != EAE_OK)
        return EAE_FAIL;
    return check_annotation_names(&f->cols, "column annotation");
}

/* ---- missing values --------------------------------------------------------------------- */

/* The largest magnitude as an integer: above that of infinity, some element is NaN. Almost all data
 * are told by this alone, at the speed of memory. */
EAE_CLONES static int32_t largest_f32(const uint32_t *from, size_t count)
{
    int32_t largest = 0;

    for (size_t i = 0; i < count; i++) {
        int32_t magnitude = (int32_t)(from[i] & 0x7fffffffu);
        largest = magnitude > largest ? magnitude : largest;
    }
    return largest;
}

static const void *canonical_f32(const uint32_t *from, size_t count, uint32_t *to)
{
    const uint32_t nan_bits = 0x7fc00000u;
    uint32_t odd = 0;

    if (largest_f32(from, count) <= 0x7f800000)
        return from;
    for (size_t i = 0; i < count; i++)
        odd |= (uint32_t)((from[i] & 0x7fffffffu) > 0x7f800000u) & (from[i] != nan_bits);
    if (odd == 0)
        return from;
    for (size_t i = 0; i < count; i++)
        to[i] = (from[i] & 0x7fffffffu) > 0x7f800000u ? nan_bits : from[i];
    return to;
}

static const void *canonical_f64(const uint64_t *from, size_t count, uint64_t *to)
{
    const uint64_t nan_bits = 0x7ff8000000000000u, magnitude = 0x7fffffffffffffffu;
    const uint64_t infinity = 0x7ff0000000000000u;
    uint64_t odd = 0;

    for (size_t i = 0; i < count; i++)
        odd |= (uint64_t)((from[i] & magnitude) > infinity) & (from[i] != nan_bits);
    if (odd == 0)
        return from;
    for (size_t i = 0; i < count; i++)
        to[i] = (from[i] & magnitude) > infinity ? nan_bits : from[i];
    return to;
}

const void *eae_payload_canonical(eae_type type, const void *bytes, size_t n, void *scratch)
{
    if (type == EAE_F32)
        return canonical_f32(bytes, n / 4, scratch);
    if (type == EAE_F64)
        return canonical_f64(bytes, n / 8, scratch);
    return bytes;
}
