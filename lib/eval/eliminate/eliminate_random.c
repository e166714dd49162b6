/* eliminate_random.c - see eliminate_random.h. */
#include "eval/eliminate/eliminate_random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/random.h"
#include "eval/train/held_out.h"
#include "eval/score/predictions.h"
#include "matrix/import.h"
#include "matrix/text.h"

enum { INNER_FOLDS = 5 };

/* ---- opening --------------------------------------------------------------------------------- */

/* The plan's inner splits of the split (those of the final elimination are the outer ones), else
 * some of our own. */
static int inner_splits(eae_trials *t, const eae_elimination *outer, const eae_frame *plan)
{
    const eae_split *split = outer->fold.split;
    int64_t *row = plan ? eae_plan_children(plan, split->id, &t->count) : NULL;
    int status = EAE_OK;
    if (t->count > 0) {
        t->split = EAE_NEW_ARRAY(eae_split, t->count);
        for (int64_t i = 0; i < t->count; i++)
            eae_plan_split(plan, row[i], &t->split[i]);
    } else {
        t->split = EAE_NEW_ARRAY(eae_split, INNER_FOLDS);
        status =
            eae_plan_make_inner(outer->run.data, split, INNER_FOLDS, outer->spec.seed, t->split);
        t->count = status == EAE_OK ? INNER_FOLDS : 0;
    }
    free(row);
    return status;
}

/* The metric of one inner split; NaN where it is undefined. */
static int score(const eae_trials *t, const eae_elimination *e, double *figure)
{
    int64_t test = e->fold.m - e->fold.n;
    *figure = NAN;
    if (e->undefined || test == 0)
        return EAE_OK;
    double *value = eae_malloc((size_t)(test * e->fits.sides), sizeof *value);
    eae_held_out held;
    eae_held_out_open(&held, &e->fold, e->target, e->fits.sides);
    int status = eae_fold_decision(&e->fold, &e->fits, value);
    if (status == EAE_OK)
        *figure =
            eae_held_out_score(&held, t->how->metric, eae_gives_log_odds(eae_model_name(&e->spec)),
                               &e->fits, 0, value);
    eae_held_out_close(&held);
    free(value);
    return status;
}

/* The mean over the inner splits where the metric is defined. */
static int judge(const eae_trials *t, double *figure)
{
    double sum = 0, defined = 0;
    int status = EAE_OK;
    for (int64_t i = 0; i < t->count && status == EAE_OK; i++) {
        double one;
        status = score(t, &t->inner[i], &one);
        if (one == one) {
            sum += one;
            defined++;
        }
    }
    *figure = sum / defined;
    return status;
}

static int fit(eae_elimination *e)
{
    return e->undefined ? EAE_OK : eae_elimination_fit(e);
}

int eae_trials_start(eae_trials *t, int64_t split)
{
    int status = EAE_OK;
    for (int64_t i = 0; i < t->count && status == EAE_OK; i++)
        status = fit(&t->inner[i]);
    if (status == EAE_OK)
        status = judge(t, &t->figure);
    bool nothing = status == EAE_OK && isnan(t->figure);
    t->undefined = nothing && t->inner[0].target->permuted;
    if (nothing && !t->undefined)
        status = eae_fail("split %lld: %s is undefined in all of its inner splits",
                          (long long)split, t->how->metric->name);
    t->best = t->figure;
    return status;
}

int eae_trials_open(eae_trials *t, const eae_elimination *outer, const eae_frame *plan,
                    const eae_eliminate_spec *how, int threads)
{
    *t = (eae_trials){.how = how, .limit = INT64_MAX};
    int status = inner_splits(t, outer, plan);
    t->inner = EAE_NEW_ARRAY(eae_elimination, t->count);
    for (int64_t i = 0; i < t->count && status == EAE_OK; i++)
        status = eae_elimination_open_among(&t->inner[i], outer, &t->split[i], threads);
    return status;
}

int eae_trials_again(eae_trials *t, const eae_trials *of, const eae_target *target)
{
    *t = (eae_trials){.how = of->how,
                      .split = of->split,
                      .count = of->count,
                      .limit = of->limit,
                      .borrows = true};
    int status = EAE_OK;
    t->inner = EAE_NEW_ARRAY(eae_elimination, t->count);
    for (int64_t i = 0; i < t->count && status == EAE_OK; i++)
        status = eae_elimination_again(&t->inner[i], &of->inner[i], target);
    return status;
}

