/* gsea.c - see gsea.h. */
#include "eval/enrich/gsea.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "eval/enrich/gsea_parts.h"
#include "eval/score/ranking.h"
#include "model/distribution.h"

enum { ENOUGH = 20, COMMON = 4 };

/* All sets of one size. */
typedef struct {
    int64_t size;
    int64_t begin, end;   /* in study.by_size */
    double mean[2];       /* of the random scores of each sign (0: > 0), as a positive number */
    int64_t with_sign[2]; /* of the random sets */
} size_class;

typedef struct {
    const eae_gsea_input *input;
    const eae_gsea_options *options;
    eae_gsea *out;
    int64_t *position; /* of each gene */
    double *exact;     /* |statistic| by position, scaled by a power of two */
    double *weight[2]; /* whole numbers by position, from the top and from the end */
    double *below[2];  /* sums of them before each position, then of all */
    double *score;     /* of each set, as random sets are scored */
    int64_t *by_size;  /* sets that have a score, by size, then as they came */
    size_class *sizes;
    int64_t size_count;
    double *random; /* size_count x draws */
} study;

eae_gsea_options eae_gsea_defaults(void)
{
    return (eae_gsea_options){.eps = 1e-50, .samples = 101, .draws = 4000, .seed = 1, .threads = 1};
}

/* ---- what comes in ------------------------------------------------------------------------- */

static int check(const eae_gsea_input *in, const eae_gsea_options *o)
{
    if (in->genes >= INT32_MAX)
        return eae_fail("%lld genes are too many to rank", (long long)in->genes);
    if (!(o->eps >= 0 && o->eps <= 1) || o->samples < 3 || o->draws < 100 || o->threads < 1 ||
        o->samples > INT32_MAX || o->draws > INT32_MAX)
        return eae_fail("options of the enrichment test are out of range");
    for (int64_t g = 0; g < in->genes; g++) {
        if (!isfinite(in->statistic[g]))
            return eae_fail("the statistic of gene %lld is not finite", (long long)g + 1);
    }
    return EAE_OK;
}

/* Each member is a gene, once. */
static int check_sets(const eae_gsea_input *in)
{
    int64_t *seen = eae_malloc((size_t)in->genes, sizeof *seen);
    int status = EAE_OK;
    for (int64_t g = 0; g < in->genes; g++)
        seen[g] = -1;
    for (int64_t i = 0; i < in->sets && status == EAE_OK; i++) {
        for (int64_t j = in->begin[i]; j < in->begin[i + 1] && status == EAE_OK; j++) {
            int64_t g = in->member[j];
            if (g < 0 || g >= in->genes)
                status = eae_fail("set %lld has a member that is no gene", (long long)i + 1);
            else if (seen[g] == i)
                status =
                    eae_fail("set %lld has gene %lld twice", (long long)i + 1, (long long)g + 1);
            else
                seen[g] = i;
        }
    }
    free(seen);
    return status;
}

/* Positions and weights. */
static void rank_genes(study *s)
{
    const eae_gsea_input *in = s->input;
    int64_t n = in->genes, *order = eae_malloc((size_t)n, sizeof *order);
    double *minus = eae_malloc((size_t)n, sizeof *minus), largest = 0, sum = 0;
    int exponent = 0, scale = 0;
    for (int64_t g = 0; g < n; g++) {
        minus[g] = -in->statistic[g];
        largest = fabs(minus[g]) > largest ? fabs(minus[g]) : largest;
    }
    eae_sort_order(minus, n, order);
    frexp(largest, &exponent);
    for (int64_t p = 0; p < n; p++) {
        s->position[order[p]] = p;
        s->exact[p] = ldexp(fabs(minus[order[p]]), -exponent);
        sum += s->exact[p];
    }
    frexp(sum, &scale);
    for (int64_t p = 0; p < n; p++) {
        double w = rint(ldexp(s->exact[p], 52 - scale));
        s->weight[0][p] = w;
        s->weight[1][n - 1 - p] = w;
    }
    for (int end = 0; end < 2; end++) {
        s->below[end][0] = 0;
        for (int64_t p = 0; p < n; p++)
            s->below[end][p + 1] = s->below[end][p] + s->weight[end][p];
    }
    free(minus);
    free(order);
}

