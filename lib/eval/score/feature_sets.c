/* feature_sets.c - see feature_sets.h. */
#include "eval/score/feature_sets.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/score/candidate.h"

/* ---- features by name -------------------------------------------------------------------- */

static int number_features(eae_selectors *s, const eae_frame *f, eae_names *all)
{
    if (f->cols.names.count != f->cols.count)
        return eae_fail("a %s frame whose features have no names", eae_kind_name(f->kind));
    for (int64_t j = 0; j < f->cols.count; j++) {
        const char *name = eae_name(&f->cols.names, j);
        eae_names_add(all, name, strlen(name));
    }
    s->number = eae_realloc(s->number, (size_t)s->frames + 1, sizeof *s->number);
    s->number[s->frames++] = eae_malloc((size_t)f->cols.count, sizeof **s->number);
    return EAE_OK;
}

/* From the names of all columns of all frames to numbers of features. */
static void join_features(eae_selectors *s, eae_frame *const *frame, const eae_names *all)
{
    eae_name_index *index = eae_name_index_new(all);
    int64_t *number = eae_malloc((size_t)all->count, sizeof *number), at = 0;
    for (int f = 0; f < s->frames; f++) {
        const eae_annot *role = eae_axis_find(&frame[f]->cols, "role");
        for (int64_t j = 0; j < frame[f]->cols.count; j++, at++) {
            const char *name = eae_name(all, at);
            const char *is = role && role->type == EAE_ANNOT_TEXT ? eae_annot_text(role, j) : NULL;
            int64_t first = eae_name_find(index, name, strlen(name));
            s->number[f][j] = number[at] = -1;
            if (is && strcmp(is, "covariate") == 0)
                continue;
            if (first == at || number[first] < 0) {
                number[first] = s->names.count;
                eae_names_add(&s->names, name, strlen(name));
            }
            s->number[f][j] = number[at] = number[first];
        }
    }
    free(number);
    eae_name_index_free(index);
}

/* ---- selectors --------------------------------------------------------------------------- */

static void make_key(eae_buffer *key, const eae_axis *rows, int64_t row, bool ranks)
{
    static const char *const columns[] = {"model", "spec", "param", "plan", "size"};
    key->length = 0;
    eae_buffer_puts(key, ranks ? "rank\001" : "model\001");
    for (int c = 0; c < (ranks ? 4 : 5); c++)
        eae_key_add(key, rows, row, columns[c]);
}

static int64_t whole(const eae_axis *rows, const char *column, int64_t row, int64_t fallback)
{
    const eae_annot *a = eae_axis_find(rows, column);
    return a && a->type == EAE_ANNOT_I64 && a->i64[row] != EAE_MISSING_I64 ? a->i64[row] : fallback;
}

static bool selects(const eae_selectors *s, const eae_frame *f, int64_t row)
{
    const eae_annot *part = eae_axis_find(&f->rows, "part");
    bool final = whole(&f->rows, "split", row, row + 1) <= 0;
    if (whole(&f->rows, "perm", row, 0) != 0 || (final && s->rows == EAE_SELECTOR_SPLITS) ||
        (!final && s->rows == EAE_SELECTOR_FINAL))
        return false;
    if (f->kind == EAE_KIND_RANK)
        return true;
    const char *is = part ? eae_annot_text(part, row) : NULL;
    return is && (strcmp(is, "weights") == 0 || (s->statistics && strcmp(is, "statistic") == 0));
}

static int64_t features_of(const eae_frame *f, const int64_t *number)
{
    int64_t features = 0;
    for (int64_t j = 0; j < f->cols.count; j++)
        features += number[j] >= 0;
    return features;
}

typedef struct {
    int selector;
    int64_t split, row;
} member;

