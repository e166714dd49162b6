/* compare.c - see compare.h. */
#include "eval/score/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/threads.h"
#include "eval/score/candidate.h"

/* ---- references -------------------------------------------------------------------------- */

static int find_baseline(const eae_predictions *p, int candidate, int *against)
{
    int only = -1, found = 0;
    for (int c = 0; c < p->candidate_count; c++) {
        if (eae_candidate_size(p, c) != 0)
            continue;
        only = c;
        found++;
        if (eae_candidates_agree(p, c, candidate, "model") &&
            eae_candidates_agree(p, c, candidate, "spec") &&
            eae_candidates_agree(p, c, candidate, "param")) {
            *against = c;
            return EAE_OK;
        }
    }
    *against = only;
    if (found == 1)
        return EAE_OK;
    if (found == 0)
        return eae_fail(
            "--baseline: no candidate of size 0, which has covariates only (eae-train --covariates "
            "COLS --filter variance:0); or name the one that stands for it with --baseline=SPEC");
    char *name = eae_candidate_name(p, candidate);
    int status = eae_fail("--baseline: %d candidates of size 0, and none of the model, spec and "
                          "param of %s; name one with --baseline=SPEC",
                          found, name);
    free(name);
    return status;
}

/* The reference of every candidate: itself where there is nothing to compare it with. */
static int find_references(const eae_predictions *p, const eae_order *order,
                           eae_reference reference, const char *name, int *against)
{
    static const char *const option[] = {"compare", "against", "baseline"};
    int common = order->candidate[0], status = EAE_OK;
    if (p->candidate_count < 2)
        return eae_fail("there is one candidate, and nothing to compare it with");
    if (name)
        status = eae_candidate_find(p, option[reference], name, &common);
    for (int c = 0; c < p->candidate_count && status == EAE_OK; c++) {
        against[c] = common;
        if (reference == EAE_REFERENCE_BASELINE && !name)
            status = eae_candidate_size(p, c) == 0 ? (against[c] = c, EAE_OK)
                                                   : find_baseline(p, c, &against[c]);
    }
    return status;
}

/* ---- the same plan ----------------------------------------------------------------------- */

/* The entries of both candidates for a split that both have. */
typedef struct {
    int64_t a, b;
} pair;

static int differs(const eae_predictions *p, int a, int b, const char *how)
{
    char *name_a = eae_candidate_name(p, a), *name_b = eae_candidate_name(p, b);
    int status = eae_fail("%s and %s cannot be compared: %s", name_a, name_b, how);
    free(name_a);
    free(name_b);
    return status;
}

static bool same_samples(const eae_predictions *p, pair x)
{
    eae_joined a, b;
    eae_join(p, x.a, x.a + 1, &a);
    eae_join(p, x.b, x.b + 1, &b);
    bool same = a.scored.n == b.scored.n &&
                memcmp(a.sample, b.sample, (size_t)a.scored.n * sizeof *a.sample) == 0;
    eae_joined_free(&a);
    eae_joined_free(&b);
    return same;
}

static int by_place(const eae_entry *a, const eae_entry *b)
{
    if (a->repeat != b->repeat)
        return a->repeat < b->repeat ? -1 : 1;
    return a->split < b->split ? -1 : a->split > b->split;
}

/* The splits of one plan that both candidates have; *all: none is missing. The caller frees. */
static int pair_splits(const eae_predictions *p, int a, int b, pair **pairs, int64_t *n, bool *all)
{
    int64_t i, end_a, j, end_b;
    char how[64];
    eae_candidate_entries(p, a, &i, &end_a);
    eae_candidate_entries(p, b, &j, &end_b);
    *pairs = EAE_NEW_ARRAY(pair, end_a - i);
    *n = 0;
    *all = end_a - i == end_b - j;
    if (!eae_candidates_agree(p, a, b, "plan"))
        return differs(p, a, b, "they were trained under different plans");
    while (i < end_a && j < end_b) {
        int order = by_place(&p->entry[i], &p->entry[j]);
        pair x = {i, j};
        i += order <= 0;
        j += order >= 0;
        *all = *all && order == 0;
        if (order != 0)
            continue;
        snprintf(how, sizeof how, "split %" PRId64 " holds out other samples", p->entry[x.a].split);
        if (!same_samples(p, x))
            return differs(p, a, b, how);
        (*pairs)[(*n)++] = x;
    }
    return EAE_OK;
}

/* ---- tests ------------------------------------------------------------------------------- */

