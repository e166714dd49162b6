/*
 * test_gsea.c - enrichment of gene sets in a ranking: scores against the definition, p-values
 * against enumeration, counting and fgsea (tests/expected/gsea.R), and what must hold whatever the
 * numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../tolerance.h"
#include "base/memory.h"
#include "base/random.h"
#include "eval/enrich/gsea_parts.h"
#include "table.h"

#define DATA "tests/data/expected/"

/* ---- sets and statistics ------------------------------------------------------------------- */

typedef struct {
    eae_gsea_input in;
    double *statistic;
    int64_t *begin, *member;
} problem;

static problem make_problem(int64_t genes, int64_t sets, int64_t members)
{
    problem p;
    p.statistic = eae_calloc((size_t)genes, sizeof *p.statistic);
    p.begin = eae_calloc((size_t)sets + 1, sizeof *p.begin);
    p.member = eae_calloc((size_t)members, sizeof *p.member);
    p.in = (eae_gsea_input){genes, p.statistic, sets, p.begin, p.member};
    return p;
}

static void free_problem(problem *p)
{
    free(p->statistic);
    free(p->begin);
    free(p->member);
}

/* Set i: `size` different genes. */
static void draw_set(problem *p, int64_t i, int64_t size, eae_random *r)
{
    int64_t *gene = eae_malloc((size_t)p->in.genes, sizeof *gene);
    for (int64_t g = 0; g < p->in.genes; g++)
        gene[g] = g;
    eae_random_shuffle(r, gene, (size_t)p->in.genes);
    memcpy(p->member + p->begin[i], gene, (size_t)size * sizeof *gene);
    p->begin[i + 1] = p->begin[i] + size;
    free(gene);
}

/* Near to normal: the sum of twelve uniform ones. */
static double near_normal(eae_random *r)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += eae_random_unit(r);
    return sum;
}

static eae_gsea must_run(const problem *p, const eae_gsea_options *o)
{
    eae_gsea g;
    assert_int_equal(eae_gsea_run(&p->in, o, &g), EAE_OK);
    return g;
}

/* ---- the definition, gene by gene ---------------------------------------------------------- */

typedef struct {
    double es;
    int64_t at; /* the gene's position at the extreme; for es < 0 the first after it */
} plain;

/* order: genes from the top; in: whether each gene is in the set. */
static plain plain_score(const double *statistic, const int64_t *order, const bool *in, int64_t n)
{
    double all = 0, k = 0, sum = 0, up = 0, down = 0;
    int64_t peak = -1, trough = -1;
    for (int64_t g = 0; g < n; g++) {
        all += in[g] ? fabs(statistic[g]) : 0;
        k += in[g];
    }
    for (int64_t p = 0; p < n; p++) {
        int64_t g = order[p];
        if (in[g])
            sum += all > 0 ? fabs(statistic[g]) / all : 1 / k;
        else
            sum -= 1 / ((double)n - k);
        if (sum > up + 1e-13) {
            up = sum;
            peak = p;
        }
        if (sum < down - 1e-13) {
            down = sum;
            trough = p + 1;
        }
    }
    if (fabs(up + down) < 1e-12)
        return (plain){0, -1};
    return up > -down ? (plain){up, peak} : (plain){down, trough};
}

/* From the top: higher first, equal ones by index. */
static void plain_order(const double *statistic, int64_t n, int64_t *order)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t j = i;
        for (; j > 0 && statistic[order[j - 1]] < statistic[i]; j--)
            order[j] = order[j - 1];
        order[j] = i;
    }
}

