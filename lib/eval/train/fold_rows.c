/* fold_rows.c - see fold_rows.h. */
#include "eval/train/fold_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/train/external.h"

/* ---- what a row is
 * -------------------------------------------------------------------------------
 */

/* Where no feature passed the filter, the number that was asked for. */
static int64_t features_in(const eae_fold *fold)
{
    int64_t all = fold->run->dataset.cols, keep = fold->run->spec->prepare.keep;
    if (fold->prepared.empty)
        return keep < all ? keep : all;
    return fold->prepared.feature ? fold->prepared.feature_count : all;
}

eae_result_row eae_fold_row(const eae_fold *fold)
{
    return (eae_result_row){.param = -1,
                            .size = features_in(fold),
                            .split = fold->split->id,
                            .repeat = fold->split->repeat,
                            .fold = fold->split->fold,
                            .class = -1,
                            .converged = true,
                            .intercept = NAN,
                            .objective = NAN,
                            .gap = NAN,
                            .gamma = eae_fold_gamma(fold)};
}

static bool has_param(const eae_train_spec *spec)
{
    return spec->external ? spec->external->has_param : spec->model != EAE_MODEL_LINEAR;
}

void eae_fold_row_fit(eae_result_row *r, const eae_train_spec *spec, int param, int side,
                      const eae_fits *fits, const eae_gram_fit *fit)
{
    r->tuned = spec->tune != NULL;
    r->has_spread = fits->spread != NULL;
    if (r->has_spread)
        r->spread = fits->spread[fit - fits->fit];
    r->param = has_param(spec) ? param : -1;
    r->class = fits->sides > 1 ? side : -1;
    r->converged = fit->converged;
    r->intercept = fit->intercept;
    r->objective = fit->objective;
    r->gap = fit->gap;
    r->iterations = fit->iterations;
}

/* ---- rows of a model
 * -----------------------------------------------------------------------------
 */

const char *eae_fold_part(const char *name)
{
    static const char *const parts[] = {"mean",        "scale",        "fill",   "adjust",
                                        "factor-mean", "factor-scale", "factor", "weights"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(name, parts[i]) == 0)
            return parts[i];
    }
    return NULL;
}

int64_t eae_fold_model_rows(const eae_run *run, int params, int sides)
{
    const eae_prepare_spec *p = &run->spec->prepare;
    int64_t fill = p->imputation == EAE_IMPUTE_ALS ? 2 + p->complete.rank : 1;
    if (!run->dataset.missing || p->imputation == EAE_IMPUTE_NONE)
        fill = 0;
    return 2 + fill + (p->design ? p->terms : 0) + params * sides;
}

/* Where the next row goes. */
typedef struct {
    const eae_fold *fold;
    int64_t cols, terms;
    double *value;
    eae_result_row *row;
} writer;

static eae_result_row *write_part(writer *w, const char *part, const char *term,
                                  const double *features, const double *covariates, double absent)
{
    eae_result_row *row = w->row++;
    *row = eae_fold_row(w->fold);
    row->part = part;
    row->term = term;
    for (int64_t j = 0; j < w->cols && features != w->value; j++)
        w->value[j] = features ? features[j] : absent;
    for (int64_t t = 0; t < w->terms; t++)
        w->value[w->cols + t] = covariates ? covariates[t] : absent;
    w->value += w->cols + w->terms;
    return row;
}

/* How missing values are completed: a row for each factor, divided by the root of lambda, which is
 * then 1; before them what the values of the features are centred and scaled by. */
static void write_completion(writer *w)
{
    const eae_completion *c = &w->fold->prepared.completion;
    int64_t rank = c->als.rank;
    double *factor = eae_malloc((size_t)w->cols, sizeof *factor);
    write_part(w, "factor-mean", NULL, c->mean, NULL, NAN);
    write_part(w, "factor-scale", NULL, c->scale, NULL, NAN);
    for (int64_t k = 0; k < rank; k++) {
        for (int64_t j = 0; j < w->cols; j++)
            factor[j] = c->als.v[j * rank + k] / sqrt(c->als.lambda);
        write_part(w, "factor", NULL, factor, NULL, NAN);
    }
    free(factor);
}

static void write_preparation(writer *w)
{
    const eae_prepared *p = &w->fold->prepared;
    const eae_train_spec *spec = w->fold->run->spec;
    write_part(w, "mean", NULL, p->mean, w->fold->u_mean, 0);
    write_part(w, "scale", NULL, p->scale, w->fold->u_scale, 1);
    if (p->fill)
        write_part(w, "fill", NULL, p->fill, NULL, NAN);
    if (p->x)
        write_completion(w);
    for (int64_t t = 0; p->coef && t < spec->prepare.terms; t++)
        write_part(w, "adjust", eae_name(&spec->adjust_names, t), p->coef + t * w->cols, NULL, 0);
}

/* What the intercept has to take for features less the mean instead of less the shift. */
static double moved_intercept(const eae_prepared *p, const double *shift, const double *w,
                              int64_t cols)
{
    double sum = 0;
    for (int64_t j = 0; j < cols && shift != p->mean; j++) {
        double away = (shift ? shift[j] : 0) - (p->mean ? p->mean[j] : 0);
        double part = w[j] * away * (p->inverse ? p->inverse[j] : 1);
        sum += part == part ? part : 0;
    }
    return sum;
}

int eae_fold_write_model(const eae_fold *fold, const eae_fits *fits, int first_param,
                         const double *shift, double *value, eae_result_row *row)
{
    const eae_train_spec *spec = fold->run->spec;
    writer w = {.fold = fold,
                .cols = fold->run->dataset.cols,
                .terms = spec->covariates.terms,
                .value = value,
                .row = row};
    write_preparation(&w);
    int status = eae_fold_weights(fold, fits, w.value, w.cols + w.terms);
    for (int k = 0; k < fits->params * fits->sides && status == EAE_OK; k++) {
        int param = k / fits->sides, side = k % fits->sides;
        const eae_gram_fit *fit = eae_fits_at(fits, param, 0, side);
        const double *weights = w.value;
        eae_result_row *r =
            write_part(&w, "weights", NULL, weights, w.terms ? fit->gamma : NULL, 0);
        eae_fold_row_fit(r, spec, first_param + param, side, fits, fit);
        r->intercept -= moved_intercept(&fold->prepared, shift, weights, w.cols);
    }
    return status;
}
