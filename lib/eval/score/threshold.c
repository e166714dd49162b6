/* threshold.c - rules for cutting the values of two classes. */
#include "eval/score/threshold.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "eval/score/ranking.h"

int eae_threshold_parse(const char *text, eae_threshold_rule *rule)
{
    *rule = (eae_threshold_rule){EAE_THRESHOLD_FIXED, 0};
    if (strcmp(text, "youden") == 0) {
        rule->kind = EAE_THRESHOLD_YOUDEN;
        return EAE_OK;
    }
    bool tpr = strncmp(text, "tpr:", 4) == 0, tnr = strncmp(text, "tnr:", 4) == 0;
    const char *number = tpr || tnr ? text + 4 : text;
    if (!eae_parse_double(number, strlen(number), &rule->number))
        return eae_fail_usage("--threshold: '%s' is none of 0, youden, tpr:F, tnr:F", text);
    if (tpr || tnr) {
        rule->kind = tpr ? EAE_THRESHOLD_TPR : EAE_THRESHOLD_TNR;
        if (!(rule->number > 0 && rule->number <= 1))
            return eae_fail_usage("--threshold: the rate %s is not in (0, 1]", number);
    }
    return EAE_OK;
}

/* Half-way between two neighbours; beyond the ends there is no neighbour. */
static double between(const double *value, const int64_t *order, int64_t n, int64_t above)
{
    if (above == 0)
        return -INFINITY;
    if (above == n)
        return INFINITY;
    double low = value[order[above - 1]], high = value[order[above]];
    double middle = low + 0.5 * (high - low);
    /* "value > cut" must hold for `high`, also where rounding leaves no number between */
    return middle < high ? middle : low;
}

/* Cuts are tried from the lowest: `tp` positives and `fp` negatives lie above. */
typedef struct {
    const eae_threshold_rule *rule;
    int64_t positives, negatives;
    bool found;
    double cut, youden;
} search;

static void offer(search *s, int64_t tp, int64_t fp, double cut)
{
    double p = (double)s->positives, n = (double)s->negatives;
    double tn = n - (double)fp;
    if (s->rule->kind == EAE_THRESHOLD_TPR) {
        if ((double)tp >= s->rule->number * p)
            s->cut = cut; /* the highest wins: later ones replace it */
    } else if (s->rule->kind == EAE_THRESHOLD_TNR) {
        if (!s->found && tn >= s->rule->number * n) {
            s->cut = cut;
            s->found = true;
        }
    } else {
        /* (tpr + tnr) p n: whole numbers, so that ties are ties */
        double youden = (double)tp * n + tn * p;
        if (!s->found || youden > s->youden || (youden == s->youden && fabs(cut) < fabs(s->cut))) {
            s->youden = youden;
            s->cut = cut;
            s->found = true;
        }
    }
}

double eae_threshold_choose(const eae_threshold_rule *rule, const double *value,
                            const int32_t *class, int64_t n)
{
    if (rule->kind == EAE_THRESHOLD_FIXED)
        return rule->number;
    search s = {.rule = rule, .cut = NAN};
    for (int64_t i = 0; i < n; i++)
        s.positives += class[i] == 1;
    s.negatives = n - s.positives;
    if (s.positives == 0 || s.negatives == 0)
        return NAN;
    int64_t *order = eae_malloc((size_t)n, sizeof *order);
    eae_sort_order(value, n, order);
    int64_t tp = s.positives, fp = s.negatives;
    for (int64_t i = 0; i <= n; i++) {
        if (i == 0 || i == n || value[order[i]] != value[order[i - 1]])
            offer(&s, tp, fp, between(value, order, n, i));
        if (i < n && class[order[i]] == 1)
            tp--;
        else if (i < n)
            fp--;
    }
    free(order);
    return s.cut;
}

/* ---- all entries ------------------------------------------------------------------------- */

typedef struct {
    const eae_threshold_rule *rule;
    const eae_predictions *p;
    const int64_t *begin; /* first entry of each repeat of each candidate and labelling */
    double *cut;
} context;

/* The cut of one fold of a repeat: all but its own values. value and class are scratch. */
static double choose_without(const context *c, const eae_joined *all, int64_t fold, double *value,
                             int32_t *class)
{
    int64_t n = 0;
    for (int64_t i = 0; i < all->scored.n; i++) {
        if (all->from[i] == fold)
            continue;
        value[n] = all->value[i];
        class[n++] = all->class[i];
    }
    return eae_threshold_choose(c->rule, value, class, n);
}

static int choose_in_repeat(void *data, int64_t task, int worker)
{
    (void)worker;
    context *c = data;
    int64_t begin = c->begin[task], folds = eae_entry_repeat_end(c->p, begin) - begin;
    const eae_entry *first = &c->p->entry[begin];
    if (folds < 2)
        return eae_fail("--threshold: split %" PRId64 " of model %s is the only fold of its "
                        "repeat: there are no other held-out values to choose on",
                        first->split, c->p->candidate[first->candidate].model);
    eae_joined all;
    eae_join(c->p, begin, begin + folds, &all);
    double *value = eae_malloc((size_t)all.scored.n, sizeof *value);
    int32_t *class = eae_malloc((size_t)all.scored.n, sizeof *class);
    for (int64_t fold = 0; fold < folds; fold++)
        c->cut[begin + fold] = choose_without(c, &all, fold, value, class);
    eae_joined_free(&all);
    free(value);
    free(class);
    return EAE_OK;
}

static int choose_all(const eae_threshold_rule *rule, const eae_predictions *p, int threads,
                      double *cut)
{
    int64_t *begin = eae_malloc((size_t)p->entry_count, sizeof *begin), runs = 0;
    for (int64_t i = 0; i < p->entry_count; i = eae_entry_repeat_end(p, i))
        begin[runs++] = i;
    context c = {rule, p, begin, cut};
    int status = eae_parallel(threads, runs, choose_in_repeat, &c);
    free(begin);
    return status;
}

static void fill(double *cut, int64_t n, double value)
{
    for (int64_t i = 0; i < n; i++)
        cut[i] = value;
}

int eae_threshold_all(const eae_threshold_rule *rule, const eae_predictions *p, int threads,
                      double *cut)
{
    bool fixed = rule->kind == EAE_THRESHOLD_FIXED;
    bool model_own = fixed && rule->number == 0;
    for (int c = 0; c < p->candidate_count && !model_own; c++) {
        if (p->candidate[c].task != EAE_TASK_CLASSES)
            return eae_fail_usage("--threshold is for two classes; model %s predicts %s",
                                  p->candidate[c].model, eae_task_name(p->candidate[c].task));
        if (p->classes != 2)
            return eae_fail_usage("--threshold is for two classes; there are %d", p->classes);
    }
    if (!fixed)
        return choose_all(rule, p, threads, cut);
    fill(cut, p->entry_count, rule->number);
    return EAE_OK;
}
