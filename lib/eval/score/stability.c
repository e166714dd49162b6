/* stability.c - see stability.h. */
#include "eval/score/stability.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"

static const double normal_975 = 1.959963984540054;

/* ---- Nogueira's measure ------------------------------------------------------------------ */

/* share[f], 64 features a word: of the sets, how many have it. Returns the sum of p (1 - p). */
static double count_shares(const eae_feature_sets *x, double *share)
{
    double spread = 0, runs = (double)x->runs;
    memset(share, 0, (size_t)x->words * 64 * sizeof *share);
    for (int64_t i = 0; i < x->runs * x->words; i++) {
        for (uint64_t rest = x->bit[i]; rest; rest &= rest - 1)
            share[(i % x->words) * 64 + __builtin_ctzll(rest)]++;
    }
    for (int64_t f = 0; f < x->words * 64; f++) {
        share[f] /= runs;
        spread += share[f] * (1 - share[f]);
    }
    return spread;
}

/* Theorem 7: the spread of the sets' contributions phi_i about their mean, times 4/M. */
static double variance(const eae_feature_sets *x, const double *share, double k, double stability)
{
    double d = (double)x->features, m = (double)x->runs, mean = 0, square = 0;
    double *phi = eae_malloc((size_t)x->runs, sizeof *phi);
    for (int64_t r = 0; r < x->runs; r++) {
        double overlap = 0, size = (double)x->size[r];
        for (int64_t w = 0; w < x->words; w++) {
            for (uint64_t rest = x->bit[r * x->words + w]; rest; rest &= rest - 1)
                overlap += share[w * 64 + __builtin_ctzll(rest)];
        }
        phi[r] = (overlap / d - size * k / (d * d) +
                  stability / 2 * (2 * k * size / (d * d) - size / d - k / d + 1)) /
                 (k / d * (1 - k / d));
        mean += phi[r] / m;
    }
    for (int64_t r = 0; r < x->runs; r++)
        square += (phi[r] - mean) * (phi[r] - mean);
    free(phi);
    return 4 / (m * m) * square;
}

static void measure(const eae_feature_sets *x, eae_stability *out)
{
    double d = (double)x->features, m = (double)x->runs, k = out->features;
    double *share = eae_malloc((size_t)x->words * 64, sizeof *share);
    double spread = count_shares(x, share);
    if (x->runs > 1 && k > 0 && k < d) {
        out->nogueira = 1 - m / (m - 1) * (spread / d) / (k / d * (1 - k / d));
        double half = normal_975 * sqrt(variance(x, share, k, out->nogueira));
        out->low = out->nogueira - half;
        out->high = out->nogueira + half;
    }
    free(share);
}

/* ---- pairs ------------------------------------------------------------------------------- */

static double jaccard(const eae_feature_sets *a, int64_t i, const eae_feature_sets *b, int64_t j)
{
    double common =
        (double)eae_feature_sets_common(a->bit + i * a->words, b->bit + j * b->words, a->words);
    return common / ((double)(a->size[i] + b->size[j]) - common);
}

static double mean_jaccard(const eae_feature_sets *x)
{
    double sum = 0, pairs = 0;
    for (int64_t i = 0; i < x->runs; i++) {
        for (int64_t j = 0; j < i; j++) {
            double value = jaccard(x, i, x, j);
            sum += isnan(value) ? 0 : value;
            pairs += !isnan(value);
        }
    }
    return sum / pairs;
}

/* The features that two sets share, on average over the pairs, are in the shares of the features.
 */
static double kuncheva(const eae_feature_sets *x)
{
    double d = (double)x->features, k = (double)(x->runs ? x->size[0] : 0), m = (double)x->runs;
    for (int64_t r = 1; r < x->runs; r++) {
        if (x->size[r] != x->size[0])
            return NAN;
    }
    if (x->runs < 2 || k == 0 || k == d)
        return NAN;
    double *share = eae_malloc((size_t)x->words * 64, sizeof *share), common = 0;
    count_shares(x, share);
    for (int64_t f = 0; f < x->words * 64; f++)
        common += share[f] * m * (share[f] * m - 1);
    free(share);
    return (common / (m * (m - 1)) * d - k * k) / (k * (d - k));
}

eae_stability eae_stability_of(const eae_feature_sets *sets, bool pairs)
{
    eae_stability out = {sets->runs, 0, NAN, NAN, NAN, NAN, kuncheva(sets)};
    for (int64_t r = 0; r < sets->runs; r++)
        out.features += (double)sets->size[r];
    out.features /= (double)sets->runs;
    measure(sets, &out);
    if (pairs)
        out.jaccard = mean_jaccard(sets);
    return out;
}

double eae_similarity(const eae_feature_sets *a, const eae_feature_sets *b)
{
    double sum = 0, splits = 0;
    for (int64_t i = 0, j = 0; i < a->runs && j < b->runs;) {
        if (a->split[i] != b->split[j]) {
            if (a->split[i] < b->split[j])
                i++;
            else
                j++;
            continue;
        }
        double value = jaccard(a, i++, b, j++);
        sum += isnan(value) ? 0 : value;
        splits += !isnan(value);
    }
    return sum / splits;
}

/* ---- sizes ------------------------------------------------------------------------------- */