typedef struct {
    int metric; /* that of the t test; -1: delong, -2: mcnemar */
    const char *name, *test;
} kind;

enum { DELONG = -1, MCNEMAR = -2 };

typedef struct {
    const eae_scores *s;
    const eae_order *order;
    const int *against;
    kind *kind;
    int kinds;
    eae_comparison *line; /* candidates in order x kinds */
    bool *partial;        /* candidates in order: not all splits of theirs are the reference's */
} context;

static void list_kinds(context *x)
{
    const eae_scores *s = x->s;
    bool calls = false;
    x->kind = EAE_NEW_ARRAY(kind, 2 * s->metric_count + 1);
    for (int m = 0; m < s->metric_count; m++) {
        const eae_metric *metric = s->metric[m];
        if (metric->test_of) /* a p-value */
            continue;
        x->kind[x->kinds++] = (kind){m, metric->name, "t"};
        if (s->p->classes == 2 && strcmp(metric->name, "auc") == 0)
            x->kind[x->kinds++] = (kind){DELONG, metric->name, "delong"};
        calls = calls || metric->thresholded;
    }
    if (calls)
        x->kind[x->kinds++] = (kind){MCNEMAR, "accuracy", "mcnemar"};
}

static eae_paired resampled_t(const eae_scores *s, const pair *pairs, int64_t n, int metric)
{
    const eae_predictions *p = s->p;
    int64_t tested = 0, trained = 0;
    double *a = eae_malloc((size_t)n, sizeof *a), *b = eae_malloc((size_t)n, sizeof *b);
    for (int64_t i = 0; i < n; i++) {
        const eae_entry *e = &p->entry[pairs[i].a];
        a[i] = s->value[pairs[i].a * s->metric_count + metric];
        b[i] = s->value[pairs[i].b * s->metric_count + metric];
        if (!isnan(a[i]) && !isnan(b[i])) {
            tested += e->held;
            trained += p->candidate[e->candidate].samples - e->held;
        }
    }
    eae_paired result = eae_paired_t(a, b, n, (double)tested / (double)trained);
    free(a);
    free(b);
    return result;
}

/* The samples of the first repeat, as a test over samples reads them. */
typedef struct {
    int64_t n;
    double *a, *b;
    bool *positive, *right_a, *right_b;
    bool again; /* a sample is held out several times: values are not one per sample */
} round_one;

/* Is value i called right? That is an accuracy of 1 for the sample alone. */
static bool is_right(const eae_joined *joined, int64_t i, const double *cut)
{
    eae_joined one;
    eae_joined_take(joined, &i, 1, &one);
    double accuracy = eae_score_joined(eae_metric_find("accuracy"), &one, cut);
    eae_joined_free(&one);
    return accuracy == 1;
}

static void add_split(const eae_scores *s, pair at, int test, bool *held, round_one *out)
{
    eae_joined a, b;
    eae_join(s->p, at.a, at.a + 1, &a);
    eae_join(s->p, at.b, at.b + 1, &b);
    for (int64_t i = 0; i < a.scored.n; i++) {
        out->again = out->again || held[a.sample[i]];
        held[a.sample[i]] = true;
        if (test == DELONG) {
            out->a[out->n] = a.value[i];
            out->b[out->n] = b.value[i];
            out->positive[out->n] = a.class[i] == 1;
        } else {
            out->right_a[out->n] = is_right(&a, i, &s->cut[at.a]);
            out->right_b[out->n] = is_right(&b, i, &s->cut[at.b]);
        }
        out->n++;
    }
    eae_joined_free(&a);
    eae_joined_free(&b);
}

static eae_paired over_samples(const eae_scores *s, const pair *pairs, int64_t n, int test)
{
    const eae_predictions *p = s->p;
    size_t cols = (size_t)p->frame->cols.count;
    eae_paired result = {0, NAN, NAN, NAN, NAN, NAN, NAN};
    bool *held = EAE_NEW_ARRAY(bool, 4 * cols);
    double *value = EAE_NEW_ARRAY(double, 2 * cols);
    round_one x = {.a = value,
                   .b = value + cols,
                   .positive = held + cols,
                   .right_a = held + 2 * cols,
                   .right_b = held + 3 * cols};
    for (int64_t i = 0; i < n && !x.again; i++) {
        if (p->entry[pairs[i].a].repeat != p->entry[pairs[0].a].repeat)
            break;
        if (!isnan(s->cut[pairs[i].a]) && !isnan(s->cut[pairs[i].b]))
            add_split(s, pairs[i], test, held, &x);
    }
    if (!x.again && x.n > 0)
        result = test == DELONG ? eae_paired_delong(x.a, x.b, x.positive, x.n)
                                : eae_paired_mcnemar(x.right_a, x.right_b, x.n);
    free(held);
    free(value);
    return result;
}

