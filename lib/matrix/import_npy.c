/*
 * import_npy.c - NumPy .npy, versions 1 to 3: f2 no; f4, f8, i1 .. i8, u1 .. u8 and bool, either
 * byte order, C or Fortran order, one or two dimensions (one: a single feature).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "matrix/import_parts.h"

typedef struct {
    char kind; /* f, i, u */
    int size;
    bool swapped;
    bool fortran;
    int64_t shape[2];
    const unsigned char *data;
} array;

static int bad_header(const eae_text *t, const char *what)
{
    return eae_fail("%s: .npy: %s", t->name, what);
}

/* The text after 'key': in the header dictionary, NULL if it is not there. */
static const char *value_of(const char *header, const char *key)
{
    char *quoted = eae_sprintf("'%s'", key);
    const char *p = strstr(header, quoted);
    p = p ? p + strlen(quoted) : NULL;
    free(quoted);
    if (!p)
        return NULL;
    p += strspn(p, " ");
    if (*p != ':')
        return NULL;
    return p + 1 + strspn(p + 1, " ");
}

static int parse_type(const eae_text *t, const char *p, array *a)
{
    if (!p || (*p != '\'' && *p != '"'))
        return bad_header(t, "no type in its header, or a structured one");
    p++;
    bool order = strchr("<>|=", *p) && *p;
    a->swapped = *p == '>';
    p += order;
    a->kind = *p == 'b' && p[1] == '1' ? 'u' : *p;
    a->size = p[0] && p[1] >= '1' && p[1] <= '9' && (p[2] == '\'' || p[2] == '"') ? p[1] - '0' : 0;
    bool floating = a->kind == 'f' && (a->size == 4 || a->size == 8);
    bool whole = (a->kind == 'i' || a->kind == 'u') &&
                 (a->size == 1 || a->size == 2 || a->size == 4 || a->size == 8);
    return floating || whole ? EAE_OK : bad_header(t, "numbers of f4, f8, i1-i8, u1-u8 are read");
}

static int parse_shape(const eae_text *t, const char *p, array *a)
{
    if (!p || *p != '(')
        return bad_header(t, "no shape in its header");
    p++;
    int dims = 0;
    a->shape[1] = 1;
    while (*p != ')') {
        size_t n = strspn(p, "0123456789");
        if (dims == 2 || n == 0 || !eae_parse_int(p, n, a->shape + dims))
            return bad_header(t, "one or two dimensions are read");
        dims++;
        p += n;
        p += strspn(p, "L ,");
    }
    return dims > 0 ? EAE_OK : bad_header(t, "a single number is not a matrix");
}

static int parse_header(const eae_text *t, array *a)
{
    const unsigned char *p = (const unsigned char *)t->data;
    if (t->length < 12)
        return bad_header(t, "it ends in its header");
    size_t at = p[6] == 1 ? 10 : 12;
    size_t length = p[8] | (size_t)p[9] << 8;
    if (p[6] != 1)
        length |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
    if (p[6] < 1 || p[6] > 3)
        return bad_header(t, "versions 1 to 3 are read");
    if (length > t->length - at)
        return bad_header(t, "it ends in its header");
    char *header = eae_strndup(t->data + at, length);
    const char *order = value_of(header, "fortran_order");
    a->fortran = order && strncmp(order, "True", 4) == 0;
    int status = parse_type(t, value_of(header, "descr"), a);
    if (status == EAE_OK)
        status = parse_shape(t, value_of(header, "shape"), a);
    free(header);
    if (status != EAE_OK)
        return status;
    a->data = p + at + length;
    size_t bytes;
    if (!eae_mul_fits((size_t)a->shape[0], (size_t)a->shape[1], &bytes) ||
        !eae_mul_fits(bytes, (size_t)a->size, &bytes) || bytes != t->length - at - length)
        return bad_header(t, "its size is not that of its shape: cut short or damaged");
    return a->shape[0] > 0 && a->shape[1] > 0 ? EAE_OK : bad_header(t, "no rows, or no columns");
}

static double element(const array *a, int64_t i)
{
    unsigned char b[8] = {0};
    const unsigned char *p = a->data + i * a->size;
    for (int k = 0; k < a->size; k++)
        b[k] = p[a->swapped ? a->size - 1 - k : k];
    uint64_t u;
    memcpy(&u, b, 8);
    if (a->kind == 'f' && a->size == 4) {
        float x;
        memcpy(&x, b, 4);
        return (double)x;
    }
    if (a->kind == 'f') {
        double x;
        memcpy(&x, b, 8);
        return x;
    }
    if (a->kind == 'u')
        return (double)u;
    int shift = 64 - 8 * a->size;
    return (double)((int64_t)(u << shift) >> shift); /* the sign bit is spread */
}

static int fill(const eae_text *t, const array *a, bool transposed, eae_frame *f)
{
    int64_t rows = f->rows.count, cols = f->cols.count;
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            double x = element(a, transposed ? j * rows + i : i * cols + j);
            bool too_large = f->type == EAE_F32 && isinf((float)x);
            if (isinf(x) || too_large)
                return eae_fail("%s: .npy: row %lld, column %lld: %s", t->name, (long long)i + 1,
                                (long long)j + 1,
                                isinf(x) ? "an infinite value" : "too large a number for f32");
            if (f->type == EAE_F32)
                eae_frame_f32(f)[i * cols + j] = (float)x;
            else
                eae_frame_f64(f)[i * cols + j] = x;
        }
    }
    return EAE_OK;
}

int eae_import_npy(const eae_import_job *job, const eae_text *whole, eae_frame **f)
{
    array a = {0};
    int status = parse_header(whole, &a);
    if (status != EAE_OK)
        return status;
    bool by_feature = job->import->by_feature;
    status = eae_frame_new(f, EAE_KIND_DATA, job->import->f64 ? EAE_F64 : EAE_F32,
                           a.shape[by_feature], a.shape[!by_feature]);
    if (status != EAE_OK)
        return status;
    eae_number_names(&(*f)->rows.names, "s", (*f)->rows.count);
    eae_number_names(&(*f)->cols.names, "f", (*f)->cols.count);
    return fill(whole, &a, a.fortran != by_feature, *f);
}
