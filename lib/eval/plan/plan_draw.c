/* plan_draw.c - see plan_draw.h. */
#include "eval/plan/plan_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* ---- order ------------------------------------------------------------------------------ */

static int64_t *shuffled(eae_random *r, int64_t n)
{
    int64_t *order = eae_malloc((size_t)n, sizeof *order);
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    eae_random_shuffle(r, order, (size_t)n);
    return order;
}

/* Unit numbers shuffled, then stably sorted by cell; begin[c] is where cell c begins. */
static int64_t *units_by_cell(eae_random *r, const eae_units *u, int64_t cells, int64_t *begin)
{
    int64_t *order = shuffled(r, u->count);
    int64_t *sorted = eae_malloc((size_t)u->count, sizeof *sorted);
    int64_t *at = eae_malloc((size_t)cells + 1, sizeof *at);
    memset(begin, 0, ((size_t)cells + 1) * sizeof *begin);
    for (int64_t i = 0; i < u->count; i++)
        begin[u->cell[i] + 1]++;
    for (int64_t c = 0; c < cells; c++)
        begin[c + 1] += begin[c];
    memcpy(at, begin, ((size_t)cells + 1) * sizeof *at);
    for (int64_t i = 0; i < u->count; i++)
        sorted[at[u->cell[order[i]]]++] = order[i];
    free(at);
    free(order);
    return sorted;
}

static int64_t unit_size(const eae_units *u, int64_t i)
{
    return u->first[i + 1] - u->first[i];
}

/* ---- folds ------------------------------------------------------------------------------ */

static void deal_samples(eae_random *r, const eae_units *u, const eae_strata *s, int64_t k,
                         int64_t *fold)
{
    int64_t *begin = eae_malloc((size_t)s->cell_count + 1, sizeof *begin);
    int64_t *order = units_by_cell(r, u, s->cell_count, begin);
    int64_t *seat = shuffled(r, k); /* which fold gets the odd ones is chance, too */
    for (int64_t i = 0; i < u->count; i++)
        fold[order[i]] = seat[i % k];
    free(seat);
    free(order);
    free(begin);
}

typedef struct {
    const eae_units *units;
    const eae_strata *strata;
    int64_t k;
    int64_t *total;  /* samples of each cell in all units */
    int64_t *filled; /* k x cells: samples dealt so far */
    int64_t *size;   /* k: samples dealt so far */
    int64_t *seat;   /* the folds in random order */
    int64_t *round;  /* k: the last round in which a fold got a group */
} table;

/* What a group adds to the sum over folds of (share of a cell)^2 + (share of all)^2, less what
 * does not depend on the fold; smaller is evener. */
static double cost_of(const table *t, int64_t unit, int64_t fold)
{
    const eae_units *u = t->units;
    const int64_t *filled = t->filled + fold * t->strata->cell_count;
    double cost = (double)(t->size[fold] * unit_size(u, unit)) / (double)u->samples;
    for (int64_t m = u->first[unit]; m < u->first[unit + 1]; m++) {
        int64_t c = t->strata->cell_of[u->member[m]];
        cost += (double)filled[c] / (double)t->total[c];
    }
    return cost;
}

static int64_t choose_fold(const table *t, int64_t unit, int64_t round)
{
    int64_t best = -1;
    double lowest = HUGE_VAL;
    for (int64_t i = 0; i < t->k; i++) {
        int64_t f = t->seat[i];
        if (t->round[f] == round)
            continue;
        double cost = cost_of(t, unit, f);
        if (cost < lowest) {
            lowest = cost;
            best = f;
        }
    }
    return best;
}

static void place(table *t, int64_t unit, int64_t fold, int64_t round)
{
    const eae_units *u = t->units;
    for (int64_t m = u->first[unit]; m < u->first[unit + 1]; m++)
        t->filled[fold * t->strata->cell_count + t->strata->cell_of[u->member[m]]]++;
    t->size[fold] += unit_size(u, unit);
    t->round[fold] = round;
}

/* Largest first; a counting sort keeps the order given among equal sizes. */
static int64_t *sort_by_size(const eae_units *u, const int64_t *order)
{
    int64_t largest = 0;
    for (int64_t i = 0; i < u->count; i++)
        largest = unit_size(u, i) > largest ? unit_size(u, i) : largest;
    int64_t *at = EAE_NEW_ARRAY(int64_t, largest + 2);
    int64_t *sorted = eae_malloc((size_t)u->count, sizeof *sorted);
    for (int64_t i = 0; i < u->count; i++)
        at[largest - unit_size(u, i) + 1]++;
    for (int64_t z = 0; z <= largest; z++)
        at[z + 1] += at[z];
    for (int64_t i = 0; i < u->count; i++)
        sorted[at[largest - unit_size(u, order[i])]++] = order[i];
    free(at);
    return sorted;
}

static void deal_groups(eae_random *r, const eae_units *u, const eae_strata *s, int64_t k,
                        int64_t *fold)
{
    int64_t *begin = eae_malloc((size_t)s->cell_count + 1, sizeof *begin);
    int64_t *by_cell = units_by_cell(r, u, s->cell_count, begin);
    int64_t *order = sort_by_size(u, by_cell);
    table t = {.units = u, .strata = s, .k = k};
    t.total = EAE_NEW_ARRAY(int64_t, s->cell_count);
    t.filled = EAE_NEW_ARRAY(int64_t, k * s->cell_count);
    t.size = EAE_NEW_ARRAY(int64_t, k);
    t.round = eae_malloc((size_t)k, sizeof *t.round);
    t.seat = shuffled(r, k);
    for (int64_t f = 0; f < k; f++)
        t.round[f] = -1;
    for (int64_t m = 0; m < u->samples; m++)
        t.total[s->cell_of[u->member[m]]]++;
    for (int64_t i = 0; i < u->count; i++) {
        fold[order[i]] = choose_fold(&t, order[i], i / k);
        place(&t, order[i], fold[order[i]], i / k);
    }
    free(t.total);
    free(t.filled);
    free(t.size);
    free(t.round);
    free(t.seat);
    free(order);
    free(by_cell);
    free(begin);
}

