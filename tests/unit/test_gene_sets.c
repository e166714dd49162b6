/* test_gene_sets.c - sets from files, an ontology, lists of names: what is read, what is refused,
 * and that nothing is left in memory when it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "eval/enrich/gene_sets.h"
#include "eval/enrich/ontology.h"
#include "eval/enrich/signature.h"

static const char *const folder = "tests/data/enrich/";

/* A file of these bytes; the caller removes it by eae_temp_remove(). */
static char *file_of(const char *text, size_t length)
{
    char *path;
    int fd = eae_temp_named(NULL, ".txt", &path);
    assert_true(fd >= 0);
    assert_int_equal(eae_write_all(fd, text, length, path), EAE_OK);
    close(fd);
    return path;
}

static void names_grow(void **state)
{
    (void)state;
    eae_name_set set = {0};
    char name[16];
    assert_int_equal(eae_name_set_find(&set, "x", 1), -1);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5000; i++) {
            int n = snprintf(name, sizeof name, "n%d", i);
            assert_int_equal(eae_name_set_add(&set, name, (size_t)n), i);
        }
    }
    assert_int_equal(set.names.count, 5000);
    assert_int_equal(eae_name_set_find(&set, "n4999x", 5), 4999); /* the length counts */
    assert_int_equal(eae_name_set_find(&set, "n5000", 5), -1);
    assert_int_equal(eae_name_set_find(&set, "n", 1), -1);
    assert_int_equal(eae_name_set_add(&set, "", 0), 5000);
    assert_int_equal(eae_name_set_find(&set, "", 0), 5000);
    eae_name_set_free(&set);
}

static void sets_are_read(void **state)
{
    (void)state;
    static const char text[] = "# comment\n\na\tfirst\tG1\tG2\tG1\t\tG3\r\nb\t\nc\tlast\tG2";
    eae_name_set genes = {0};
    eae_gene_sets sets;
    char *path = file_of(text, sizeof text - 1);
    eae_name_set_add(&genes, "G0", 2);
    assert_int_equal(eae_gene_sets_read(&sets, path, &genes), EAE_OK);
    assert_int_equal(sets.count, 3);
    assert_int_equal(genes.names.count, 4);
    static const int64_t begin[] = {0, 3, 3, 4};
    static const int32_t gene[] = {1, 2, 3, 2};
    assert_memory_equal(sets.begin, begin, sizeof begin);
    assert_memory_equal(sets.gene, gene, sizeof gene);
    assert_string_equal(eae_name(&sets.description, 0), "first");
    assert_string_equal(eae_name(&sets.description, 1), "");
    /* in a universe without G3 */
    const bool inside[] = {true, true, true, false};
    eae_tested_sets t;
    eae_tested_sets_make(&t, &sets, inside, 4, 2, 10);
    assert_int_equal(t.universe, 3);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.size[0], 2);
    assert_int_equal(t.small, 1);
    assert_int_equal(t.absent, 1);
    static const int64_t places[] = {0, 0, 1, 2, 2};
    assert_memory_equal(t.begin, places, sizeof places);
    eae_tested_sets_free(&t);
    eae_gene_sets_free(&sets);
    eae_name_set_free(&genes);
    eae_temp_remove(path);
}

static void bad_sets(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {{"a\tb\tG1\na\tb\tG2\n", "two sets have the name"},
               {"a\n", ":1: not a set"},
               {"\tb\tG1\n", ":1: not a set"},
               {"# only\n", "no gene set"}};
    for (int i = 0; i < 4; i++) {
        eae_name_set genes = {0};
        eae_gene_sets sets;
        char *path = file_of(bad[i].text, strlen(bad[i].text));
        assert_int_equal(eae_gene_sets_read(&sets, path, &genes), EAE_FAIL);
        assert_non_null(strstr(eae_message(), bad[i].says));
        eae_name_set_free(&genes);
        eae_temp_remove(path);
    }
}

