/* signature_rows.c - see signature_rows.h. */
#include "eval/enrich/signature_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"

/* ---- which rows -------------------------------------------------------------------------- */

static bool is_text(const eae_selector *x, int64_t run, const char *column, const char *text)
{
    const eae_annot *a = eae_axis_find(&x->frame->rows, column);
    const char *have =
        a && a->type == EAE_ANNOT_TEXT ? eae_annot_text(a, x->row[x->begin[run]]) : NULL;
    return have && strcmp(have, text) == 0;
}

/* The size that was chosen in a row of ranks; 0: none. */
static int64_t chosen_size(const eae_selector *x, int64_t run)
{
    const eae_annot *a = eae_axis_find(&x->frame->rows, "chosen");
    const char *text = a ? eae_annot_text(a, x->row[x->begin[run]]) : NULL;
    int64_t size = 0;
    return text && eae_parse_int(text, strlen(text), &size) && size > 0 ? size : 0;
}

static bool is_final(const eae_selector *x, int64_t run)
{
    return x->split[run] <= 0;
}

/* Does the run select something by the rule? */
static bool fits(const eae_signature_rows *r, const eae_selector *x, int64_t run)
{
    if (x->ranks != r->ranks)
        return false;
    return !(x->ranks && r->rule.kind == EAE_GENES_DEFAULT) || chosen_size(x, run) > 0;
}

static bool any_kind(const eae_signature_rows *r, bool ranks)
{
    for (int i = 0; i < r->selectors->count; i++) {
        if (r->selectors->selector[i].ranks == ranks)
            return true;
    }
    return false;
}

static int choose_kind(eae_signature_rows *r)
{
    if (r->rule.kind == EAE_GENES_SIGNED && !any_kind(r, false))
        return eae_fail("--method gsea needs a signed ranking of all features: ranks of an "
                        "elimination have no sign");
    bool models = any_kind(r, false), ranks = any_kind(r, true);
    r->ranks = r->rule.kind == EAE_GENES_RANK ||
               (!models && r->rule.kind != EAE_GENES_NONZERO && r->rule.kind != EAE_GENES_SIGNED);
    if (r->rule.kind == EAE_GENES_RANK && !ranks)
        return eae_fail("--genes rank:%lld needs the rank frame of eae-rfe; top:K takes the genes "
                        "of the largest weights",
                        (long long)r->rule.number);
    if (r->rule.kind == EAE_GENES_NONZERO && !models)
        return eae_fail("--genes nonzero needs models; of ranks, rank:K takes the last K to go");
    return EAE_OK;
}

static void add_source(eae_signature_rows *r, int selector, int64_t run)
{
    r->source = eae_realloc(r->source, (size_t)r->count + 1, sizeof *r->source);
    r->source[r->count++] = (eae_signature_source){selector, run};
}

/* Where models of a chosen size are among those of the splits, the others are there to compare. */
static bool any_selected(const eae_signature_rows *r)
{
    for (int i = 0; i < r->selectors->count; i++) {
        const eae_selector *x = &r->selectors->selector[i];
        if (x->ranks == r->ranks && x->runs > 0 && is_text(x, 0, "size", "selected"))
            return true;
    }
    return false;
}

static void choose_rows(eae_signature_rows *r)
{
    const eae_selectors *s = r->selectors;
    for (int i = 0; i < s->count; i++) {
        const eae_selector *x = &s->selector[i];
        for (int64_t run = 0; run < x->runs; run++) {
            if ((r->rule.each || is_final(x, run)) && fits(r, x, run))
                add_source(r, i, run);
        }
    }
    if (r->rule.kind == EAE_GENES_SIGNED)
        return;
    bool selected = r->count == 0 && any_selected(r);
    for (int i = 0; i < s->count && (r->count == 0 || r->source[0].run < 0); i++) {
        const eae_selector *x = &s->selector[i];
        bool fit = false;
        for (int64_t run = 0; run < x->runs; run++)
            fit = fit || fits(r, x, run);
        if (fit && (!selected || is_text(x, 0, "size", "selected")))
            add_source(r, i, -1);
    }
}

