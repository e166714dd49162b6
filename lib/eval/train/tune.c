/* tune.c - choosing a parameter on inner splits; see tune.h. */
#include "eval/train/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/progress.h"
#include "base/threads.h"
#include "eval/train/held_out.h"
#include "eval/score/predictions.h"
#include "eval/train/run.h"
#include "eval/train/streamed.h"

/* Figures of so many bytes are kept at a time. */
enum { SCORE_BYTES = 1 << 26 };

int eae_tune_check(const eae_frame *plan)
{
    static const char *const how = "make a plan with inner splits: eae-split --inner K";
    if (!plan)
        return eae_fail("--tune needs a plan to choose by; %s", how);
    const int64_t *number = eae_axis_find(&plan->rows, "split")->i64;
    int64_t outer, inner;
    int64_t *row = eae_plan_children(plan, 0, &outer);
    int status = EAE_OK;
    for (int64_t i = 0; i < outer && status == EAE_OK; i++) {
        free(eae_plan_children(plan, number[row[i]], &inner));
        if (inner == 0 && outer < plan->rows.count)
            status = eae_fail("--tune: split %lld has no inner splits; %s",
                              (long long)number[row[i]], how);
        else if (inner == 0)
            status = eae_fail("--tune: the plan has no inner splits; %s", how);
    }
    free(row);
    return status;
}

void eae_tune_one(const eae_run *run, int param, eae_run *one, eae_train_spec *spec)
{
    *spec = *run->spec;
    spec->param = run->spec->param + param;
    spec->params = 1;
    *one = *run;
    one->spec = spec;
}

/* ---- figures of one inner split ---------------------------------------------------------------
 */

typedef struct {
    const eae_run *run;
    const eae_frame *plan;
    const eae_target *target;
    int64_t labelings;
    int64_t *row;         /* rows of the plan: the inner splits in hand */
    double *score;        /* inner splits in hand x labelings x params */
    eae_tune_count *done; /* per inner split in hand */
    bool probability;
    int threads; /* inside of one inner split */
} tuning;

typedef struct {
    const tuning *t;
    double *score; /* labelings x params */
    eae_tune_count *done;
} inner_split;

static void score_fits(const inner_split *s, const eae_fold *fold, const eae_fits *fits,
                       int64_t first, const double *value)
{
    const tuning *t = s->t;
    int64_t n = fold->m - fold->n;
    for (int64_t b = 0; b < fits->labelings; b++) {
        eae_held_out h;
        double *score = s->score + (first + b) * fits->params;
        eae_held_out_open(&h, fold, &t->target[first + b], fits->sides);
        for (int p = 0; p < fits->params; p++) {
            int64_t fit = ((int64_t)p * fits->labelings + b) * fits->sides;
            score[p] = n > 0 && !fits->undefined[b]
                           ? eae_held_out_score(&h, t->run->spec->tune, t->probability, fits, fit,
                                                value + fit * n)
                           : NAN;
        }
        eae_held_out_close(&h);
    }
}

static void count_fits(eae_tune_count *done, const eae_fits *fits)
{
    int64_t count = fits->labelings * fits->params * fits->sides;
    for (int64_t k = 0; k < count; k++) {
        if (fits->undefined[k / fits->sides % fits->labelings])
            continue;
        done->fits++;
        done->unconverged += !fits->fit[k].converged;
    }
}

static int use_fold(void *context, const eae_fold *fold, int64_t first, int64_t count)
{
    inner_split *s = context;
    eae_fits fits;
    int status = eae_fold_fit(fold, s->t->target + first, count, &fits);
    if (status != EAE_OK)
        return status;
    size_t values = (size_t)(count * fits.params * fits.sides * (fold->m - fold->n));
    double *value = eae_try_alloc(values, sizeof *value, "values of an inner split");
    status = value ? eae_fold_decision(fold, &fits, value) : EAE_FAIL;
    if (status == EAE_OK) {
        count_fits(s->done, &fits);
        score_fits(s, fold, &fits, first, value);
    }
    free(value);
    eae_fits_free(&fits);
    return status;
}