static void an_ontology(void **state)
{
    (void)state;
    char obo[64], gaf[64];
    eae_ontology o;
    eae_name_set genes = {0};
    eae_gene_sets sets;
    eae_gaf_counts counts;
    snprintf(obo, sizeof obo, "%ssmall.obo", folder);
    snprintf(gaf, sizeof gaf, "%ssmall.gaf", folder);
    assert_int_equal(eae_ontology_read(&o, obo), EAE_OK);
    assert_int_equal(o.id.count, 38);
    assert_int_equal(eae_ontology_term(&o, "GO:0000013", 10), EAE_TERM_OBSOLETE);
    assert_int_equal(eae_ontology_term(&o, "GO:0000207", 10),
                     eae_ontology_term(&o, "GO:0000007", 10));
    assert_int_equal(eae_ontology_term(&o, "GO:0000041", 10), EAE_TERM_UNKNOWN);
    int64_t place[38];
    for (int64_t i = 0; i < 38; i++)
        place[o.upward[i]] = i;
    for (int64_t t = 0; t < 38; t++) {
        for (int64_t k = o.begin[t]; k < o.begin[t + 1]; k++)
            assert_true(place[t] < place[o.parent[k]]);
    }
    assert_int_equal(eae_ontology_sets(&o, gaf, &genes, &sets, &counts), EAE_OK);
    assert_int_equal(counts.annotations, 260);
    assert_true(counts.negated > 5 && counts.obsolete > 5 && counts.unknown > 3);
    eae_gene_sets_free(&sets);
    char *path = file_of("x\ty\n", 4);
    assert_int_equal(eae_ontology_sets(&o, path, &genes, &sets, &counts), EAE_FAIL);
    eae_temp_remove(path);
    eae_ontology_free(&o);
    eae_name_set_free(&genes);
}

static void bad_ontologies(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {{"[Term]\nid: a\nis_a: b\n[Term]\nid: b\nis_a: a\n", "a cycle of terms: "},
               {"[Term]\nid: a\n[Term]\nname: b\n", ":3: a term without an id"},
               {"[Term]\nid: a\n[Term]\nid: a\n", ":4: the id a is that of the term in line 1"},
               {"[Term]\nid:\n", ":2: an id is missing"},
               {"nothing\n", "no [Term]"}};
    for (int i = 0; i < 5; i++) {
        eae_ontology o;
        char *path = file_of(bad[i].text, strlen(bad[i].text));
        assert_int_equal(eae_ontology_read(&o, path), EAE_FAIL);
        assert_non_null(strstr(eae_message(), bad[i].says));
        eae_temp_remove(path);
    }
}

static void lists_of_text(void **state)
{
    (void)state;
    static const char text[] = "# mine\np1\n\np2 \np1\r\np3\nq";
    char *map = file_of("p1\tA\np2\tA\np3\tB///C\n", 19);
    eae_name_set genes = {0};
    eae_signatures s;
    assert_int_equal(eae_signatures_of_text(&s, text, sizeof text - 1, "x", NULL, &genes, 1, 1),
                     EAE_OK);
    assert_int_equal(s.item[0].count, 4);
    eae_signatures_free(&s);
    assert_int_equal(eae_signatures_of_text(&s, text, sizeof text - 1, "x", map, &genes, 1, 1),
                     EAE_OK);
    assert_int_equal(s.item[0].count, 1);
    assert_string_equal(eae_name(&genes.names, s.item[0].gene[0]), "A");
    eae_signatures_free(&s);
    assert_int_equal(eae_signatures_of_text(&s, "y\n", 2, "x", map, &genes, 1, 1), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "maps none of the 1 features"));
    assert_int_equal(eae_signatures_of_text(&s, "#\n", 2, "x", NULL, &genes, 1, 1), EAE_FAIL);
    /* a ranking: the probe farthest from 0, the first of equal ones */
    static const char ranking[] = "p1\t-1\np2\t1\nq\t7\np3\t9\n";
    assert_int_equal(
        eae_signatures_of_ranking(&s, ranking, sizeof ranking - 1, "x", map, &genes, 1, 1), EAE_OK);
    assert_int_equal(s.item[0].count, 1);
    assert_true(s.item[0].statistic[0] == -1);
    eae_signatures_free(&s);
    assert_int_equal(eae_signatures_of_ranking(&s, "p1\tx\n", 5, "x", map, &genes, 1, 1), EAE_FAIL);
    eae_name_set_free(&genes);
    eae_temp_remove(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_grow),     cmocka_unit_test(sets_are_read),
        cmocka_unit_test(bad_sets),       cmocka_unit_test(an_ontology),
        cmocka_unit_test(bad_ontologies), cmocka_unit_test(lists_of_text),
    };
    return cmocka_run_group_tests_name("gene_sets", tests, NULL, NULL);
}