static void check_set(const problem *p, const eae_gsea *g, int64_t i, const int64_t *order)
{
    int64_t n = p->in.genes, edge = 0, at = 0;
    bool *in = eae_calloc((size_t)n, sizeof *in);
    for (int64_t j = p->begin[i]; j < p->begin[i + 1]; j++)
        in[p->member[j]] = true;
    plain want = plain_score(p->statistic, order, in, n);
    const eae_gsea_line *line = &g->line[i];
    assert_int_equal(line->size, p->begin[i + 1] - p->begin[i]);
    if (fabs(line->es - want.es) > 1e-12)
        fail_msg("set %d: es %.17g, not %.17g", (int)i, line->es, want.es);
    for (int64_t q = 0, j = p->begin[i]; q < n; q++) {
        if (!in[order[q]])
            continue;
        assert_int_equal(g->ranked[j], order[q]);
        bool leads = want.es > 0 ? q <= want.at : want.es < 0 && q >= want.at;
        assert_int_equal(leads, j >= line->edge_begin && j < line->edge_end);
        edge += leads;
        at = j++;
    }
    assert_int_equal(at, p->begin[i + 1] - 1);
    assert_int_equal(edge, line->edge_end - line->edge_begin);
    free(in);
}

static void scores_equal_the_definition(void **state)
{
    (void)state;
    eae_random r;
    eae_random_start(&r, 7, EAE_RANDOM_ENRICH, 0);
    int64_t order[97];
    for (int kind = 0; kind < 4; kind++) { /* normal, tied, mostly 0, all positive */
        problem p = make_problem(97, 60, 60 * 97);
        for (int64_t g = 0; g < 97; g++) {
            double x = near_normal(&r);
            p.statistic[g] = kind == 1            ? rint(2 * x)
                             : kind == 2 && x < 1 ? 0
                             : kind == 3          ? fabs(x)
                                                  : x;
        }
        for (int64_t i = 0; i < 60; i++)
            draw_set(&p, i, i < 3 ? 1 : i < 6 ? 96 : 1 + (int64_t)eae_random_below(&r, 60), &r);
        plain_order(p.statistic, 97, order);
        eae_gsea_options o = eae_gsea_defaults();
        o.draws = 200;
        o.eps = 0.01;
        eae_gsea g = must_run(&p, &o);
        for (int64_t i = 0; i < 60; i++)
            check_set(&p, &g, i, order);
        eae_gsea_free(&g);
        free_problem(&p);
    }
}

/* ---- every set there is -------------------------------------------------------------------- */

enum { SMALL = 14, CHOSEN = 5, SUBSETS = 2002 };

/* All sets of CHOSEN of SMALL genes. */
static problem every_set(int kind)
{
    eae_random r;
    eae_random_start(&r, 11, EAE_RANDOM_ENRICH, (uint64_t)kind);
    problem p = make_problem(SMALL, SUBSETS, SUBSETS * CHOSEN);
    for (int64_t g = 0; g < SMALL; g++) {
        double x = near_normal(&r);
        p.statistic[g] = kind == 1   ? rint(x)
                         : kind == 2 ? (g < 4 ? x : 0)
                         : kind == 3 ? fabs(x) + 0.2
                                     : x;
    }
    int64_t at = 0, set = 0;
    for (unsigned bits = 0; bits < 1U << SMALL; bits++) {
        if (__builtin_popcount(bits) != CHOSEN)
            continue;
        for (int64_t g = 0; g < SMALL; g++) {
            if (bits >> g & 1)
                p.member[at++] = g;
        }
        p.begin[++set] = at;
    }
    assert_int_equal(set, SUBSETS);
    return p;
}

static double exact_p(const double *es, int64_t i)
{
    double with = 0, extreme = 0;
    if (es[i] == 0)
        return 1;
    for (int64_t j = 0; j < SUBSETS; j++) {
        with += es[j] * es[i] > 0;
        extreme += es[j] * es[i] > 0 && fabs(es[j]) >= fabs(es[i]) - 1e-12;
    }
    return extreme / with;
}

