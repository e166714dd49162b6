/* summary.c - means, corrected intervals, pooled figures and permutation p-values. */
#include "eval/score/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "eval/score/candidate.h"
#include "eval/score/interval.h"

/* ---- groups of candidates ---------------------------------------------------------------- */

static void group_keys(const eae_predictions *p, eae_level level, eae_names *keys)
{
    eae_buffer key = {0};
    for (int c = 0; c < p->candidate_count; c++) {
        int64_t row = p->candidate[c].row;
        key.length = 0;
        if (level == EAE_BY_SPLIT)
            eae_buffer_printf(&key, "%d", c);
        else
            eae_key_add(&key, &p->frame->rows, row, "model");
        if (level != EAE_BY_SPLIT)
            eae_key_add(&key, &p->frame->rows, row, "spec");
        if (level == EAE_BY_SIZE)
            eae_key_add(&key, &p->frame->rows, row, "size");
        if (level == EAE_BY_PARAM)
            eae_key_add(&key, &p->frame->rows, row, "param");
        eae_names_add(keys, key.data, key.length);
    }
    eae_buffer_free(&key);
}

void eae_groups_make(eae_groups *g, const eae_predictions *p, eae_level level)
{
    eae_names keys = {0};
    group_keys(p, level, &keys);
    eae_name_index *index = eae_name_index_new(&keys);
    *g = (eae_groups){0, EAE_NEW_ARRAY(int, p->candidate_count),
                      EAE_NEW_ARRAY(int, p->candidate_count)};
    for (int c = 0; c < p->candidate_count; c++) {
        const char *key = eae_name(&keys, c);
        int first = (int)eae_name_find(index, key, strlen(key));
        if (first == c)
            g->first[g->count++] = c;
        g->of_candidate[c] = first == c ? g->count - 1 : g->of_candidate[first];
    }
    eae_name_index_free(index);
    eae_names_free(&keys);
}

void eae_groups_free(eae_groups *g)
{
    free(g->of_candidate);
    free(g->first);
    *g = (eae_groups){0};
}

/* ---- one group --------------------------------------------------------------------------- */

/* The entries of a group, by perm, then split. */
typedef struct {
    const eae_scores *s;
    const eae_entry **entry;
    int64_t count;
    bool singles; /* every split holds out a single sample */
} members;

static int by_split(const void *pa, const void *pb)
{
    const eae_entry *a = *(const eae_entry *const *)pa, *b = *(const eae_entry *const *)pb;
    if (a->perm != b->perm)
        return a->perm < b->perm ? -1 : 1;
    if (a->split != b->split)
        return a->split < b->split ? -1 : 1;
    return a < b ? -1 : a > b;
}

static members members_of(const eae_scores *s, const eae_groups *g, int group)
{
    const eae_predictions *p = s->p;
    members m = {s, EAE_NEW_ARRAY(const eae_entry *, p->entry_count), 0, true};
    int64_t real = 0;
    for (int64_t i = 0; i < p->entry_count; i++) {
        const eae_entry *e = &p->entry[i];
        if (g->of_candidate[e->candidate] != group)
            continue;
        m.entry[m.count++] = e;
        real += e->perm == 0;
        m.singles = m.singles && e->held <= 1;
    }
    m.singles = m.singles && real > 1;
    qsort(m.entry, (size_t)m.count, sizeof *m.entry, by_split);
    return m;
}

static int64_t perm_end(const members *m, int64_t i)
{
    int64_t perm = m->entry[i]->perm;
    while (i < m->count && m->entry[i]->perm == perm)
        i++;
    return i;
}

static double value_of(const eae_scores *s, const eae_entry *e, int metric)
{
    int64_t i = e - s->p->entry;
    return metric < s->metric_count ? s->value[i * s->metric_count + metric] : s->cut[i];
}

/* The value of one split (the mean over candidates where it is defined), for each split of the
 * members i .. end-1. Returns how many are defined; *ratio: tested to trained samples in these. */
static int64_t split_values(const members *m, int metric, int64_t i, int64_t end, double *value,
                            double *ratio)
{
    int64_t n = 0, tested = 0, trained = 0;
    while (i < end) {
        const eae_entry *e = m->entry[i];
        double sum = 0, defined = 0;
        for (int64_t split = e->split; i < end && m->entry[i]->split == split; i++) {
            double x = value_of(m->s, m->entry[i], metric);
            sum += isnan(x) ? 0 : x;
            defined += !isnan(x);
        }
        if (defined > 0) {
            value[n++] = sum / defined;
            tested += e->held;
            trained += m->s->p->candidate[e->candidate].samples - e->held;
        }
    }
    *ratio = (double)tested / (double)trained;
    return n;
}

static double mean_of(const double *value, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += value[i];
    return sum / (double)n;
}

static double sd_of(const double *value, int64_t n, double mean)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (value[i] - mean) * (value[i] - mean);
    return n > 1 ? sqrt(sum / (double)(n - 1)) : NAN;
}

