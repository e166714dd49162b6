/* eliminate_path.c - see eliminate_path.h. */
#include "eval/eliminate/eliminate_path.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "eval/eliminate/eliminate_ground.h"
#include "eval/train/fold_rows.h"
#include "eval/train/held_out.h"
#include "eval/score/predictions.h"
#include "model/svm_eliminate.h"

/* How often a running elimination is stored. */
#define MILESTONE_SECONDS 0.5

typedef struct {
    eae_path *path;
    eae_elimination *e;
    const double *exact_gram; /* of all features; or NULL */
    eae_trials trials;        /* of policies random and biased */
    int64_t step, shown;      /* how far it is: sizes done, and shown */
    bool exact;               /* it is among steps of one feature: the Gram matrix is made in f64 */
    double stored;            /* when the last milestone was made, in seconds */
} walker;

/* ---- results --------------------------------------------------------------------------------- */

static void open_path(eae_path *p, const eae_ground *g, int64_t perm, int64_t keep)
{
    const eae_path_plan *of = g->of;
    int64_t sizes = of->schedule->shown_count, test = g->split->test_count;
    *p = (eae_path){
        .of = of, .split = g->split, .param = g->param, .perm = perm, .test = test, .keep = keep};
    p->width = of->run->dataset.cols + of->run->spec->covariates.terms;
    p->model_rows = keep >= 0 ? eae_fold_model_rows(of->run, 1, of->sides) : 0;
    p->model = EAE_NEW_ARRAY(double, p->model_rows * p->width);
    p->model_row = EAE_NEW_ARRAY(eae_result_row, p->model_rows);
    p->reached = EAE_NEW_ARRAY(bool, sizes);
    p->value = EAE_NEW_ARRAY(double, sizes * of->sides * test);
    p->row = EAE_NEW_ARRAY(eae_result_row, sizes * of->sides);
    p->figure = EAE_NEW_ARRAY(double, sizes);
    p->rank = perm == 0 ? EAE_NEW_ARRAY(int32_t, of->run->dataset.cols) : NULL;
    for (int64_t k = 0; k < sizes; k++)
        p->figure[k] = NAN;
}

void eae_path_free(eae_path *p)
{
    free(p->reached);
    free(p->value);
    free(p->row);
    free(p->figure);
    free(p->rank);
    free(p->model);
    free(p->model_row);
    *p = (eae_path){0};
}

/* Not the number that is in, where the filter left fewer than the schedule begins with. */
static eae_result_row describe(const eae_path *p, const eae_elimination *e, int64_t size)
{
    eae_result_row row = eae_fold_row(&e->fold);
    row.size = size;
    row.perm = p->perm;
    return row;
}

/* Rows of the present model: what the filter chose is now what is left. */
static int keep_model(eae_path *p, eae_elimination *e, int64_t size)
{
    eae_fold left = eae_elimination_left(e);
    int status = eae_fold_write_model(&left, &e->fits, p->param, eae_fold_source(&left).shift,
                                      p->model, p->model_row);
    for (int64_t i = 0; i < p->model_rows; i++)
        p->model_row[i].size = size;
    return status;
}

static double figure_of(const eae_path *p, const eae_elimination *e, const double *value)
{
    const eae_metric *metric = p->of->how->metric;
    if (!metric || p->test == 0)
        return NAN;
    eae_held_out held;
    eae_held_out_open(&held, &e->fold, e->target, p->of->sides);
    double figure = eae_held_out_score(&held, metric, eae_gives_log_odds(eae_model_name(&e->spec)),
                                       &e->fits, 0, value);
    eae_held_out_close(&held);
    return figure;
}