/* Every set tested among all others; draws are few, so that levels give most of the p-values. */
static void p_equals_enumeration(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        problem p = every_set(kind);
        eae_gsea_options o = eae_gsea_defaults();
        o.draws = 1000;
        o.samples = 501;
        o.eps = 0;
        eae_gsea g = must_run(&p, &o);
        double es[SUBSETS], worst = 0;
        for (int64_t i = 0; i < SUBSETS; i++)
            es[i] = g.line[i].es;
        for (int64_t i = 0; i < SUBSETS; i++) {
            double want = exact_p(es, i), off = fabs(log2(g.line[i].p / want));
            double error = g.line[i].log2err;
            if (isnan(error) ? want > 3.0 / SUBSETS : off > 4.5 * error + 0.01)
                fail_msg("kind %d, set %d, es %g: p %g, not %g, error %g", kind, (int)i, es[i],
                         g.line[i].p, want, error);
            worst = off > worst ? off : worst;
            assert_true(g.line[i].p >= 1.0 / SUBSETS * (1 - 1e-12));
        }
        assert_true(worst > 0); /* or nothing was estimated */
        eae_gsea_free(&g);
        free_problem(&p);
    }
}

/* ---- fgsea --------------------------------------------------------------------------------- */

static problem read_problem(const table *statistic, const table *sets)
{
    int64_t members = 0;
    for (int i = 0; i < sets->rows; i++)
        members += (int64_t)table_number(sets, i, 1);
    problem p = make_problem(statistic->rows, sets->rows, members);
    for (int64_t g = 0; g < statistic->rows; g++)
        p.statistic[g] = table_number(statistic, (int)g, 1);
    int64_t at = 0;
    for (int i = 0; i < sets->rows; i++) {
        char *text = sets->cell[i][0];
        for (char *word; (word = strsep(&text, " "));)
            p.member[at++] = strtoll(word, NULL, 10) - 1;
        p.begin[i + 1] = at;
    }
    return p;
}

static void p_agrees_with_fgsea(void **state)
{
    (void)state;
    table statistic = table_read(DATA "gsea_statistic.tsv"), sets = table_read(DATA "gsea.tsv");
    problem p = read_problem(&statistic, &sets);
    eae_gsea_options o = eae_gsea_defaults();
    o.eps = 0;
    eae_gsea g = must_run(&p, &o);
    int small = 0;
    double sum = 0;
    for (int i = 0; i < sets.rows; i++) {
        const eae_gsea_line *x = &g.line[i];
        double sd = x->log2err > 0.05 ? x->log2err : 0.05;
        double off = (log2(x->p) - table_number(&sets, i, 4)) / sd;
        if (fabs(x->es - table_number(&sets, i, 2)) > 1e-9 || fabs(off) > 4 ||
            fabs(x->nes / table_number(&sets, i, 3) - 1) > 0.05)
            fail_msg("row %d: es %.17g nes %g log2 p %g, off by %g", i + 2, x->es, x->nes,
                     log2(x->p), off);
        small += x->p < 1e-10;
        sum += off;
    }
    assert_int_equal(small, 3);
    assert_true(fabs(sum) < 4 * sqrt(sets.rows)); /* nor all to one side */
    eae_gsea_free(&g);
    free_problem(&p);
    table_free(&sets);
    table_free(&statistic);
}

/* ---- what must hold ------------------------------------------------------------------------ */

/* Sets drawn at random, and some with genes of one end. */
static problem study(int64_t genes, int64_t sets, int64_t planted, uint64_t seed)
{
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_ENRICH, 0);
    problem p = make_problem(genes, sets, sets * 60);
    for (int64_t g = 0; g < genes; g++)
        p.statistic[g] = near_normal(&r);
    for (int64_t i = 0; i < sets; i++)
        draw_set(&p, i, (i < planted ? 25 : 5) + (int64_t)eae_random_below(&r, 35), &r);
    for (int64_t i = 0; i < planted; i++) {
        double sign = i % 2 ? -1 : 1;
        for (int64_t j = p.begin[i]; j < p.begin[i + 1]; j++)
            p.statistic[p.member[j]] += sign * 0.8;
    }
    return p;
}