static int inner_task(void *context, int64_t task, int worker)
{
    const tuning *t = context;
    inner_split s = {.t = t,
                     .score = t->score + task * t->labelings * t->run->spec->params,
                     .done = &t->done[task]};
    eae_split split;
    (void)worker;
    eae_plan_split(t->plan, t->row[task], &split);
    int status = eae_fold_each(t->run, &split, t->target, t->labelings, t->threads, use_fold, &s);
    eae_split_free(&split);
    eae_progress_add(1);
    return status;
}

/* The same for models that come from passes over the data, which all inner splits share. */
static int streamed_done(void *context, int64_t task, const int64_t *perm, const eae_fold *fold,
                         const eae_fits *fits)
{
    const tuning *t = context;
    inner_split s = {.t = t,
                     .score = t->score + task * t->labelings * t->run->spec->params,
                     .done = &t->done[task]};
    count_fits(s.done, fits);
    score_fits(&s, fold, fits, perm[0], fits->value);
    return EAE_OK;
}

static int run_streamed(tuning *t, int64_t count)
{
    eae_streamed_task *task = EAE_NEW_ARRAY(eae_streamed_task, count);
    eae_split *split = EAE_NEW_ARRAY(eae_split, count);
    int64_t *perm = eae_malloc((size_t)t->labelings, sizeof *perm);
    for (int64_t b = 0; b < t->labelings; b++)
        perm[b] = b;
    for (int64_t s = 0; s < count; s++) {
        eae_plan_split(t->plan, t->row[s], &split[s]);
        task[s] = (eae_streamed_task){t->run, &split[s], s, perm, t->labelings};
    }
    int status = eae_streamed_run(task, count, t->target, streamed_done, t);
    for (int64_t s = 0; s < count; s++)
        eae_split_free(&split[s]);
    free(task);
    free(split);
    free(perm);
    return status;
}

/* ---- choosing ----------------------------------------------------------------------------------
 */

/* The mean of the defined figures, and that of their absolute values: the scale of its rounding. */
typedef struct {
    double mean, size;
} figure;

static figure figure_of(const double *score, int64_t inner, int64_t stride)
{
    double sum = 0, size = 0, defined = 0;
    for (int64_t i = 0; i < inner; i++) {
        double v = score[i * stride];
        if (v != v)
            continue;
        sum += v;
        size += fabs(v);
        defined++;
    }
    return (figure){sum / defined, size / defined};
}

static bool equal_figures(figure a, figure b)
{
    return a.mean == b.mean || fabs(a.mean - b.mean) < 1e-12 * (a.size + b.size);
}

int eae_tune_best(const double *score, int64_t inner, int64_t stride, int params,
                  bool higher_is_better, const double *penalty)
{
    int best = -1, chosen = -1;
    figure *all = EAE_NEW_ARRAY(figure, params);
    for (int p = 0; p < params; p++) {
        all[p] = figure_of(score + p, inner, stride);
        if (isnan(all[p].mean))
            continue;
        bool better = best >= 0 && (higher_is_better ? all[p].mean > all[best].mean
                                                     : all[p].mean < all[best].mean);
        best = best < 0 || better ? p : best;
    }
    for (int p = 0; p < params; p++) {
        if (isnan(all[p].mean) || !equal_figures(all[p], all[best]))
            continue;
        chosen = chosen < 0 || penalty[p] > penalty[chosen] ? p : chosen;
    }
    free(all);
    return chosen;
}