/* The present fit is that of the k-th size that is shown. */
static int show(eae_path *p, eae_elimination *e, int64_t k, int64_t size)
{
    int sides = p->of->sides;
    double *value = p->value + k * sides * p->test;
    int status = p->test > 0 ? eae_fold_decision(&e->fold, &e->fits, value) : EAE_OK;
    for (int side = 0; side < sides && status == EAE_OK; side++) {
        eae_result_row *r = &p->row[k * sides + side];
        *r = describe(p, e, size);
        eae_fold_row_fit(r, p->of->run->spec, p->param, side, &e->fits, &e->fits.fit[side]);
        r->intercept = NAN;
    }
    if (status == EAE_OK && k == p->keep)
        status = keep_model(p, e, size);
    if (status == EAE_OK)
        p->figure[k] = figure_of(p, e, value);
    p->reached[k] = true;
    return status;
}

static void end(const walker *w)
{
    eae_path *p = w->path;
    int64_t cols = p->of->run->dataset.cols;
    p->rank_row = describe(p, w->e, p->of->schedule->size[0]);
    p->rank_row.param = p->of->run->spec->model == EAE_MODEL_LINEAR ? -1 : p->param;
    p->rank_row.converged = w->e->unconverged == 0;
    p->rank_row.gap = w->e->gap;
    p->rank_row.iterations = w->step + w->trials.draws * w->trials.count;
    if (p->rank)
        memcpy(p->rank, w->e->rank, (size_t)cols * sizeof *p->rank);
}

/* Nothing can be learned: so it is at every size. */
static void leave_undefined(eae_path *p, const eae_elimination *e)
{
    static const eae_gram_fit nothing;
    const eae_schedule *s = p->of->schedule;
    eae_fits fits = {.sides = p->of->sides};
    int64_t shown = 0;
    for (int64_t k = 0; k < s->count; k++) {
        if (!s->shown[k])
            continue;
        for (int side = 0; side < p->of->sides; side++) {
            eae_result_row *r = &p->row[shown * p->of->sides + side];
            *r = describe(p, e, s->size[k]);
            eae_fold_row_fit(r, p->of->run->spec, p->param, side, &fits, &nothing);
            r->intercept = NAN;
            eae_result_undefined(r);
        }
        p->reached[shown++] = true;
    }
    for (int64_t i = 0; i < shown * p->of->sides * p->test; i++)
        p->value[i] = NAN;
    p->rank_row = describe(p, e, s->size[0]);
    eae_result_undefined(&p->rank_row);
}

/* ---- milestones ------------------------------------------------------------------------------ */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Names travel as text: pointers of another process mean nothing. */
static void exchange_model(eae_path *p, eae_bytes *bytes)
{
    const eae_names *terms = &p->of->run->spec->adjust_names;
    int64_t term = 0;
    eae_bytes_exchange(bytes, p->model, (size_t)(p->model_rows * p->width) * sizeof *p->model);
    eae_bytes_exchange(bytes, p->model_row, (size_t)p->model_rows * sizeof *p->model_row);
    for (int64_t i = 0; i < p->model_rows; i++) {
        eae_result_row *r = &p->model_row[i];
        char part[16] = "";
        if (bytes->to && r->part)
            snprintf(part, sizeof part, "%s", r->part);
        eae_bytes_exchange(bytes, part, sizeof part);
        r->part = eae_fold_part(part);
        r->term = r->part && strcmp(part, "adjust") == 0 && term < terms->count
                      ? eae_name(terms, term++)
                      : NULL;
    }
}

static void exchange_results(eae_path *p, eae_bytes *bytes)
{
    size_t sizes = (size_t)p->of->schedule->shown_count, sides = (size_t)p->of->sides;
    eae_bytes_exchange(bytes, p->reached, sizes * sizeof *p->reached);
    eae_bytes_exchange(bytes, p->value, sizes * sides * (size_t)p->test * sizeof *p->value);
    eae_bytes_exchange(bytes, p->row, sizes * sides * sizeof *p->row);
    eae_bytes_exchange(bytes, p->figure, sizes * sizeof *p->figure);
    exchange_model(p, bytes);
}