/* Statistics of single features are never all but 0: everything would be selected. */
static int check_tests(const eae_signature_rows *r)
{
    for (int64_t k = 0; k < r->count; k++) {
        const eae_selector *x = &r->selectors->selector[r->source[k].selector];
        if (is_text(x, 0, "part", "statistic") && r->rule.kind != EAE_GENES_TOP &&
            r->rule.kind != EAE_GENES_SIGNED)
            return eae_fail("a test gives a statistic to every feature: say how many with --genes "
                            "top:K");
    }
    return EAE_OK;
}

int eae_signature_rows_choose(eae_signature_rows *rows, const eae_selectors *s,
                              const eae_genes_rule *rule)
{
    *rows = (eae_signature_rows){.selectors = s, .rule = *rule};
    rows->background = EAE_NEW_ARRAY(int, s->count);
    int status = choose_kind(rows);
    if (status == EAE_OK)
        choose_rows(rows);
    if (status == EAE_OK && rows->count == 0 && rule->kind == EAE_GENES_SIGNED)
        status = eae_fail("no final model to rank by: train with --final, or rank by each split "
                          "with --each");
    if (status == EAE_OK && rows->count == 0)
        status = eae_fail(any_kind(rows, true)
                              ? "no size was chosen in the ranks (eae-rfe --select): say which "
                                "features with --genes rank:K or top:K"
                              : "no weights of a model under the real labels");
    return status == EAE_OK ? check_tests(rows) : status;
}

void eae_signature_rows_free(eae_signature_rows *rows)
{
    free(rows->source);
    free(rows->background);
    *rows = (eae_signature_rows){0};
}

bool eae_signature_uses(const eae_signature_rows *rows, int selector)
{
    for (int64_t k = 0; k < rows->count; k++) {
        if (rows->source[k].selector == selector)
            return true;
    }
    return false;
}

/* ---- what they select -------------------------------------------------------------------- */

typedef struct {
    double strength; /* larger is better; NaN: not in the model */
    int64_t column;
} ranked;

/* Of a worker. */
typedef struct {
    ranked *feature;
    int64_t *chosen; /* columns that are selected, best first for top:K */
    int64_t count;
    int64_t *stamp; /* per gene */
    int64_t *times; /* per column or gene: splits that select it */
    int64_t clock;
} scratch;

typedef struct {
    const eae_signature_rows *rows;
    const eae_background *background;
    int64_t genes, from;
    scratch *scratch;
    eae_signature *item;
} work;