/* times[S]: splits in which {rank <= S} has S features, for S up to all columns. */
static void count_visits(const eae_selector *x, int64_t *times)
{
    int64_t columns = x->frame->cols.count;
    int64_t *of_rank = eae_malloc((size_t)columns + 1, sizeof *of_rank);
    for (int64_t run = 0; run < x->runs; run++) {
        int64_t row = x->row[x->begin[run]], left = 0;
        memset(of_rank, 0, ((size_t)columns + 1) * sizeof *of_rank);
        for (int64_t j = 0; j < columns; j++) {
            double rank = eae_frame_value(x->frame, row, j);
            if (x->number[j] >= 0 && rank > 0 && rank <= (double)columns)
                of_rank[(int64_t)ceil(rank)]++;
        }
        for (int64_t s = 1; s <= columns; s++) {
            left += of_rank[s];
            times[s] += of_rank[s] > 0 && left == s;
        }
    }
    free(of_rank);
}

/* The annotation `size` of the first row as a number; NaN if it is none. */
static double size_of(const eae_selector *x)
{
    char number[EAE_NUMBER_TEXT];
    const eae_annot *a = eae_axis_find(&x->frame->rows, "size");
    bool there = a && !eae_annot_is_missing(a, x->row[0]);
    const char *text = there ? eae_annot_print(a, x->row[0], number) : "";
    double size;
    return eae_parse_double(text, strlen(text), &size) ? size : NAN;
}

/* How many features an elimination began with: what a filter left out is only put behind. */
static double start_of(const eae_selector *x)
{
    double size = size_of(x), all = (double)x->features;
    return size < all ? size : all;
}

/* At most `most` of the sizes that two splits have been at, less that of all features. */
static int visited_sizes(const eae_selector *x, int most, double *sizes)
{
    double start = start_of(x);
    int64_t columns = x->frame->cols.count, visited = 0;
    int64_t *times = EAE_NEW_ARRAY(int64_t, columns + 1);
    count_visits(x, times);
    for (int64_t s = 1; s <= columns; s++) {
        if (s < x->features && (double)s <= start && times[s] > 1)
            times[visited++] = s; /* visited < s: what is overwritten was read */
    }
    int n = 0;
    double last = visited > 0 ? log((double)times[visited - 1]) : 0;
    for (int64_t i = 0, at = 0; visited > most && i < most; i++) {
        double target = exp(last * (double)i / (double)(most - 1)) * (1 - 1e-9);
        while (at < visited - 1 && (double)times[at] < target)
            at++;
        if (n == 0 || (double)times[at] > sizes[n - 1])
            sizes[n++] = (double)times[at];
    }
    for (int64_t i = 0; visited <= most && i < visited; i++)
        sizes[n++] = (double)times[i];
    free(times);
    return n;
}

/* ---- all --------------------------------------------------------------------------------- */

enum { MOST_SIZES = 50 };

static void add_line(eae_stability_lines *out, int selector, double size)
{
    out->line = eae_realloc(out->line, (size_t)out->count + 1, sizeof *out->line);
    out->line[out->count++] = (eae_stability_line){.selector = selector, .size = size};
}

static int add_ranks(const eae_selectors *s, int selector, const double *sizes, int n,
                     eae_stability_lines *out)
{
    const eae_selector *x = &s->selector[selector];
    double visited[MOST_SIZES];
    for (int i = 0; i < n; i++) {
        if (sizes[i] > start_of(x))
            return eae_fail("--sizes: %g is more than the %g features that are ranked", sizes[i],
                            start_of(x));
    }
    if (n == 0) {
        n = visited_sizes(x, MOST_SIZES, visited);
        sizes = visited;
    }
    for (int i = 0; i < n; i++)
        add_line(out, selector, sizes[i]);
    return EAE_OK;
}

/* A model's own size, where ranks of the same model have that too, or --sizes does not name it. */
static bool is_left_out(const eae_selectors *s, const eae_selector *x, const double *sizes, int n)
{
    double size = size_of(x);
    bool named = n == 0;
    for (int i = 0; i < n; i++)
        named = named || sizes[i] == size;
    return !named || (!isnan(size) && eae_selectors_find(s, &x->frame->rows, x->row[0], true) >= 0);
}

typedef struct {
    const eae_selectors *s;
    eae_stability_line *line;
} context;

static int measure_line(void *data, int64_t i, int worker)
{
    (void)worker;
    context *c = data;
    eae_stability_line *line = &c->line[i];
    const eae_selector *x = &c->s->selector[line->selector];
    double *size = eae_malloc((size_t)x->runs, sizeof *size);
    for (int64_t r = 0; r < x->runs; r++)
        size[r] = line->size;
    eae_feature_sets sets;
    int status = eae_feature_sets_make(c->s, line->selector, size, &sets);
    free(size);
    if (status != EAE_OK)
        return status;
    line->value = eae_stability_of(&sets, true);
    eae_feature_sets_free(&sets);
    return EAE_OK;
}

int eae_stability_all(const eae_selectors *s, const double *sizes, int n, int threads,
                      eae_stability_lines *out)
{
    *out = (eae_stability_lines){0};
    int status = EAE_OK;
    for (int i = 0; i < s->count && status == EAE_OK; i++) {
        if (s->selector[i].ranks)
            status = add_ranks(s, i, sizes, n, out);
    }
    for (int i = 0; i < s->count && status == EAE_OK; i++) {
        if (!s->selector[i].ranks && !is_left_out(s, &s->selector[i], sizes, n))
            add_line(out, i, NAN);
    }
    if (status == EAE_OK && out->count == 0)
        status =
            eae_fail("no model of a split and no rank to judge the stability of; models of the "
                     "splits are written by eae-train --weights all");
    context c = {s, out->line};
    if (status == EAE_OK)
        status = eae_parallel(threads, out->count, measure_line, &c);
    if (status != EAE_OK)
        eae_stability_lines_free(out);
    return status;
}

void eae_stability_lines_free(eae_stability_lines *lines)
{
    free(lines->line);
    *lines = (eae_stability_lines){0};
}