static void exchange_done(eae_path *p, eae_bytes *bytes)
{
    if (p->rank)
        eae_bytes_exchange(bytes, p->rank, (size_t)p->of->run->dataset.cols * sizeof *p->rank);
    eae_bytes_exchange(bytes, &p->rank_row, sizeof p->rank_row);
    exchange_results(p, bytes);
}

static void exchange_part(walker *w, eae_bytes *bytes)
{
    eae_bytes_exchange(bytes, &w->step, sizeof w->step);
    eae_bytes_exchange(bytes, &w->shown, sizeof w->shown);
    eae_bytes_exchange(bytes, &w->exact, sizeof w->exact);
    eae_elimination_exchange(w->e, bytes);
    if (w->path->of->how->policy != EAE_POLICY_WEIGHT)
        eae_trials_exchange(&w->trials, bytes);
    exchange_results(w->path, bytes);
}

static char *piece_name(const eae_path *p, const char *state)
{
    if (p->perm == 0)
        return eae_sprintf("split-%lld-%d.%s", (long long)p->split->id, p->param, state);
    return eae_sprintf("split-%lld-%d-perm-%lld.%s", (long long)p->split->id, p->param,
                       (long long)p->perm, state);
}

static int load(const eae_path *p, const char *state, eae_buffer *piece, bool *found)
{
    *found = false;
    if (!p->of->checkpoint)
        return EAE_OK;
    char *name = piece_name(p, state);
    int status = eae_checkpoint_load(p->of->checkpoint, name, piece, found);
    free(name);
    return status;
}

static int store(const eae_path *p, const char *state, const eae_buffer *piece)
{
    char *name = piece_name(p, state);
    int status = eae_checkpoint_store(p->of->checkpoint, name, piece);
    free(name);
    return status;
}

/* Was it finished before? */
static int load_done(eae_path *p, bool *found)
{
    eae_buffer piece = {0};
    int status = load(p, "done", &piece, found);
    if (status == EAE_OK && *found) {
        eae_bytes bytes = {.from = &piece};
        exchange_done(p, &bytes);
        *found = eae_bytes_all_read(&bytes);
    }
    eae_buffer_free(&piece);
    return status;
}

static int load_part(walker *w)
{
    eae_buffer piece = {0};
    bool found;
    int status = load(w->path, "part", &piece, &found);
    if (status == EAE_OK && found) {
        eae_bytes bytes = {.from = &piece};
        exchange_part(w, &bytes);
        if (!eae_bytes_all_read(&bytes))
            status = eae_fail("a milestone of split %lld is not what this program wrote",
                              (long long)w->path->split->id);
    }
    eae_buffer_free(&piece);
    return status;
}

static int store_part(walker *w)
{
    if (!w->path->of->checkpoint || seconds() - w->stored < MILESTONE_SECONDS)
        return EAE_OK;
    eae_buffer piece = {0};
    eae_bytes bytes = {.to = &piece};
    exchange_part(w, &bytes);
    int status = store(w->path, "part", &piece);
    eae_buffer_free(&piece);
    w->stored = seconds();
    return status;
}

