/* test_over_representation.c - hypergeometric tails against exact ones and R's, the sets shown
 * against all of them, and p-values of random lists against the uniform distribution. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "eval/enrich/over_representation.h"
#include "eval/enrich/redundancy.h"
#include "expected.h"
#include "model/distribution.h"

static void tails_are_exact(void **state)
{
    (void)state;
    expected_table t;
    expected_read(&t, "hypergeometric.tsv");
    int far = 0, wrong = 0;
    for (int i = 0; i < t.rows; i++) {
        int64_t n[4];
        for (int k = 0; k < 4; k++)
            n[k] = (int64_t)expected_number(&t, i, k);
        double *tail = malloc((size_t)(n[1] + 1) * sizeof *tail);
        eae_hypergeometric_tails(n[0], n[1], n[2], tail);
        double got = tail[n[3]], r = expected_number(&t, i, 4), exact = expected_number(&t, i, 5);
        far += exact < 1e-285;
        if (!expected_near(got, exact, 1e-12) || !expected_near(got, r, 1e-10)) {
            wrong++;
            print_error("%s of %s, %s drawn: %.17g, not %.17g\n", expected_text(&t, i, 1),
                        expected_text(&t, i, 0), expected_text(&t, i, 2), got, exact);
        }
        free(tail);
    }
    assert_int_equal(wrong, 0);
    assert_true(far > 10);
    expected_free(&t);
}

/* What cannot be otherwise has p = 1, and the last tail is the last probability. */
static void tails_at_the_ends(void **state)
{
    (void)state;
    double tail[11];
    eae_hypergeometric_tails(10, 10, 4, tail);
    for (int k = 0; k <= 4; k++)
        assert_true(tail[k] == 1);
    eae_hypergeometric_tails(10, 8, 5, tail); /* at least three */
    assert_true(tail[3] == 1 && expected_near(tail[4], 1 - 56.0 / 252, 1e-14));
    eae_hypergeometric_tails(10, 0, 5, tail);
    assert_true(tail[0] == 1);
    eae_hypergeometric_tails(10, 3, 0, tail);
    assert_true(tail[0] == 1);
    eae_hypergeometric_tails(10, 2, 2, tail);
    assert_true(expected_near(tail[2], 1 / 45.0, 1e-14));
}

/* ---- a family of random sets ------------------------------------------------------------- */

enum { GENES = 3000, INSIDE = 2400, SETS = 400, LISTS = 300 };

typedef struct {
    eae_gene_sets sets;
    eae_tested_sets tested;
    bool inside[GENES];
    int32_t *memory;
    eae_gene_list list[LISTS];
    eae_ora_result result[LISTS];
} family;

/* The first n of a shuffled range. */
static void draw(uint64_t index, int64_t *order, int64_t range)
{
    eae_random r;
    eae_random_start(&r, 7, EAE_RANDOM_ENRICH, index);
    for (int64_t i = 0; i < range; i++)
        order[i] = i;
    eae_random_shuffle(&r, order, (size_t)range);
}

/* Sets of 10 .. 300 genes; lists of `least` .. `most` genes inside; every tenth list is half of a
 * set.
 */
static family *make_family(int64_t least, int64_t most, bool planted)
{
    family *f = calloc(1, sizeof *f);
    int64_t order[GENES];
    eae_gene_sets_begin(&f->sets, "made/up.gmt");
    for (int64_t s = 0; s < SETS; s++) {
        char name[16];
        int n = snprintf(name, sizeof name, "s%d", (int)s);
        eae_gene_sets_add(&f->sets, name, (size_t)n, "", 0);
        draw((uint64_t)s, order, GENES);
        for (int64_t i = 0; i < 10 + s * 290 / SETS; i++)
            eae_gene_sets_add_gene(&f->sets, order[i]);
    }
    for (int64_t g = 0; g < INSIDE; g++)
        f->inside[g] = true;
    eae_tested_sets_make(&f->tested, &f->sets, f->inside, GENES, 10, 500);
    f->memory = malloc(sizeof *f->memory * LISTS * (size_t)most);
    for (int64_t l = 0; l < LISTS; l++) {
        int32_t *gene = f->memory + l * most;
        int64_t n = least + l % (most - least + 1), count = 0;
        bool used[GENES] = {false};
        draw(1000 + (uint64_t)l, order, INSIDE);
        for (int64_t i = f->sets.begin[l]; planted && l % 10 == 0 && i < f->sets.begin[l + 1];
             i++) {
            int32_t g = f->sets.gene[i];
            if (g < INSIDE && count < n / 2) {
                used[g] = true;
                gene[count++] = g;
            }
        }
        for (int64_t i = 0; i < INSIDE && count < n; i++) {
            if (!used[order[i]])
                gene[count++] = (int32_t)order[i];
        }
        f->list[l] = (eae_gene_list){gene, count};
    }
    return f;
}