void eae_draw_folds(eae_random *r, const eae_units *units, const eae_strata *strata, int64_t k,
                    int64_t *fold)
{
    if (strata->grouped)
        deal_groups(r, units, strata, k, fold);
    else
        deal_samples(r, units, strata, k, fold);
}

/* ---- hold-out --------------------------------------------------------------------------- */

/* Share `target` out over parts in proportion to their sizes, by largest remainders (Hamilton);
 * equal remainders in random order. share[i] <= size[i] where target <= total. */
static void apportion(eae_random *r, int64_t target, const int64_t *size, int64_t parts,
                      int64_t *share)
{
    int64_t total = 0, given = 0;
    for (int64_t i = 0; i < parts; i++)
        total += size[i];
    int64_t *order = shuffled(r, parts);
    int64_t *rest = eae_malloc((size_t)parts, sizeof *rest);
    for (int64_t i = 0; i < parts; i++) {
        share[i] = total > 0 ? target * size[i] / total : 0;
        rest[i] = total > 0 ? target * size[i] % total : 0;
        given += share[i];
    }
    for (; given < target && total > 0; given++) {
        int64_t best = order[0];
        for (int64_t i = 1; i < parts; i++) {
            if (rest[order[i]] > rest[best])
                best = order[i];
        }
        share[best]++;
        rest[best] = -1;
    }
    free(rest);
    free(order);
}

/* The class of every cell. */
static int64_t *classes_of_cells(const eae_units *u, const eae_strata *s)
{
    int64_t *class_of = EAE_NEW_ARRAY(int64_t, s->cell_count);
    for (int64_t m = 0; m < u->samples; m++)
        class_of[s->cell_of[u->member[m]]] = s->class_of[u->member[m]];
    return class_of;
}

/* How many units of each cell are held out: first by class, then within the class by cell. */
static void share_cells(eae_random *r, const eae_units *u, const eae_strata *s, int64_t target,
                        const int64_t *begin, int64_t *take)
{
    int64_t *class_of = classes_of_cells(u, s);
    int64_t *size = EAE_NEW_ARRAY(int64_t, s->class_count);
    int64_t *share = EAE_NEW_ARRAY(int64_t, s->class_count);
    int64_t *cell_size = EAE_NEW_ARRAY(int64_t, s->cell_count);
    for (int64_t c = 0; c < s->cell_count; c++)
        size[class_of[c]] += begin[c + 1] - begin[c];
    apportion(r, target, size, s->class_count, share);
    for (int64_t a = 0; a < s->class_count; a++) {
        if (s->stratified && s->needed[a] && size[a] > 1) {
            share[a] = share[a] < 1 ? 1 : share[a];
            share[a] = share[a] > size[a] - 1 ? size[a] - 1 : share[a];
        }
    }
    for (int64_t c = 0; c < s->cell_count;) {
        int64_t last = c;
        while (last < s->cell_count && class_of[last] == class_of[c])
            last++;
        for (int64_t i = c; i < last; i++)
            cell_size[i] = begin[i + 1] - begin[i];
        apportion(r, share[class_of[c]], cell_size + c, last - c, take + c);
        c = last;
    }
    free(class_of);
    free(size);
    free(share);
    free(cell_size);
}

void eae_draw_holdout(eae_random *r, const eae_units *u, const eae_strata *s, double fraction,
                      int16_t *use)
{
    int64_t target = (int64_t)floor(fraction * (double)u->count + 0.5);
    target = target < 1 ? 1 : target;
    target = target > u->count - 1 ? u->count - 1 : target;
    int64_t *begin = eae_malloc((size_t)s->cell_count + 1, sizeof *begin);
    int64_t *take = EAE_NEW_ARRAY(int64_t, s->cell_count);
    int64_t *order = units_by_cell(r, u, s->cell_count, begin);
    if (s->stratified)
        share_cells(r, u, s, target, begin, take);
    else
        take[0] = target;
    for (int64_t c = 0; c < s->cell_count; c++) {
        for (int64_t i = begin[c]; i < begin[c + 1]; i++)
            use[order[i]] = i - begin[c] < take[c] ? -1 : 1;
    }
    free(order);
    free(take);
    free(begin);
}

/* ---- bootstrap -------------------------------------------------------------------------- */

void eae_draw_bootstrap(eae_random *r, const eae_units *u, const eae_strata *s, int16_t *use)
{
    int64_t *begin = eae_malloc((size_t)s->cell_count + 1, sizeof *begin);
    int64_t *order = units_by_cell(r, u, s->cell_count, begin);
    memset(use, 0, (size_t)u->count * sizeof *use);
    for (int64_t c = 0; c < s->cell_count; c++) {
        int64_t size = begin[c + 1] - begin[c];
        for (int64_t i = 0; i < size; i++) {
            int64_t unit = order[begin[c] + (int64_t)eae_random_below(r, (uint64_t)size)];
            use[unit] += use[unit] < INT16_MAX;
        }
    }
    for (int64_t i = 0; i < u->count; i++)
        use[i] = use[i] > 0 ? use[i] : -1;
    free(order);
    free(begin);
}