void eae_trials_close(eae_trials *t)
{
    for (int64_t i = 0; i < t->count; i++) {
        eae_elimination_close(&t->inner[i]);
        if (!t->borrows)
            eae_split_free(&t->split[i]);
    }
    free(t->inner);
    if (!t->borrows)
        free(t->split);
    *t = (eae_trials){0};
}

static void exchange_inner(eae_trials *t, eae_bytes *bytes)
{
    for (int64_t i = 0; i < t->count; i++) {
        if (!t->inner[i].undefined)
            eae_elimination_exchange(&t->inner[i], bytes);
    }
}

void eae_trials_exchange(eae_trials *t, eae_bytes *bytes)
{
    eae_bytes_exchange(bytes, &t->figure, sizeof t->figure);
    eae_bytes_exchange(bytes, &t->best, sizeof t->best);
    eae_bytes_exchange(bytes, &t->limit, sizeof t->limit);
    eae_bytes_exchange(bytes, &t->draws, sizeof t->draws);
    eae_bytes_exchange(bytes, &t->stopped, sizeof t->stopped);
    exchange_inner(t, bytes);
}

/* ---- drawing --------------------------------------------------------------------------------- */

typedef struct {
    double key;
    int64_t feature;
} keyed;

static int by_key(const void *pa, const void *pb)
{
    const keyed *a = pa, *b = pb;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->feature > b->feature) - (a->feature < b->feature);
}

static double chance_of(const eae_eliminate_spec *how, int64_t j)
{
    if (how->pinned && how->pinned[j])
        return 0;
    return how->policy == EAE_POLICY_BIASED && how->chance ? how->chance[j] : 1;
}

static int64_t count_removable(const eae_trials *t, const eae_elimination *e)
{
    int64_t n = 0;
    for (int64_t k = 0; k < e->count; k++)
        n += chance_of(t->how, e->active[k]) > 0;
    return n;
}

/* r features, one after the other with a chance proportional to their weight: those of the smallest
 * of exponential variables with the weights as rates (Efraimidis and Spirakis 2006). */
static void draw(eae_trials *t, const eae_elimination *e, int64_t r, int64_t *feature)
{
    eae_random random;
    keyed *all = eae_malloc((size_t)e->count, sizeof *all);
    int64_t n = 0;
    uint64_t index = ((uint64_t)e->fold.split->id << 40) + (uint64_t)t->draws++;
    eae_random_start(&random, e->spec.seed, EAE_RANDOM_ELIMINATE, index);
    for (int64_t k = 0; k < e->count; k++) {
        double chance = chance_of(t->how, e->active[k]), u = eae_random_unit(&random);
        if (chance > 0)
            all[n++] = (keyed){-log1p(-u) / chance, e->active[k]};
    }
    qsort(all, (size_t)n, sizeof *all, by_key);
    for (int64_t k = 0; k < r; k++)
        feature[k] = all[k].feature;
    free(all);
}

/* ---- trying ---------------------------------------------------------------------------------- */

static bool acceptable(const eae_trials *t, double figure)
{
    double sign = t->how->metric->higher_is_better ? 1 : -1;
    double now = sign * figure, old = sign * t->figure, best = sign * t->best;
    switch (t->how->accept) {
    case EAE_ACCEPT_EQUAL:
        return now >= old;
    case EAE_ACCEPT_IMPROVE:
        return now > old;
    case EAE_ACCEPT_TOLERANCE:
        return now >= best - t->how->tolerance;
    }
    return false;
}

static void accept(eae_trials *t, double figure)
{
    bool better = t->how->metric->higher_is_better ? figure > t->best : figure < t->best;
    t->figure = figure;
    if (better)
        t->best = figure;
}

/* The models of all inner splits without these features; as they were, where that is not accepted.
 */