static void run(family *f, double alpha, int rule, int threads)
{
    const eae_ora_rule how = {alpha, rule};
    for (int l = 0; l < LISTS; l++)
        free(f->result[l].line);
    assert_int_equal(eae_over_representation(&f->tested, f->list, LISTS, &how, threads, f->result),
                     EAE_OK);
}

static void free_family(family *f)
{
    for (int l = 0; l < LISTS; l++)
        free(f->result[l].line);
    eae_tested_sets_free(&f->tested);
    eae_gene_sets_free(&f->sets);
    free(f->memory);
    free(f);
}

/* ---- what is shown ----------------------------------------------------------------------- */

static void overlaps_are_counted(void **state)
{
    (void)state;
    family *f = make_family(5, 120, true);
    run(f, 1, EAE_ADJUST_BH, 2);
    for (int l = 0; l < LISTS; l += 7) {
        assert_int_equal(f->result[l].count, f->tested.count);
        for (int64_t k = 0; k < f->result[l].count; k++) {
            const eae_ora_line *line = &f->result[l].line[k];
            int64_t set = f->tested.set[line->tested], overlap = 0, size = 0;
            for (int64_t i = f->sets.begin[set]; i < f->sets.begin[set + 1]; i++) {
                size += f->sets.gene[i] < INSIDE;
                for (int64_t j = 0; j < f->list[l].count; j++)
                    overlap += f->list[l].gene[j] == f->sets.gene[i];
            }
            assert_int_equal(line->overlap, overlap);
            assert_int_equal(f->tested.size[line->tested], size);
            assert_true(k == 0 || f->result[l].line[k - 1].p <= line->p);
        }
    }
    free_family(f);
}

/* The lines of `alpha` are those of all lines that the rule lets through, with the same numbers. */
static void shown_are_those_of_all(void **state)
{
    (void)state;
    static const double alphas[] = {1e-6, 0.05, 0.3, 0.9};
    family *all = make_family(5, 120, true), *some = make_family(5, 120, true);
    run(all, 1, EAE_ADJUST_BH, 1);
    int shown = 0;
    for (int rule = EAE_ADJUST_BONFERRONI; rule <= EAE_ADJUST_BY; rule++) {
        for (int a = 0; a < 4; a++) {
            run(some, alphas[a], rule, 1 + a);
            for (int l = 0; l < LISTS; l++) {
                int64_t at = 0;
                for (int64_t k = 0; k < all->result[l].count; k++) {
                    const eae_ora_line *line = &all->result[l].line[k];
                    if (line->adjusted[rule] > alphas[a])
                        continue;
                    assert_true(at < some->result[l].count);
                    assert_memory_equal(line, &some->result[l].line[at++], sizeof *line);
                }
                assert_int_equal(at, some->result[l].count);
                shown += (int)at;
            }
        }
    }
    assert_true(shown > 1000);
    free_family(all);
    free_family(some);
}

static void uncorrected(void **state)
{
    (void)state;
    family *all = make_family(5, 120, true), *some = make_family(5, 120, true);
    run(all, 1, EAE_ADJUST_NOT, 1);
    run(some, 0.05, EAE_ADJUST_NOT, 3);
    for (int l = 0; l < LISTS; l++) {
        int64_t n = some->result[l].count;
        assert_true(n == all->result[l].count || all->result[l].line[n].p > 0.05);
        assert_true(n == 0 || some->result[l].line[n - 1].p <= 0.05);
        assert_true(n == 0 || isnan(some->result[l].line[0].adjusted[EAE_ADJUST_BH]));
    }
    free_family(all);
    free_family(some);
}

/* ---- random lists ------------------------------------------------------------------------ */

