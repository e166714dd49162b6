/* compare.c - see compare.h. */
#include "eval/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/threads.h"
#include "eval/candidate.h"

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
            "--baseline: no candidate of size 0, which has covariates only; name the one "
            "that stands for it with --baseline=SPEC");
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

static int differs(const eae_predictions *p, int a, int b, const char *how)
{
    char *name_a = eae_candidate_name(p, a), *name_b = eae_candidate_name(p, b);
    int status = eae_fail("%s and %s cannot be compared: %s", name_a, name_b, how);
    free(name_a);
    free(name_b);
    return status;
}

static bool same_samples(const eae_predictions *p, int64_t a, int64_t b)
{
    eae_joined x, y;
    eae_join(p, a, a + 1, &x);
    eae_join(p, b, b + 1, &y);
    bool same = x.scored.n == y.scored.n &&
                memcmp(x.sample, y.sample, (size_t)x.scored.n * sizeof *x.sample) == 0;
    eae_joined_free(&x);
    eae_joined_free(&y);
    return same;
}

static int check_plan(const eae_predictions *p, int a, int b)
{
    int64_t first_a, end_a, first_b, end_b;
    char how[64];
    if (!eae_candidates_agree(p, a, b, "plan"))
        return differs(p, a, b, "they were trained under different plans");
    eae_candidate_entries(p, a, &first_a, &end_a);
    eae_candidate_entries(p, b, &first_b, &end_b);
    for (int64_t i = first_a, j = first_b; i < end_a || j < end_b; i++, j++) {
        const eae_entry *x = &p->entry[i < end_a ? i : j], *y = &p->entry[j < end_b ? j : i];
        bool same = i < end_a && j < end_b && x->split == y->split && x->repeat == y->repeat;
        snprintf(how, sizeof how, "split %" PRId64 " is not there for both",
                 x->split < y->split ? x->split : y->split);
        if (!same)
            return differs(p, a, b, how);
        snprintf(how, sizeof how, "split %" PRId64 " holds out other samples", x->split);
        if (!same_samples(p, i, j))
            return differs(p, a, b, how);
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

static eae_paired resampled_t(const eae_scores *s, int a, int b, int metric)
{
    const eae_predictions *p = s->p;
    int64_t first_a, end_a, first_b, end_b, tested = 0, trained = 0;
    eae_candidate_entries(p, a, &first_a, &end_a);
    eae_candidate_entries(p, b, &first_b, &end_b);
    int64_t n = end_a - first_a;
    double *x = eae_malloc((size_t)n, sizeof *x), *y = eae_malloc((size_t)n, sizeof *y);
    for (int64_t i = 0; i < n; i++) {
        x[i] = s->value[(first_a + i) * s->metric_count + metric];
        y[i] = s->value[(first_b + i) * s->metric_count + metric];
        if (!isnan(x[i]) && !isnan(y[i])) {
            tested += p->entry[first_a + i].held;
            trained += p->candidate[a].samples - p->entry[first_a + i].held;
        }
    }
    eae_paired result = eae_paired_t(x, y, n, (double)tested / (double)trained);
    free(x);
    free(y);
    return result;
}

/* The values of the first repeat. */
static void join_first_repeat(const eae_scores *s, int candidate, eae_joined *joined,
                              int64_t *first)
{
    int64_t end;
    eae_candidate_entries(s->p, candidate, first, &end);
    eae_join(s->p, *first, eae_entry_repeat_end(s->p, *first), joined);
}

/* Is a sample held out several times? Then values are not one per sample. */
static bool repeats_samples(const eae_predictions *p, const eae_joined *joined)
{
    bool *held = EAE_NEW_ARRAY(bool, p->frame->cols.count), again = false;
    for (int64_t i = 0; i < joined->scored.n; i++) {
        again = again || held[joined->sample[i]];
        held[joined->sample[i]] = true;
    }
    free(held);
    return again;
}

/* Which samples are called right: that is an accuracy of 1 for the sample alone. */
static bool *right_calls(const eae_joined *joined, const double *cut)
{
    const eae_metric *accuracy = eae_metric_find("accuracy");
    bool *right = EAE_NEW_ARRAY(bool, joined->scored.n);
    for (int64_t i = 0; i < joined->scored.n; i++) {
        eae_joined one;
        eae_joined_take(joined, &i, 1, &one);
        right[i] = eae_score_joined(accuracy, &one, cut) == 1;
        eae_joined_free(&one);
    }
    return right;
}

static eae_paired over_samples(const eae_scores *s, int a, int b, int test)
{
    int64_t first_a, first_b;
    eae_joined x, y;
    eae_paired result = {0, NAN, NAN, NAN, NAN, NAN, NAN};
    join_first_repeat(s, a, &x, &first_a);
    join_first_repeat(s, b, &y, &first_b);
    int64_t n = x.scored.n;
    if (repeats_samples(s->p, &x)) {
        /* nothing is known of how the values of one sample hang together */
    } else if (test == DELONG) {
        bool *positive = EAE_NEW_ARRAY(bool, n);
        for (int64_t i = 0; i < n; i++)
            positive[i] = x.class[i] == 1;
        result = eae_paired_delong(x.value, y.value, positive, n);
        free(positive);
    } else {
        bool *right_a = right_calls(&x, s->cut + first_a);
        bool *right_b = right_calls(&y, s->cut + first_b);
        result = eae_paired_mcnemar(right_a, right_b, n);
        free(right_a);
        free(right_b);
    }
    eae_joined_free(&x);
    eae_joined_free(&y);
    return result;
}

static int compare_one(void *data, int64_t place, int worker)
{
    (void)worker;
    context *x = data;
    int a = x->order->candidate[place], b = x->against[a];
    int status = a == b ? EAE_OK : check_plan(x->s->p, a, b);
    for (int k = 0; k < x->kinds && status == EAE_OK; k++) {
        const kind *by = &x->kind[k];
        eae_comparison *line = &x->line[place * x->kinds + k];
        *line = (eae_comparison){a, b, by->name, by->test, {.p = NAN}, NAN};
        if (a != b)
            line->result = by->metric >= 0 ? resampled_t(x->s, a, b, by->metric)
                                           : over_samples(x->s, a, b, by->metric);
    }
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
        status = eae_parallel(threads, n, compare_one, &x);
    }
    if (status == EAE_OK) {
        for (int64_t c = 0; c < n; c++)
            itself += against[c] == c;
        /* a reference has no p-value, and leaves the family by itself */
        note_dependence(&x);
        correct(&x, n, reference == EAE_REFERENCE_BEST ? n * (n - 1) / 2 + itself : n);
        *out = (eae_comparisons){x.line, drop_references(x.line, n * x.kinds)};
        x.line = NULL;
    }
    free(x.line);
    free(x.kind);
    free(against);
    return status;
}

void eae_comparisons_free(eae_comparisons *c)
{
    free(c->line);
    *c = (eae_comparisons){0};
}