/* Pooled figure of the members i .. end-1, which have one perm: the mean over candidates of the
 * mean over their repeats. */
static double pooled_of(const members *m, const eae_metric *metric, int64_t i, int64_t end)
{
    const eae_predictions *p = m->s->p;
    double sum = 0, candidates = 0;
    int64_t perm = m->entry[i]->perm;
    /* one member per candidate leads to all its entries, which lie together in p->entry */
    bool *done = EAE_NEW_ARRAY(bool, p->candidate_count);
    for (; i < end; i++) {
        int candidate = m->entry[i]->candidate;
        if (done[candidate])
            continue;
        done[candidate] = true;
        int64_t first = m->entry[i] - p->entry;
        while (first > 0 && p->entry[first - 1].candidate == candidate &&
               p->entry[first - 1].perm == perm)
            first--;
        double repeats = 0, total = 0;
        for (int64_t next; first < p->entry_count && p->entry[first].candidate == candidate &&
                           p->entry[first].perm == perm;
             first = next) {
            next = eae_entry_repeat_end(p, first);
            double x = eae_score_repeat_by(m->s, metric, first, next);
            total += isnan(x) ? 0 : x;
            repeats += !isnan(x);
        }
        if (repeats > 0) {
            sum += total / repeats;
            candidates++;
        }
    }
    free(done);
    return sum / candidates;
}

/* What permutations are compared by. */
static double statistic(const members *m, int metric, int64_t i, int64_t end, double *scratch)
{
    double ratio;
    const eae_metric *by = m->s->metric[metric];
    if (by->test_of)
        return pooled_of(m, eae_metric_find(by->test_of), i, end);
    if (m->singles || by->pooled)
        return pooled_of(m, by, i, end);
    return mean_of(scratch, split_values(m, metric, i, end, scratch, &ratio));
}

/* The real labels are members 0 .. end-1. */
static void permutation_p(const members *m, int metric, int64_t end, double *scratch,
                          eae_summary *out)
{
    const eae_metric *by = m->s->metric[metric];
    bool higher = by->test_of || by->higher_is_better;
    double real = end < m->count ? statistic(m, metric, 0, end, scratch) : NAN;
    double slack = 1e-12 * fmax(1, fabs(real));
    int64_t as_good = 0;
    out->perms = 0;
    for (int64_t i = end; i < m->count; i = end) {
        end = perm_end(m, i);
        double x = statistic(m, metric, i, end, scratch);
        as_good += isnan(x) || (higher ? x >= real - slack : x <= real + slack);
        out->perms++;
    }
    if (out->perms > 0 && !isnan(real))
        out->p = (double)(1 + as_good) / (double)(1 + out->perms);
    if (by->test_of && out->perms > 0)
        out->pooled = out->p;
}

static void summarise_one(const members *m, int metric, eae_summary *out)
{
    double *value = eae_malloc((size_t)m->count, sizeof *value), ratio;
    int64_t end = perm_end(m, 0);
    *out = (eae_summary){
        .mean = NAN, .sd = NAN, .error = NAN, .low = NAN, .high = NAN, .pooled = NAN, .p = NAN};
    out->n = split_values(m, metric, 0, end, value, &ratio);
    bool threshold = metric == m->s->metric_count;
    if ((!m->singles || threshold) && out->n > 0) {
        out->mean = mean_of(value, out->n);
        out->sd = sd_of(value, out->n, out->mean);
        out->error = eae_corrected_error(out->sd, out->n, ratio);
    }
    if (!threshold) {
        eae_interval interval = eae_nadeau_bengio(out->mean, out->sd, out->n, ratio);
        out->low = interval.low;
        out->high = interval.high;
        out->pooled = pooled_of(m, m->s->metric[metric], 0, end);
        permutation_p(m, metric, end, value, out);
    }
    free(value);
}

/* ---- all --------------------------------------------------------------------------------- */

typedef struct {
    const eae_scores *s;
    const eae_groups *g;
    eae_summary *summary;
} context;

static int summarise_group(void *data, int64_t group, int worker)
{
    (void)worker;
    context *c = data;
    members m = members_of(c->s, c->g, (int)group);
    int lines = c->s->metric_count + 1;
    for (int metric = 0; metric < lines; metric++)
        summarise_one(&m, metric, &c->summary[group * lines + metric]);
    free(m.entry);
    return EAE_OK;
}

int eae_summarise(const eae_scores *s, const eae_groups *g, int threads, eae_summary *summary)
{
    context c = {s, g, summary};
    return eae_parallel(threads, g->count, summarise_group, &c);
}

const eae_summary *eae_summary_of(const eae_scores *s, const eae_summary *summary, int group,
                                  int metric)
{
    return &summary[group * (s->metric_count + 1) + metric];
}

double eae_summary_figure(const eae_scores *s, const eae_summary *summary, int group, int metric)
{
    const eae_summary *line = eae_summary_of(s, summary, group, metric);
    return isnan(line->mean) || s->metric[metric]->pooled ? line->pooled : line->mean;
}