static int store_done(eae_path *p)
{
    if (!p->of->checkpoint)
        return EAE_OK;
    eae_buffer piece = {0};
    eae_bytes bytes = {.to = &piece};
    exchange_done(p, &bytes);
    int status = store(p, "done", &piece);
    if (status == EAE_OK) {
        char *part = piece_name(p, "part");
        eae_checkpoint_remove(p->of->checkpoint, part);
        free(part);
    }
    eae_buffer_free(&piece);
    return status;
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* From the present size to `size` by weight. */
static int shrink(eae_elimination *e, int64_t size, int threads)
{
    int64_t r = e->count - size;
    int64_t *feature = eae_malloc((size_t)r, sizeof *feature);
    int status = eae_elimination_smallest(e, r, feature, threads);
    if (status == EAE_OK)
        status = eae_elimination_remove(e, feature, r, threads);
    free(feature);
    return status;
}

/* One removal on the way to `size`; e->count says how far it got. */
static int remove_some(walker *w, int64_t size)
{
    const eae_path_plan *of = w->path->of;
    if (of->how->policy == EAE_POLICY_WEIGHT)
        return shrink(w->e, size, of->threads);
    return eae_trials_remove(&w->trials, w->e, w->e->count - size, of->threads);
}

/* The model of a size that was reached. */
static int settle(walker *w)
{
    const eae_schedule *s = w->path->of->schedule;
    int64_t k = w->step++;
    bool wanted =
        w->path->of->how->policy == EAE_POLICY_WEIGHT || s->shown[k] || w->step == s->count;
    int status = wanted ? eae_elimination_fit(w->e) : EAE_OK;
    return status == EAE_OK && s->shown[k] ? show(w->path, w->e, w->shown++, s->size[k]) : status;
}

/* ---- one feature at a time -------------------------------------------------------------------
 */

/* The last of the sizes ahead that one feature at a time leads to from the present one; the present
 * one itself where there is none, or where that has no faster way (svm_eliminate.h). */
static int64_t last_single(const walker *w)
{
    const eae_path_plan *of = w->path->of;
    const eae_schedule *s = of->schedule;
    int64_t k = w->step - 1;
    if (of->how->policy != EAE_POLICY_WEIGHT || of->run->spec->model != EAE_MODEL_SVM || k < 0 ||
        s->size[k] != w->e->count)
        return k;
    return eae_ground_single(s, k);
}

typedef struct {
    walker *w;
    int64_t first; /* features at the start */
    const int64_t *order;
    const double *gap;
} stretch;

/* At a size that is shown, or from which an elimination could start again. */
static int visit(void *context, const int64_t *feature, int64_t left)
{
    stretch *x = context;
    walker *w = x->w;
    eae_elimination *e = w->e;
    const eae_schedule *s = w->path->of->schedule;
    for (int64_t k = x->first - e->count; k < x->first - left; k++) {
        e->rank[x->order[k]] = (int32_t)(x->first - k);
        e->gap = fmin(e->gap, x->gap[k]);
    }
    memcpy(e->active, feature, (size_t)left * sizeof *feature);
    e->count = e->rebuilt = left;
    while (s->size[w->step] > left)
        w->step++;
    w->exact = true;
    int64_t k = w->step++;
    if (s->shown[k]) {
        for (int side = 0; side < e->fits.sides; side++)
            e->unconverged += !e->fits.fit[side].converged;
        eae_fits_rescale(&e->fits, &e->spec);
        int status = show(w->path, e, w->shown++, left);
        if (status != EAE_OK)
            return status;
    }
    return eae_svm_eliminate_restarts(left) ? store_part(w) : EAE_OK;
}

/* Sizes to visit of those up to `last`: shown, to start again from, and the last. */
static int64_t visited_sizes(const walker *w, int64_t last, int64_t *size)
{
    const eae_schedule *s = w->path->of->schedule;
    int64_t count = 0;
    for (int64_t k = w->step; k <= last; k++) {
        if (s->shown[k] || k == last || eae_svm_eliminate_restarts(s->size[k]))
            size[count++] = s->size[k];
    }
    return count;
}

static int single_steps(walker *w, int64_t last)
{
    eae_elimination *e = w->e;
    const eae_path_plan *of = w->path->of;
    int64_t first = e->count, until = of->schedule->size[last];
    int64_t *size = eae_malloc((size_t)(first - until), sizeof *size);
    int64_t *order = eae_malloc((size_t)(first - until), sizeof *order);
    int64_t *active = eae_malloc((size_t)first, sizeof *active);
    double *gap = eae_malloc((size_t)(first - until), sizeof *gap), *memory;
    eae_gram_problem *side = EAE_NEW_ARRAY(eae_gram_problem, of->sides);
    stretch x = {.w = w, .first = first, .order = order, .gap = gap};
    memcpy(active, e->active, (size_t)first * sizeof *active);
    bool known = !w->exact && w->exact_gram && first == of->schedule->size[0];
    if (known)
        memcpy(e->fold.gram, w->exact_gram, (size_t)(e->fold.m * e->fold.m) * sizeof(double));
    eae_fold_svm_sides(&e->fold, e->target, of->sides, side, &memory);
    eae_svm_eliminate_problem problem = {.kernels = e->run.dataset.kernels,
                                         .features = &e->fold.features,
                                         .row = e->fold.feature_row,
                                         .n = e->fold.n,
                                         .m = e->fold.m,
                                         .active = active,
                                         .count = first,
                                         .until = until,
                                         .loss = e->spec.loss,
                                         .sides = of->sides,
                                         .side = side,
                                         .have_gram = w->exact || known,
                                         .size = size,
                                         .sizes = visited_sizes(w, last, size),
                                         .visit = visit,
                                         .context = &x,
                                         .threads = of->threads};
    eae_svm_eliminate_result result = {
        .gram = e->fold.gram, .fit = e->fits.fit, .order = order, .gap = gap};
    int status = eae_svm_eliminate(&problem, &result);
    free(size);
    free(order);
    free(active);
    free(gap);
    free(memory);
    free(side);
    return status;
}

/* The order of what is left, from the last fit. */
static int rank_rest(eae_elimination *e, int threads)
{
    int64_t left = e->count;
    int64_t *feature = eae_malloc((size_t)left, sizeof *feature);
    double gap = e->gap;
    int status = eae_elimination_smallest(e, left, feature, threads);
    for (int64_t k = 0; k < left && status == EAE_OK; k++)
        e->rank[feature[k]] = (int32_t)(left - k);
    e->gap = gap;
    free(feature);
    return status;
}

static int rank_together(eae_elimination *e)
{
    for (int64_t k = 0; k < e->count; k++)
        e->rank[e->active[k]] = (int32_t)e->count;
    e->gap = NAN;
    return EAE_OK;
}

static int walk(walker *w)
{
    const eae_path_plan *of = w->path->of;
    const eae_schedule *s = of->schedule;
    bool weight = of->how->policy == EAE_POLICY_WEIGHT;
    int status = load_part(w);
    while (w->step < s->count && !w->trials.stopped && status == EAE_OK) {
        int64_t size = s->size[w->step], last = last_single(w);
        if (last - w->step >= EAE_PATH_FEW_STEPS || (w->exact && last >= w->step)) {
            status = single_steps(w, last);
            continue;
        }
        w->exact = false;
        if (w->e->count > size)
            status = remove_some(w, size);
        if (status == EAE_OK && w->e->count <= size)
            status = settle(w);
        if (status == EAE_OK)
            status = store_part(w);
    }
    if (status == EAE_OK)
        status = weight ? rank_rest(w->e, of->threads) : rank_together(w->e);
    return status;
}

int eae_path_run(eae_path *p, const eae_ground *g, int64_t perm, int64_t keep)
{
    bool found;
    open_path(p, g, perm, keep);
    int status = load_done(p, &found);
    if (status != EAE_OK || found)
        return status;
    eae_elimination e = {0};
    walker w = {.path = p, .e = &e, .exact_gram = g->exact, .stored = seconds()};
    status = eae_ground_begin(g, &g->of->labels->target[perm], &e, &w.trials);
    bool undefined = e.undefined || w.trials.undefined;
    if (status == EAE_OK && undefined)
        leave_undefined(p, &e);
    else if (status == EAE_OK)
        status = walk(&w);
    if (status == EAE_OK && !undefined)
        end(&w);
    if (status == EAE_OK)
        status = store_done(p);
    eae_trials_close(&w.trials);
    eae_elimination_close(&e);
    return status;
}