static int compare_one(void *data, int64_t place, int worker)
{
    (void)worker;
    context *x = data;
    const eae_scores *s = x->s;
    int a = x->order->candidate[place], b = x->against[a];
    bool all = true;
    pair *pairs = NULL;
    int64_t n = 0;
    int status = a == b ? EAE_OK : pair_splits(s->p, a, b, &pairs, &n, &all);
    x->partial[place] = !all;
    for (int k = 0; k < x->kinds && status == EAE_OK; k++) {
        const kind *by = &x->kind[k];
        eae_comparison *line = &x->line[place * x->kinds + k];
        *line = (eae_comparison){a, b, by->name, by->test, {.p = NAN}, NAN};
        if (a != b)
            line->result = by->metric >= 0 ? resampled_t(s, pairs, n, by->metric)
                                           : over_samples(s, pairs, n, by->metric);
    }
    free(pairs);
    return status;
}

/* ---- all --------------------------------------------------------------------------------- */

static void correct(const context *x, int64_t places, int64_t family)
{
    double *p = eae_malloc((size_t)places, sizeof *p);
    double *adjusted = eae_malloc((size_t)places, sizeof *adjusted);
    for (int k = 0; k < x->kinds; k++) {
        for (int64_t i = 0; i < places; i++)
            p[i] = x->line[i * x->kinds + k].result.p;
        eae_holm(p, places, family, adjusted);
        for (int64_t i = 0; i < places; i++)
            x->line[i * x->kinds + k].p_holm = adjusted[i];
    }
    free(p);
    free(adjusted);
}

/* The folds of a cross-validation train on one another's samples. */
static void note_dependence(const context *x)
{
    int64_t first, end;
    eae_candidate_entries(x->s->p, 0, &first, &end);
    bool folds = eae_entry_repeat_end(x->s->p, first) > first + 1, conditional = false;
    for (int k = 0; k < x->kinds; k++)
        conditional = conditional || x->kind[k].metric < 0;
    if (folds && conditional)
        eae_note("delong and mcnemar take the folds of a repeat as independent, which makes their "
                 "p-values too small; the t test allows for it");
}

static void warn_of_missing_splits(const context *x)
{
    int missing = 0;
    for (int i = 0; i < x->order->count; i++)
        missing += x->partial[i];
    if (missing > 0)
        eae_warn("%d of %d candidates have other splits than what they are compared with: only the "
                 "splits that both have count",
                 missing, x->order->count);
}

/* Leave out the lines of references, which are compared with nothing. */
static int64_t drop_references(eae_comparison *line, int64_t n)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (line[i].candidate != line[i].against)
            line[kept++] = line[i];
    }
    return kept;
}

int eae_compare(const eae_scores *s, const eae_order *order, eae_reference reference,
                const char *name, int threads, eae_comparisons *out)
{
    int64_t n = order->count, itself = 0;
    int *against = EAE_NEW_ARRAY(int, n);
    context x = {.s = s, .order = order, .against = against};
    *out = (eae_comparisons){0};
    int status = find_references(s->p, order, reference, name, against);
    if (status == EAE_OK) {
        list_kinds(&x);
        x.line = EAE_NEW_ARRAY(eae_comparison, n * x.kinds);
        x.partial = EAE_NEW_ARRAY(bool, n);
        status = eae_parallel(threads, n, compare_one, &x);
    }
    if (status == EAE_OK) {
        for (int64_t c = 0; c < n; c++)
            itself += against[c] == c;
        /* a reference has no p-value, and leaves the family by itself */
        note_dependence(&x);
        warn_of_missing_splits(&x);
        correct(&x, n, reference == EAE_REFERENCE_BEST ? n * (n - 1) / 2 + itself : n);
        *out = (eae_comparisons){x.line, drop_references(x.line, n * x.kinds)};
        x.line = NULL;
    }
    free(x.line);
    free(x.partial);
    free(x.kind);
    free(against);
    return status;
}

void eae_comparisons_free(eae_comparisons *c)
{
    free(c->line);
    *c = (eae_comparisons){0};
}