static int by_selector(const void *pa, const void *pb)
{
    const member *a = pa, *b = pb;
    if (a->selector != b->selector)
        return a->selector < b->selector ? -1 : 1;
    if (a->split != b->split)
        return a->split < b->split ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* The selector of a row, made where it is the first of its key. */
static int selector_of(eae_selectors *s, const eae_frame *f, const int64_t *number, const char *key,
                       int first_of_frame)
{
    for (int i = s->count - 1; i >= first_of_frame; i--) {
        if (strcmp(eae_name(&s->keys, i), key) == 0)
            return i;
    }
    eae_names_add(&s->keys, key, strlen(key));
    s->selector = eae_realloc(s->selector, (size_t)s->count + 1, sizeof *s->selector);
    s->selector[s->count] = (eae_selector){.frame = f,
                                           .number = number,
                                           .ranks = f->kind == EAE_KIND_RANK,
                                           .features = features_of(f, number)};
    return s->count++;
}

/* Sorted members of one selector become its runs. */
static int fill_selector(eae_selector *x, const member *m, int64_t n)
{
    x->split = eae_malloc((size_t)n, sizeof *x->split);
    x->begin = eae_malloc((size_t)n + 1, sizeof *x->begin);
    x->row = eae_malloc((size_t)n, sizeof *x->row);
    const eae_annot *class = eae_axis_find(&x->frame->rows, "class");
    for (int64_t i = 0; i < n; i++) {
        bool again = i > 0 && m[i].split == m[i - 1].split;
        if (again && (!class || eae_annot_is_missing(class, m[i].row)))
            return eae_fail("a %s frame in which split %" PRId64 " is there twice",
                            eae_kind_name(x->frame->kind), m[i].split);
        x->row[i] = m[i].row;
        if (!again) {
            x->split[x->runs] = m[i].split;
            x->begin[x->runs++] = i;
        }
    }
    x->begin[x->runs] = n;
    return EAE_OK;
}

static int list_selectors(eae_selectors *s, const eae_frame *f, const int64_t *number)
{
    member *m = EAE_NEW_ARRAY(member, f->rows.count);
    eae_buffer key = {0};
    int64_t n = 0;
    int first = s->count, status = EAE_OK;
    for (int64_t row = 0; row < f->rows.count; row++) {
        if (!selects(s, f, row))
            continue;
        make_key(&key, &f->rows, row, f->kind == EAE_KIND_RANK);
        m[n++] = (member){selector_of(s, f, number, key.data, first),
                          whole(&f->rows, "split", row, row + 1), row};
    }
    qsort(m, (size_t)n, sizeof *m, by_selector);
    for (int64_t i = 0, end; i < n && status == EAE_OK; i = end) {
        for (end = i; end < n && m[end].selector == m[i].selector;)
            end++;
        status = fill_selector(&s->selector[m[i].selector], m + i, end - i);
    }
    eae_buffer_free(&key);
    free(m);
    return status;
}

int eae_selectors_open(eae_selectors *s, eae_frame *const *frame, int n)
{
    return eae_selectors_open_rows(s, frame, n, EAE_SELECTOR_SPLITS, false);
}

int eae_selectors_open_rows(eae_selectors *s, eae_frame *const *frame, int n,
                            eae_selector_rows rows, bool statistics)
{
    *s = (eae_selectors){.rows = rows, .statistics = statistics};
    eae_names all = {0};
    eae_frame **used = EAE_NEW_ARRAY(eae_frame *, n);
    int status = EAE_OK;
    for (int i = 0; i < n && status == EAE_OK; i++) {
        if (frame[i]->kind != EAE_KIND_RANK && frame[i]->kind != EAE_KIND_MODEL)
            continue;
        used[s->frames] = frame[i];
        status = number_features(s, frame[i], &all);
    }
    if (status == EAE_OK)
        join_features(s, used, &all);
    for (int f = 0; f < s->frames && status == EAE_OK; f++)
        status = list_selectors(s, used[f], s->number[f]);
    eae_names_free(&all);
    free(used);
    if (status != EAE_OK)
        eae_selectors_close(s);
    return status;
}

void eae_selectors_close(eae_selectors *s)
{
    for (int i = 0; i < s->count; i++) {
        free(s->selector[i].split);
        free(s->selector[i].begin);
        free(s->selector[i].row);
    }
    for (int f = 0; f < s->frames; f++)
        free(s->number[f]);
    free(s->selector);
    free(s->number);
    eae_names_free(&s->names);
    eae_names_free(&s->keys);
    *s = (eae_selectors){0};
}

int eae_selectors_find(const eae_selectors *s, const eae_axis *rows, int64_t row, bool ranks)
{
    eae_buffer key = {0};
    int found = -1;
    make_key(&key, rows, row, ranks);
    for (int i = 0; i < s->count && found < 0; i++) {
        if (strcmp(eae_name(&s->keys, i), key.data) == 0)
            found = i;
    }
    eae_buffer_free(&key);
    return found;
}

/* ---- sets -------------------------------------------------------------------------------- */

static bool is_selected(const eae_selector *x, int64_t row, int64_t column, double size)
{
    double value = eae_frame_value(x->frame, row, column);
    return x->ranks ? value > 0 && value <= size : !isnan(value) && value != 0;
}

static void fill_set(const eae_selector *x, int64_t run, double size, uint64_t *bit, int64_t *count)
{
    for (int64_t i = x->begin[run]; i < x->begin[run + 1]; i++) {
        for (int64_t j = 0; j < x->frame->cols.count; j++) {
            if (x->number[j] < 0 || !is_selected(x, x->row[i], j, size))
                continue;
            uint64_t mask = UINT64_C(1) << (x->number[j] & 63), *word = &bit[x->number[j] >> 6];
            *count += !(*word & mask);
            *word |= mask;
        }
    }
}

int eae_feature_sets_make(const eae_selectors *s, int selector, const double *size,
                          eae_feature_sets *sets)
{
    const eae_selector *x = &s->selector[selector];
    *sets = (eae_feature_sets){.features = x->features, .words = (s->names.count + 63) / 64};
    size_t words = (size_t)(x->runs * sets->words);
    sets->bit = eae_try_alloc(words, sizeof *sets->bit, "sets of features");
    if (!sets->bit)
        return EAE_FAIL;
    memset(sets->bit, 0, words * sizeof *sets->bit);
    sets->size = EAE_NEW_ARRAY(int64_t, x->runs);
    sets->split = EAE_NEW_ARRAY(int64_t, x->runs);
    for (int64_t r = 0; r < x->runs; r++) {
        uint64_t *bit = sets->bit + sets->runs * sets->words;
        int64_t count = 0;
        fill_set(x, r, size ? size[r] : NAN, bit, &count);
        if (x->ranks && (double)count != size[r]) {
            memset(bit, 0, (size_t)sets->words * sizeof *bit);
            continue;
        }
        sets->size[sets->runs] = count;
        sets->split[sets->runs++] = x->split[r];
    }
    return EAE_OK;
}

void eae_feature_sets_free(eae_feature_sets *sets)
{
    free(sets->bit);
    free(sets->size);
    free(sets->split);
    *sets = (eae_feature_sets){0};
}

int64_t eae_feature_sets_common(const uint64_t *a, const uint64_t *b, int64_t words)
{
    int64_t common = 0;
    for (int64_t w = 0; w < words; w++)
        common += __builtin_popcountll(a[w] & b[w]);
    return common;
}