static int try_without(eae_trials *t, const int64_t *feature, int64_t r, int threads,
                       bool *accepted)
{
    eae_buffer before = {0};
    eae_bytes save = {.to = &before}, restore = {.from = &before};
    double figure = NAN;
    int status = EAE_OK;
    exchange_inner(t, &save);
    for (int64_t i = 0; i < t->count && status == EAE_OK; i++) {
        if (t->inner[i].undefined)
            continue;
        status = eae_elimination_remove(&t->inner[i], feature, r, threads);
        if (status == EAE_OK)
            status = eae_elimination_fit(&t->inner[i]);
    }
    if (status == EAE_OK)
        status = judge(t, &figure);
    *accepted = status == EAE_OK && figure == figure && acceptable(t, figure);
    if (*accepted)
        accept(t, figure);
    if (!*accepted)
        exchange_inner(t, &restore);
    eae_buffer_free(&before);
    return status;
}

int eae_trials_remove(eae_trials *t, eae_elimination *outer, int64_t r, int threads)
{
    int64_t removable = count_removable(t, outer);
    int64_t *feature = eae_malloc((size_t)outer->count, sizeof *feature);
    bool accepted = false;
    int status = EAE_OK;
    t->stopped = removable == 0;
    while (!t->stopped && !accepted && status == EAE_OK) {
        int64_t n = r < t->limit ? r : t->limit;
        n = n < removable ? n : removable;
        for (int64_t k = 0; k < t->how->tries && !accepted && status == EAE_OK; k++) {
            draw(t, outer, n, feature);
            status = try_without(t, feature, n, threads, &accepted);
        }
        if (accepted)
            status = eae_elimination_remove_together(outer, feature, n, threads);
        else if (n == 1)
            t->stopped = true;
        else
            t->limit = n / 2;
    }
    free(feature);
    return status;
}

/* ---- prior and pins -------------------------------------------------------------------------- */

/* "feature weight" of one line; blank ones and comments are passed over. */
static int prior_line(const char *path, int64_t number, const char *line, size_t length,
                      const eae_name_index *index, double *chance, int64_t *known)
{
    while (length > 0 && strchr(" \t\r", line[length - 1]))
        length--;
    if (length == 0 || *line == '#')
        return EAE_OK;
    size_t name = length;
    while (name > 0 && !strchr(" \t", line[name - 1]))
        name--;
    double weight;
    if (!eae_parse_double(line + name, length - name, &weight) || !(weight >= 0) || isinf(weight))
        return eae_fail("%s:%lld: not a feature and a weight of 0 or more: '%.*s'", path,
                        (long long)number, (int)length, line);
    while (name > 0 && strchr(" \t", line[name - 1]))
        name--;
    int64_t j = name > 0 ? eae_name_find(index, line, name) : -1;
    if (j >= 0) {
        chance[j] = weight;
        ++*known;
    }
    return EAE_OK;
}

static int read_prior(const char *path, const eae_name_index *index, double *chance)
{
    char *text;
    size_t length;
    int64_t number = 0, known = 0;
    int status = eae_text_read_file(path, &text, &length);
    if (status != EAE_OK)
        return status;
    for (const char *line = text; *line && status == EAE_OK;) {
        size_t n = strcspn(line, "\n");
        status = prior_line(path, ++number, line, n, index, chance, &known);
        line += n + (line[n] == '\n');
    }
    if (status == EAE_OK && known == 0)
        status = eae_fail("%s: none of its features is in the data", path);
    free(text);
    return status;
}

static int read_pins(const char *path, const eae_name_index *index, bool *pinned)
{
    eae_names names = {0};
    int status = eae_read_name_list(path, &names);
    for (int64_t k = 0; k < names.count && status == EAE_OK; k++) {
        const char *name = eae_name(&names, k);
        int64_t j = eae_name_find(index, name, strlen(name));
        if (j < 0)
            status = eae_fail("--pin: no feature '%s' in the data", name);
        else
            pinned[j] = true;
    }
    eae_names_free(&names);
    return status;
}

int eae_eliminate_odds(eae_eliminate_spec *how, const char *prior, const char *pin,
                       const eae_names *features)
{
    eae_name_index *index = eae_name_index_new(features);
    int status = EAE_OK;
    if (prior) {
        how->chance = EAE_NEW_ARRAY(double, features->count);
        for (int64_t j = 0; j < features->count; j++)
            how->chance[j] = 1;
        status = read_prior(prior, index, how->chance);
    }
    if (pin && status == EAE_OK) {
        how->pinned = EAE_NEW_ARRAY(bool, features->count);
        status = read_pins(pin, index, how->pinned);
    }
    eae_name_index_free(index);
    return status;
}