static int increasing(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's distance from uniform, times sqrt(n): above 1.95 in one of 1,000. The
 * p-values are discrete, so that each is drawn evenly from the step that it stands for. A list
 * gives one: those of its sets hang together. */
static double distance(const family *f, int64_t universe)
{
    double p[LISTS], largest = 0;
    double *tail = malloc(sizeof *tail * 501);
    eae_random r;
    eae_random_start(&r, 11, EAE_RANDOM_ENRICH, 1);
    for (int l = 0; l < LISTS; l++) {
        const eae_ora_line *line = f->result[l].line;
        while (line->tested != (l * 37) % f->tested.count)
            line++;
        int64_t size = f->tested.size[line->tested], list = f->list[l].count;
        int64_t most = size < list ? size : list;
        eae_hypergeometric_tails(universe, size, list, tail);
        double above = line->overlap < most ? tail[line->overlap + 1] : 0;
        p[l] = above + eae_random_unit(&r) * (tail[line->overlap] - above);
        if (universe == f->tested.universe)
            assert_true(tail[line->overlap] == line->p);
    }
    qsort(p, LISTS, sizeof *p, increasing);
    for (int l = 0; l < LISTS; l++) {
        largest = fmax(largest, fabs(p[l] - (double)l / LISTS));
        largest = fmax(largest, fabs((double)(l + 1) / LISTS - p[l]));
    }
    free(tail);
    return largest * sqrt(LISTS);
}

static void random_lists_are_uniform(void **state)
{
    (void)state;
    family *f = make_family(60, 300, false);
    run(f, 1, EAE_ADJUST_NOT, 2);
    double valid = 0;
    for (int l = 0; l < LISTS; l++) {
        for (int64_t k = 0; k < f->result[l].count; k++)
            valid += f->result[l].line[k].p <= 0.05;
    }
    assert_true(valid / (LISTS * (double)f->tested.count) < 0.055);
    assert_true(distance(f, INSIDE) < 1.95);
    /* the test sees a universe that is too large: what most tools have by default */
    assert_true(distance(f, GENES) > 1.95);
    free_family(f);
}

/* ---- effects, redundancy ----------------------------------------------------------------- */

static void effects(void **state)
{
    (void)state;
    eae_ora_effect e = eae_ora_effect_of(4, 10, 20, 100);
    assert_true(e.expected == 2);
    assert_true(expected_near(e.odds_ratio, 4 * 74 / (6.0 * 16), 1e-15));
    assert_true(e.low < e.odds_ratio && e.odds_ratio < e.high);
    e = eae_ora_effect_of(10, 10, 20, 100);
    assert_true(isinf(e.odds_ratio) && isfinite(e.low) && isfinite(e.high));
    e = eae_ora_effect_of(0, 0, 20, 20);
    assert_true(isnan(e.odds_ratio));
}

static void redundant_sets(void **state)
{
    (void)state;
    /* a = 0..9, b = 0..19 (a within it), c = 15..34, d = 40..49 */
    static const int from[] = {0, 0, 15, 40}, to[] = {10, 20, 35, 50};
    eae_gene_sets sets;
    eae_tested_sets tested;
    bool inside[60];
    eae_ora_line line[4];
    eae_ora_result result = {line, 4};
    int64_t pruned;
    memset(inside, true, sizeof inside);
    eae_gene_sets_begin(&sets, "x");
    for (int s = 0; s < 4; s++) {
        eae_gene_sets_add(&sets, &"abcd"[s], 1, "", 0);
        for (int g = from[s]; g < to[s]; g++)
            eae_gene_sets_add_gene(&sets, g);
        line[s] = (eae_ora_line){.tested = s};
    }
    eae_tested_sets_make(&tested, &sets, inside, 60, 1, 60);
    eae_prune_redundant(&tested, 0.5, 0, &result, &pruned);
    assert_int_equal(pruned, 1);
    assert_int_equal(result.count, 3);
    assert_int_equal(line[0].tested, 0);
    assert_int_equal(line[1].tested,
                     2); /* shares a quarter with b, which is gone, nothing with a */
    assert_int_equal(line[2].tested, 3);
    for (int s = 0; s < 4; s++)
        line[s] = (eae_ora_line){.tested = 3 - s};
    result = (eae_ora_result){line, 4};
    eae_prune_redundant(&tested, 0.25, 2, &result, &pruned);
    assert_int_equal(result.count, 2); /* d, c, and there are two */
    assert_int_equal(pruned, 0);
    for (int s = 0; s < 4; s++)
        line[s] = (eae_ora_line){.tested = 3 - s};
    result = (eae_ora_result){line, 4};
    eae_prune_redundant(&tested, 0.25, 0, &result, &pruned);
    assert_int_equal(result.count, 3); /* d, c, a: b shares a quarter with c */
    assert_int_equal(line[2].tested, 0);
    eae_tested_sets_free(&tested);
    eae_gene_sets_free(&sets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_are_exact),
        cmocka_unit_test(tails_at_the_ends),
        cmocka_unit_test(overlaps_are_counted),
        cmocka_unit_test(shown_are_those_of_all),
        cmocka_unit_test(uncorrected),
        cmocka_unit_test(random_lists_are_uniform),
        cmocka_unit_test(effects),
        cmocka_unit_test(redundant_sets),
    };
    return cmocka_run_group_tests_name("over_representation", tests, NULL, NULL);
}