/* ---- the sets ------------------------------------------------------------------------------ */

/* The running sum of one set, whose members are positions in order. */
typedef struct {
    double up, down;
    int64_t peak, trough; /* members: the last before the peak, the first after the trough */
} walk;

static walk walk_set(const double *weight, const int64_t *position, int64_t k, int64_t genes)
{
    walk w = {-1, -1, 0, 0};
    double all = 0, sum = 0, per_miss = 1 / (double)(genes - k);
    for (int64_t i = 0; i < k; i++)
        all += weight[position[i]];
    bool equal = !(all > 0);
    for (int64_t i = 0; i < k; i++) {
        double before = equal ? (double)i / (double)k : sum / all;
        double misses = (double)(position[i] - i) * per_miss;
        sum += weight[position[i]];
        double after = equal ? (double)(i + 1) / (double)k : sum / all;
        if (misses - before > w.down) {
            w.down = misses - before;
            w.trough = i;
        }
        if (after - misses > w.up) {
            w.up = after - misses;
            w.peak = i;
        }
    }
    return w;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int score_set(void *data, int64_t i, int worker)
{
    (void)worker;
    study *s = data;
    const eae_gsea_input *in = s->input;
    int64_t k = in->begin[i + 1] - in->begin[i], *ranked = s->out->ranked + in->begin[i];
    eae_gsea_line *line = &s->out->line[i];
    *line = (eae_gsea_line){k, NAN, NAN, NAN, NAN, in->begin[i], in->begin[i]};
    for (int64_t j = 0; j < k; j++)
        ranked[j] = s->position[in->member[in->begin[i] + j]];
    qsort(ranked, (size_t)k, sizeof *ranked, by_number);
    s->score[i] = NAN;
    if (k == 0 || k == in->genes)
        return EAE_OK;
    walk rounded = walk_set(s->weight[0], ranked, k, in->genes);
    walk exact = walk_set(s->exact, ranked, k, in->genes);
    s->score[i] = eae_gsea_signed((eae_gsea_score){rounded.up, rounded.down});
    line->es = s->score[i] > 0 ? exact.up : s->score[i] < 0 ? -exact.down : 0;
    if (s->score[i] > 0)
        line->edge_end += exact.peak + 1;
    if (s->score[i] < 0) {
        line->edge_begin += exact.trough;
        line->edge_end += k;
    }
    return EAE_OK;
}

/* ranked[] from positions to genes. */
static void name_ranked(study *s)
{
    int64_t n = s->input->genes, *gene = eae_malloc((size_t)n, sizeof *gene);
    for (int64_t g = 0; g < n; g++)
        gene[s->position[g]] = g;
    for (int64_t j = s->input->begin[0]; j < s->input->begin[s->input->sets]; j++)
        s->out->ranked[j] = gene[s->out->ranked[j]];
    free(gene);
}

typedef struct {
    int64_t size, set;
} sized;

static int by_size(const void *a, const void *b)
{
    const sized *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return (x->set > y->set) - (x->set < y->set);
}

/* Sets that have a score, by size. */
static void gather_sizes(study *s)
{
    int64_t count = 0;
    sized *all = eae_malloc((size_t)s->input->sets, sizeof *all);
    for (int64_t i = 0; i < s->input->sets; i++) {
        if (!isnan(s->score[i]))
            all[count++] = (sized){s->out->line[i].size, i};
    }
    qsort(all, (size_t)count, sizeof *all, by_size);
    for (int64_t j = 0; j < count; j++) {
        s->by_size[j] = all[j].set;
        if (j == 0 || all[j].size != all[j - 1].size)
            s->sizes[s->size_count++] = (size_class){.size = all[j].size, .begin = j};
        s->sizes[s->size_count - 1].end = j + 1;
    }
    free(all);
}

/* ---- p-values ------------------------------------------------------------------------------ */

static double log_choose(int64_t n, int64_t k)
{
    return eae_log_gamma((double)n + 1) - eae_log_gamma((double)k + 1) -
           eae_log_gamma((double)(n - k) + 1);
}

/* The smallest p there is for sets of a size: one set in all, or what was asked for. */
static double log_least(const study *s, int64_t size)
{
    double one = -log_choose(s->input->genes, size);
    double eps = s->options->eps > DBL_MIN ? log(s->options->eps) : log(DBL_MIN);
    return one > eps ? one : eps;
}

static void summarise_random(const study *s, int64_t index, size_class *c)
{
    const double *value = s->random + index * s->options->draws;
    for (int64_t b = 0; b < s->options->draws; b++) {
        if (value[b] != 0) {
            c->mean[value[b] < 0] += fabs(value[b]);
            c->with_sign[value[b] < 0]++;
        }
    }
    c->mean[0] /= (double)c->with_sign[0];
    c->mean[1] /= (double)c->with_sign[1];
}

/* Then few of the sets of a level have the sign, and levels are counted up to where all have. */
static bool is_rare(const study *s, const size_class *c, int sign)
{
    return COMMON * c->with_sign[sign] < s->options->draws;
}

/* By counting; false where too few random sets are as extreme. */
static bool count_extreme(const study *s, int64_t index, const size_class *c, int64_t set)
{
    const double *value = s->random + index * s->options->draws;
    double score = s->score[set];
    int64_t extreme = 0, sign = score < 0;
    for (int64_t b = 0; b < s->options->draws; b++) {
        extreme += sign ? value[b] <= score + EAE_GSEA_EQUAL && value[b] < 0
                        : value[b] >= score - EAE_GSEA_EQUAL && value[b] > 0;
    }
    if (extreme < ENOUGH)
        return false;
    double all = (double)c->with_sign[sign] + 1, some = (double)extreme + 1;
    eae_gsea_line *line = &s->out->line[set];
    line->p = some / all;
    line->log2err = sqrt(eae_trigamma(some) - eae_trigamma(all)) / M_LN2;
    return true;
}

typedef struct {
    double score;
    int64_t set;
} pending;

static int by_score(const void *a, const void *b)
{
    const pending *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return (x->set > y->set) - (x->set < y->set);
}

/* The p-value of a set from its tail among those with the sign. */
static void take_tail(const study *s, const size_class *c, int64_t set, double log_p,
                      double variance)
{
    double least = log_least(s, c->size);
    eae_gsea_line *line = &s->out->line[set];
    if (log_p < least) {
        log_p = least;
        variance = NAN;
    }
    line->p = log_p >= 0 ? 1 : exp(log_p);
    line->log2err = sqrt(variance) / M_LN2;
}

/* One sign of one size, by levels up to the most extreme set. */
static int climb(study *s, const size_class *c, int sign, pending *wait, int64_t count)
{
    eae_gsea_ranking ranking = {s->input->genes, s->weight[sign], s->below[sign]};
    eae_gsea_random random;
    double draws = (double)s->options->draws, with = (double)c->with_sign[sign];
    bool rare = is_rare(s, c, sign);
    eae_gsea_share share = {log(with / draws), 1 / with - 1 / draws, c->mean[sign]};
    double floor = log_least(s, c->size) + (rare ? 0 : share.log_share);
    eae_gsea_tail *tail = eae_malloc((size_t)count, sizeof *tail);
    qsort(wait, (size_t)count, sizeof *wait, by_score);
    for (int64_t i = 0; i < count; i++)
        tail[i] = (eae_gsea_tail){wait[i].score, 0, 0};
    uint64_t index = 1ULL << 63 | (uint64_t)sign << 62 | (uint64_t)c->size;
    eae_gsea_random_start(&random, s->options->seed, index);
    int status = eae_gsea_multilevel(&ranking, c->size, floor, s->options->samples, &random,
                                     rare ? &share : NULL, tail, count);
    for (int64_t i = 0; i < count && status == EAE_OK; i++) {
        s->out->line[wait[i].set].nes = s->out->line[wait[i].set].es / share.mean;
        if (rare)
            take_tail(s, c, wait[i].set, tail[i].log_p, tail[i].variance);
        else
            take_tail(s, c, wait[i].set, tail[i].log_p - share.log_share,
                      tail[i].variance + share.variance);
    }
    free(tail);
    return status;
}

/* One task: a sign of a size, the largest sizes, which take longest, first. */
static int test_size(void *data, int64_t task, int worker)
{
    (void)worker;
    study *s = data;
    int64_t index = s->size_count - 1 - task / 2, count = 0;
    int sign = (int)(task % 2), status = EAE_OK;
    size_class c = s->sizes[index];
    summarise_random(s, index, &c);
    pending *wait = eae_malloc((size_t)(c.end - c.begin), sizeof *wait);
    for (int64_t j = c.begin; j < c.end; j++) {
        int64_t set = s->by_size[j];
        eae_gsea_line *line = &s->out->line[set];
        if (s->score[set] == 0 && sign == 0) {
            line->p = 1;
            line->nes = line->log2err = 0;
        }
        if (s->score[set] == 0 || (s->score[set] < 0) != sign)
            continue;
        line->nes = line->es / c.mean[sign];
        if (!count_extreme(s, index, &c, set))
            wait[count++] = (pending){fabs(s->score[set]), set};
    }
    if (count > 0)
        status = climb(s, &c, sign, wait, count);
    free(wait);
    return status;
}

/* ---- all ----------------------------------------------------------------------------------- */

static int run(study *s)
{
    const eae_gsea_options *o = s->options;
    rank_genes(s);
    int status = eae_parallel(o->threads, s->input->sets, score_set, s);
    if (status != EAE_OK)
        return status;
    name_ranked(s);
    gather_sizes(s);
    int64_t *size = eae_malloc((size_t)s->size_count, sizeof *size);
    for (int64_t i = 0; i < s->size_count; i++)
        size[i] = s->sizes[i].size;
    s->random = eae_try_alloc((size_t)s->size_count * (size_t)o->draws, sizeof *s->random,
                              "scores of random gene sets");
    eae_gsea_ranking ranking = {s->input->genes, s->weight[0], s->below[0]};
    status = s->random ? eae_gsea_random_scores(&ranking, size, s->size_count, o->draws, o->seed,
                                                o->threads, s->random)
                       : EAE_FAIL;
    free(size);
    return status == EAE_OK ? eae_parallel(o->threads, 2 * s->size_count, test_size, s) : status;
}

int eae_gsea_run(const eae_gsea_input *input, const eae_gsea_options *options, eae_gsea *out)
{
    *out = (eae_gsea){0};
    int status = check(input, options);
    if (status == EAE_OK)
        status = check_sets(input);
    if (status != EAE_OK)
        return status;
    size_t n = (size_t)input->genes, sets = (size_t)input->sets;
    study s = {.input = input, .options = options, .out = out};
    s.position = eae_malloc(n, sizeof *s.position);
    s.exact = eae_malloc(n, sizeof *s.exact);
    for (int end = 0; end < 2; end++) {
        s.weight[end] = eae_malloc(n, sizeof *s.weight[end]);
        s.below[end] = eae_malloc(n + 1, sizeof *s.below[end]);
    }
    s.score = eae_malloc(sets, sizeof *s.score);
    s.by_size = eae_malloc(sets, sizeof *s.by_size);
    s.sizes = eae_malloc(sets, sizeof *s.sizes);
    out->line = eae_malloc(sets, sizeof *out->line);
    out->ranked = eae_malloc((size_t)input->begin[sets], sizeof *out->ranked);
    status = run(&s);
    free(s.position);
    free(s.exact);
    for (int end = 0; end < 2; end++) {
        free(s.weight[end]);
        free(s.below[end]);
    }
    free(s.score);
    free(s.by_size);
    free(s.sizes);
    free(s.random);
    if (status != EAE_OK)
        eae_gsea_free(out);
    return status;
}

void eae_gsea_free(eae_gsea *g)
{
    free(g->line);
    free(g->ranked);
    *g = (eae_gsea){0};
}