static void assert_same_line(eae_gsea_line a, eae_gsea_line b)
{
    assert_int_equal(a.size, b.size);
    assert_memory_equal(&a.es, &b.es, sizeof a.es);
    assert_memory_equal(&a.nes, &b.nes, sizeof a.nes);
    assert_memory_equal(&a.p, &b.p, sizeof a.p);
    assert_memory_equal(&a.log2err, &b.log2err, sizeof a.log2err);
}

static void threads_and_other_sets_change_nothing(void **state)
{
    (void)state;
    problem p = study(800, 60, 8, 3);
    eae_gsea_options o = eae_gsea_defaults();
    o.draws = 1000;
    eae_gsea one = must_run(&p, &o), four;
    o.threads = 4;
    four = must_run(&p, &o);
    for (int64_t i = 0; i < 60; i++)
        assert_same_line(one.line[i], four.line[i]);
    for (int64_t i = 0; i < 10; i++) { /* each alone, its members in another order */
        int64_t k = p.begin[i + 1] - p.begin[i], begin[2] = {0, k};
        int64_t *member = eae_malloc((size_t)k, sizeof *member);
        for (int64_t j = 0; j < k; j++)
            member[j] = p.member[p.begin[i + 1] - 1 - j];
        eae_gsea_input in = {800, p.statistic, 1, begin, member};
        eae_gsea alone;
        assert_int_equal(eae_gsea_run(&in, &o, &alone), EAE_OK);
        assert_same_line(one.line[i], alone.line[0]);
        eae_gsea_free(&alone);
        free(member);
    }
    o.seed = 2;
    eae_gsea other = must_run(&p, &o);
    assert_true(other.line[0].p != one.line[0].p);
    eae_gsea_free(&one);
    eae_gsea_free(&four);
    eae_gsea_free(&other);
    free_problem(&p);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov: the distance is below 1.95 / sqrt(n) in 999 of 1,000 cases. */
static void random_sets_have_uniform_p(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    enum { SETS = 200 }; /* where all takes eight times as long */
#else
    enum { SETS = 2000 };
#endif
    problem p = study(1000, SETS, 0, 17);
    eae_gsea_options o = eae_gsea_defaults();
    o.threads = 2;
    eae_gsea g = must_run(&p, &o);
    double value[SETS], distance = 0, small = 0;
    for (int64_t i = 0; i < SETS; i++) {
        value[i] = g.line[i].p;
        small += value[i] <= 0.01;
    }
    qsort(value, SETS, sizeof *value, by_value);
    for (int64_t i = 0; i < SETS; i++) {
        double low = fabs(value[i] - (double)i / SETS),
               high = fabs(value[i] - (double)(i + 1) / SETS);
        distance = low > distance ? low : distance;
        distance = high > distance ? high : distance;
    }
    if (distance > 1.95 / sqrt(SETS) || fabs(small - SETS / 100.0) > 4 * sqrt(SETS / 100.0))
        fail_msg("distance %g, %g of %d below 0.01", distance, small, SETS);
    eae_gsea_free(&g);
    free_problem(&p);
}

static void planted_sets_are_found(void **state)
{
    (void)state;
    problem p = study(1000, 40, 4, 23);
    eae_gsea_options o = eae_gsea_defaults();
    eae_gsea g = must_run(&p, &o);
    for (int64_t g1 = 0; g1 < 1000; g1++)
        p.statistic[g1] = -p.statistic[g1];
    eae_gsea mirror = must_run(&p, &o);
    for (int64_t i = 0; i < 40; i++) {
        if (i < 4) {
            assert_true(i % 2 ? g.line[i].es < 0 : g.line[i].es > 0);
            assert_true(g.line[i].p < 1e-3);
            assert_true(fabs(g.line[i].nes) > 1.5);
        } else {
            assert_true(g.line[i].p > 1e-4);
        }
        assert_true(fabs(g.line[i].es + mirror.line[i].es) < 1e-12);
        assert_true(fabs(g.line[i].nes / mirror.line[i].nes + 1) < 0.1);
    }
    eae_gsea_free(&g);
    eae_gsea_free(&mirror);
    free_problem(&p);
}

/* ---- odd cases ----------------------------------------------------------------------------- */

static void sets_of_none_and_of_all_have_no_score(void **state)
{
    (void)state;
    problem p = make_problem(4, 3, 9);
    int64_t begin[] = {0, 0, 4, 7}, member[] = {0, 1, 2, 3, 0, 1, 2};
    memcpy(p.begin, begin, sizeof begin);
    memcpy(p.member, member, sizeof member);
    for (int g = 0; g < 4; g++)
        p.statistic[g] = 4 - g;
    eae_gsea_options o = eae_gsea_defaults();
    eae_gsea g = must_run(&p, &o);
    for (int i = 0; i < 2; i++) {
        assert_true(isnan(g.line[i].es) && isnan(g.line[i].nes) && isnan(g.line[i].p));
        assert_int_equal(g.line[i].edge_begin, g.line[i].edge_end);
    }
    /* three of four at the top; the other sets have 7/8, 4/7 and -1 */
    assert_true(g.line[2].es == 1);
    assert_true(fabs(log2(3 * g.line[2].p)) < 0.2);
    eae_gsea_free(&g);
    free_problem(&p);
}

/* One gene in the middle of three is as far from one end as from the other. */
static void a_set_without_direction_has_p_1(void **state)
{
    (void)state;
    problem p = make_problem(3, 1, 1);
    double statistic[] = {-1, 5, 2};
    memcpy(p.statistic, statistic, sizeof statistic);
    p.begin[1] = 1;
    p.member[0] = 2;
    eae_gsea_options o = eae_gsea_defaults();
    eae_gsea g = must_run(&p, &o);
    assert_true(g.line[0].es == 0 && g.line[0].nes == 0 && g.line[0].p == 1);
    assert_int_equal(g.line[0].edge_begin, g.line[0].edge_end);
    eae_gsea_free(&g);
    free_problem(&p);
}

/* Positive statistics alone, sets at their low end: one random set in a hundred or two has their
 * sign. With few draws the share of those comes from the levels, with many from counting. */
static void a_rare_sign_has_its_p(void **state)
{
    (void)state;
    enum { GENES = 600, SIZE = 30, SETS = 5, DRAWS = 60000 };
    problem p = make_problem(GENES, SETS, SIZE * SETS);
    for (int64_t g = 0; g < GENES; g++)
        p.statistic[g] = 1 + 3 * (1 - (double)g / GENES);
    for (int64_t i = 0; i < SETS; i++) {
        for (int64_t j = 0; j < SIZE; j++) /* evenly from a gene further down on */
            p.member[i * SIZE + j] = GENES - 1 - j * (GENES - 20 * (i + 3)) / SIZE;
        p.begin[i + 1] = (i + 1) * SIZE;
    }
    eae_gsea_options o = eae_gsea_defaults();
    o.draws = 200;
    eae_gsea g = must_run(&p, &o);
    double share = 0, *value = eae_malloc(DRAWS, sizeof *value), below[GENES + 1] = {0};
    eae_gsea_ranking ranking = {GENES, p.statistic, below};
    int64_t size = SIZE;
    assert_int_equal(eae_gsea_random_scores(&ranking, &size, 1, DRAWS, 5, 2, value), EAE_OK);
    for (int64_t b = 0; b < DRAWS; b++)
        share += value[b] < 0;
    assert_true(share > 0.002 * DRAWS && share < 0.05 * DRAWS);
    for (int64_t i = 0; i < SETS; i++) {
        const eae_gsea_line *x = &g.line[i];
        double extreme = 0;
        for (int64_t b = 0; b < DRAWS; b++)
            extreme += value[b] < 0 && value[b] <= x->es + 1e-12;
        if (fabs(log2(x->p * share / extreme)) > 3.5 * x->log2err + 3 / sqrt(extreme))
            fail_msg("es %g: p %g, error %g; %g of %g", x->es, x->p, x->log2err, extreme, share);
    }
    assert_true(g.line[SETS - 1].p < 0.1);
    eae_gsea_free(&g);
    free(value);
    free_problem(&p);
}

static void eps_is_where_p_ends(void **state)
{
    (void)state;
    problem p = make_problem(100, 1, 6);
    for (int64_t g = 0; g < 100; g++)
        p.statistic[g] = 50.5 - (double)g;
    for (int64_t j = 0; j < 6; j++)
        p.member[j] = j;
    p.begin[1] = 6;
    eae_gsea_options o = eae_gsea_defaults();
    o.eps = 1e-5;
    eae_gsea g = must_run(&p, &o);
    assert_true(fabs(g.line[0].p / 1e-5 - 1) < 1e-12 && isnan(g.line[0].log2err));
    eae_gsea_free(&g);
    o.eps = 0; /* one set in all: 1 / C(100, 6) = 8.39e-10 */
    g = must_run(&p, &o);
    assert_true(g.line[0].p >= 8.38e-10 && g.line[0].p < 1e-7);
    eae_gsea_free(&g);
    free_problem(&p);
}

static void numbers_of_any_size_are_ranked(void **state)
{
    (void)state;
    static const double scales[] = {1, 0x1p-1000, 0x1p1010};
    eae_gsea_line first = {0};
    for (int s = 0; s < 3; s++) {
        problem p = study(300, 4, 2, 5);
        for (int64_t g = 0; g < 300; g++)
            p.statistic[g] *= scales[s];
        eae_gsea_options o = eae_gsea_defaults();
        eae_gsea g = must_run(&p, &o);
        if (s == 0)
            first = g.line[0];
        assert_same_line(first, g.line[0]);
        eae_gsea_free(&g);
        free_problem(&p);
    }
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    problem p = study(50, 2, 0, 9);
    eae_gsea_options o = eae_gsea_defaults();
    eae_gsea g;
    int64_t kept = p.member[1];
    p.member[1] = p.member[0];
    assert_int_equal(eae_gsea_run(&p.in, &o, &g), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "twice"));
    p.member[1] = 50;
    assert_int_equal(eae_gsea_run(&p.in, &o, &g), EAE_FAIL);
    p.member[1] = -1;
    assert_int_equal(eae_gsea_run(&p.in, &o, &g), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "no gene"));
    p.member[1] = kept;
    double bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        p.statistic[7] = bad[i];
        assert_int_equal(eae_gsea_run(&p.in, &o, &g), EAE_FAIL);
        assert_non_null(strstr(eae_message(), "gene 8 is not finite"));
    }
    p.statistic[7] = 0;
    o.samples = 2;
    assert_int_equal(eae_gsea_run(&p.in, &o, &g), EAE_FAIL);
    free_problem(&p);
}

static void no_sets_are_no_lines(void **state)
{
    (void)state;
    problem p = make_problem(10, 0, 1);
    eae_gsea_options o = eae_gsea_defaults();
    eae_gsea g = must_run(&p, &o);
    eae_gsea_free(&g);
    free_problem(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_equal_the_definition),
        cmocka_unit_test(p_equals_enumeration),
        cmocka_unit_test(p_agrees_with_fgsea),
        cmocka_unit_test(threads_and_other_sets_change_nothing),
        cmocka_unit_test(random_sets_have_uniform_p),
        cmocka_unit_test(planted_sets_are_found),
        cmocka_unit_test(sets_of_none_and_of_all_have_no_score),
        cmocka_unit_test(a_set_without_direction_has_p_1),
        cmocka_unit_test(a_rare_sign_has_its_p),
        cmocka_unit_test(eps_is_where_p_ends),
        cmocka_unit_test(numbers_of_any_size_are_ranked),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(no_sets_are_no_lines),
    };
    return cmocka_run_group_tests_name("gsea", tests, NULL, NULL);
}