static int by_strength(const void *pa, const void *pb)
{
    const ranked *a = pa, *b = pb;
    if (a->strength != b->strength)
        return a->strength > b->strength ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

/* The features with a weight or a rank, and how strong. */
static int64_t weigh(const eae_selector *x, int64_t run, ranked *feature)
{
    int64_t n = 0;
    for (int64_t j = 0; j < x->frame->cols.count; j++) {
        double strength = 0;
        bool there = false;
        for (int64_t i = x->begin[run]; i < x->begin[run + 1] && x->number[j] >= 0; i++) {
            double v = eae_frame_value(x->frame, x->row[i], j);
            if (isnan(v) || v == 0)
                continue;
            there = true;
            strength += x->ranks ? -v : v * v;
        }
        if (there)
            feature[n++] = (ranked){strength, j};
    }
    return n;
}

/* Exchanges features so that the best k of n stand first, in any order (Hoare 1961). */
static void best_first(ranked *x, int64_t n, int64_t k)
{
    for (int64_t low = 0, high = n - 1; low < high;) {
        ranked pivot = x[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (by_strength(&x[i], &pivot) < 0)
                i++;
            while (by_strength(&pivot, &x[j]) < 0)
                j--;
            if (i <= j) {
                ranked t = x[i];
                x[i++] = x[j];
                x[j--] = t;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            return;
    }
}

/* The features of the `most` best genes among the best n of `all`. */
static void select_genes(scratch *x, int64_t n, int64_t all, int64_t most, const int64_t *gene)
{
    if (n < all)
        best_first(x->feature, all, n);
    qsort(x->feature, (size_t)n, sizeof *x->feature, by_strength);
    x->clock++;
    x->count = 0;
    for (int64_t i = 0; i < n && x->count < most; i++) {
        int64_t g = gene[x->feature[i].column];
        if (g < 0 || x->stamp[g] == x->clock)
            continue;
        x->stamp[g] = x->clock;
        x->chosen[x->count++] = x->feature[i].column;
    }
}

/* The columns that a run selects. */
static void select_columns(const work *w, scratch *x, const eae_selector *s, const int64_t *gene,
                           int64_t run)
{
    const eae_genes_rule *rule = &w->rows->rule;
    int64_t n = weigh(s, run, x->feature), limit = INT64_MAX;
    x->count = 0;
    if (s->ranks)
        limit = rule->kind == EAE_GENES_RANK ? rule->number : chosen_size(s, run);
    if (rule->kind != EAE_GENES_TOP) {
        for (int64_t i = 0; i < n; i++) {
            if (!s->ranks || -x->feature[i].strength <= (double)limit)
                x->chosen[x->count++] = x->feature[i].column;
        }
        return;
    }
    /* a gene has a few features, some have none: seldom must more of them be looked at */
    int64_t few = rule->number < n / 8 ? 4 * rule->number + 64 : n;
    select_genes(x, few < n ? few : n, n, rule->number, gene);
    if (x->count < rule->number && few < n)
        select_genes(x, n, n, rule->number, gene);
}

/* What at least half of the splits select, into chosen[]. */
static void join_splits(const work *w, scratch *x, const eae_selector *s, const int64_t *gene)
{
    bool by_gene = w->rows->rule.kind == EAE_GENES_TOP;
    int64_t cols = s->frame->cols.count, runs = 0, kept = 0;
    memset(x->times, 0, (size_t)(w->genes > cols ? w->genes : cols) * sizeof *x->times);
    for (int64_t run = 0; run < s->runs; run++) {
        if (is_final(s, run) || !fits(w->rows, s, run))
            continue;
        runs++;
        select_columns(w, x, s, gene, run);
        for (int64_t i = 0; i < x->count; i++)
            x->times[by_gene ? gene[x->chosen[i]] : x->chosen[i]]++;
    }
    for (int64_t j = 0; j < cols; j++) {
        int64_t unit = by_gene ? gene[j] : j;
        if (unit >= 0 && x->times[unit] > 0 && 2 * x->times[unit] >= runs)
            x->chosen[kept++] = j;
    }
    x->count = kept;
}

/* Columns to genes, each once. */
static void take_genes(scratch *x, const int64_t *gene, eae_signature *item)
{
    item->gene = eae_malloc((size_t)x->count, sizeof *item->gene);
    x->clock++;
    for (int64_t i = 0; i < x->count; i++) {
        int64_t g = gene[x->chosen[i]];
        if (g < 0 || x->stamp[g] == x->clock)
            continue;
        x->stamp[g] = x->clock;
        item->gene[item->count++] = (int32_t)g;
    }
}

/* ---- rankings ---------------------------------------------------------------------------- */

void eae_signature_rank(eae_signature *item, const int64_t *gene, const double *value, int64_t n,
                        int64_t genes)
{
    int64_t *place = EAE_NEW_ARRAY(int64_t, genes); /* 1 + where the gene is in the ranking */
    item->gene = eae_malloc((size_t)n, sizeof *item->gene);
    item->statistic = eae_malloc((size_t)n, sizeof *item->statistic);
    for (int64_t j = 0; j < n; j++) {
        int64_t g = gene[j];
        if (g < 0 || isnan(value[j]))
            continue;
        if (place[g] == 0) {
            place[g] = ++item->count;
            item->gene[item->count - 1] = (int32_t)g;
            item->statistic[item->count - 1] = value[j];
        } else if (fabs(value[j]) > fabs(item->statistic[place[g] - 1])) {
            item->statistic[place[g] - 1] = value[j];
        }
    }
    free(place);
}

int eae_signature_check_signs(const double *value, int64_t n, const char *what)
{
    bool below = false, above = false;
    for (int64_t j = 0; j < n; j++) {
        below = below || value[j] < 0;
        above = above || value[j] > 0;
    }
    if (below && above)
        return EAE_OK;
    return eae_fail("--method gsea needs a signed ranking: no %s is %s 0", what,
                    below ? "above" : "below");
}

/* Is it signed, and of all features? */
static int check_ranking(const eae_selector *x, int64_t run, const double *value)
{
    int64_t missing = 0, zero = 0, features = x->features;
    bool test = is_text(x, run, "part", "statistic");
    for (int64_t j = 0; j < x->frame->cols.count; j++) {
        missing += x->number[j] >= 0 && isnan(value[j]);
        zero += value[j] == 0;
    }
    if (test ? 2 * missing > features : missing > 0)
        return eae_fail("--method gsea needs a ranking of all features: %lld of %lld have a "
                        "weight; train without a filter or elimination",
                        (long long)(features - missing), (long long)features);
    if (2 * zero > features)
        return eae_fail("--method gsea needs a ranking of all features: %lld of %lld weights are "
                        "0",
                        (long long)zero, (long long)features);
    return eae_signature_check_signs(value, x->frame->cols.count, "weight or statistic");
}

static int make_ranking(const work *w, const eae_selector *x, int64_t run, eae_signature *item)
{
    int64_t cols = x->frame->cols.count;
    if (x->begin[run + 1] - x->begin[run] != 1)
        return eae_fail("--method gsea needs a signed ranking: a model of several classes has no "
                        "one sign");
    double *value = eae_malloc((size_t)cols, sizeof *value);
    for (int64_t j = 0; j < cols; j++)
        value[j] =
            x->number[j] >= 0 ? eae_frame_value(x->frame, x->row[x->begin[run]], j) : (double)NAN;
    int status = check_ranking(x, run, value);
    if (status == EAE_OK)
        eae_signature_rank(item, w->background[item->background].gene, value, cols, w->genes);
    free(value);
    return status;
}

static int make_one(void *context, int64_t task, int worker)
{
    const work *w = context;
    scratch *x = &w->scratch[worker];
    const eae_signature_source *from = &w->rows->source[w->from + task];
    const eae_selector *s = &w->rows->selectors->selector[from->selector];
    int background = w->rows->background[from->selector];
    const int64_t *gene = w->background[background].gene;
    eae_genes_kind kind = w->rows->rule.kind;
    int64_t run = from->run < 0 ? 0 : from->run;
    w->item[task] = (eae_signature){.rows = &s->frame->rows,
                                    .row = s->row[s->begin[run]],
                                    .joined = from->run < 0,
                                    .background = background};
    if (s->ranks && kind == EAE_GENES_RANK)
        w->item[task].size = w->rows->rule.number;
    if (s->ranks && kind == EAE_GENES_DEFAULT)
        w->item[task].size = from->run < 0 ? EAE_SIZE_SELECTED : chosen_size(s, run);
    if (kind == EAE_GENES_SIGNED)
        return make_ranking(w, s, run, &w->item[task]);
    if (from->run < 0)
        join_splits(w, x, s, gene);
    else
        select_columns(w, x, s, gene, run);
    take_genes(x, gene, &w->item[task]);
    return EAE_OK;
}

static int64_t most_columns(const eae_selectors *s)
{
    int64_t most = 0;
    for (int i = 0; i < s->count; i++) {
        if (s->selector[i].frame->cols.count > most)
            most = s->selector[i].frame->cols.count;
    }
    return most;
}

int eae_signature_rows_make(const eae_signature_rows *rows, const eae_background *background,
                            int64_t genes, int64_t from, int64_t to, int threads,
                            eae_signature *item)
{
    work w = {.rows = rows, .background = background, .genes = genes, .from = from, .item = item};
    int64_t cols = most_columns(rows->selectors);
    w.scratch = EAE_NEW_ARRAY(scratch, threads);
    for (int k = 0; k < threads; k++) {
        scratch *x = &w.scratch[k];
        x->feature = eae_malloc((size_t)cols, sizeof *x->feature);
        x->chosen = eae_malloc((size_t)cols, sizeof *x->chosen);
        x->stamp = EAE_NEW_ARRAY(int64_t, genes);
        x->times = EAE_NEW_ARRAY(int64_t, genes > cols ? genes : cols);
    }
    int status = eae_parallel(threads, to - from, make_one, &w);
    for (int k = 0; k < threads; k++) {
        free(w.scratch[k].feature);
        free(w.scratch[k].chosen);
        free(w.scratch[k].stamp);
        free(w.scratch[k].times);
    }
    free(w.scratch);
    return status;
}