/* The parameter of every labeling of one outer split, from the figures of its inner ones. */
static int choose(const tuning *t, int64_t parent, int64_t first, int64_t inner, int *chosen)
{
    const eae_train_spec *spec = t->run->spec;
    int64_t stride = t->labelings * spec->params;
    double *penalty = eae_malloc((size_t)spec->params, sizeof *penalty);
    for (int p = 0; p < spec->params; p++)
        penalty[p] = spec->by_lambda ? spec->param[p] : -spec->param[p];
    for (int64_t b = 0; b < t->labelings; b++)
        chosen[b] = eae_tune_best(t->score + first * stride + b * spec->params, inner, stride,
                                  spec->params, spec->tune->higher_is_better, penalty);
    free(penalty);
    if (chosen[0] >= 0)
        return EAE_OK;
    return parent > 0 ? eae_fail("split %lld: %s is undefined in all of its %lld inner splits",
                                 (long long)parent, spec->tune->name, (long long)inner)
                      : eae_fail("--final: %s is undefined in all of the %lld splits",
                                 spec->tune->name, (long long)inner);
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

/* Rows of the inner splits of all parents one after the other; those of parent i are first[i] ..
 * first[i + 1] - 1. */
typedef struct {
    int64_t *row;
    int64_t *first; /* parents + 1 */
} family;

static family inner_of(const eae_frame *plan, const int64_t *parent, int64_t parents)
{
    family f = {.first = EAE_NEW_ARRAY(int64_t, parents + 1)};
    for (int64_t i = 0; i < parents; i++) {
        int64_t count, at = f.first[i];
        int64_t *row = eae_plan_children(plan, parent[i], &count);
        f.row = eae_realloc(f.row, (size_t)(at + count) + 1, sizeof *f.row);
        memcpy(f.row + at, row, (size_t)count * sizeof *row);
        f.first[i + 1] = at + count;
        free(row);
    }
    return f;
}

/* The end of a block of parents from `begin`: as many as have figures of SCORE_BYTES, at least one.
 */
static int64_t block_end(const tuning *t, const int64_t *first, int64_t parents, int64_t begin)
{
    double bytes = (double)t->labelings * t->run->spec->params * sizeof(double);
    int64_t end = begin + 1;
    while (end < parents && (double)(first[end + 1] - first[begin]) * bytes <= SCORE_BYTES)
        end++;
    return end;
}

static int run_inner(tuning *t, int64_t count)
{
    size_t figures = (size_t)(count * t->labelings * t->run->spec->params);
    t->score = eae_try_alloc(figures, sizeof(double), "figures of inner splits");
    if (!t->score)
        return EAE_FAIL;
    t->done = EAE_NEW_ARRAY(eae_tune_count, count);
    if (t->run->streams)
        return run_streamed(t, count);
    int workers = eae_run_workers(t->run, count, &t->threads);
    return eae_parallel(workers, count, inner_task, t);
}

static int run_block(tuning *t, const family *f, const int64_t *parent, int64_t begin, int64_t end,
                     int *chosen, eae_tune_count *done)
{
    int64_t from = f->first[begin], count = f->first[end] - from;
    t->row = f->row + from;
    int status = run_inner(t, count);
    for (int64_t i = 0; i < count && status == EAE_OK; i++) {
        done->fits += t->done[i].fits;
        done->unconverged += t->done[i].unconverged;
    }
    for (int64_t i = begin; i < end && status == EAE_OK; i++)
        status = choose(t, parent[i], f->first[i] - from, f->first[i + 1] - f->first[i],
                        chosen + i * t->labelings);
    free(t->score);
    free(t->done);
    return status;
}

int eae_tune(const eae_run *run, const eae_frame *plan, const int64_t *parent, int64_t parents,
             const eae_target *target, int64_t labelings, int *chosen, eae_tune_count *done)
{
    tuning t = {.run = run, .plan = plan, .target = target, .labelings = labelings};
    family f = inner_of(plan, parent, parents);
    int status = EAE_OK;
    t.probability = eae_gives_log_odds(eae_model_name(run->spec));
    eae_progress_start("inner splits", f.first[parents]);
    for (int64_t begin = 0, end; begin < parents && status == EAE_OK; begin = end) {
        end = block_end(&t, f.first, parents, begin);
        status = run_block(&t, &f, parent, begin, end, chosen, done);
    }
    eae_progress_end();
    free(f.row);
    free(f.first);
    return status;
}
