/* enrich.c - families, universes and tests; see enrich.h. The lines are made in enrich_report.c. */
#include "eval/enrich/enrich.h"

#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "eval/enrich/enrich_ranking.h"
#include "eval/enrich/enrich_report.h"
#include "eval/enrich/ontology.h"
#include "matrix/text_source.h"

enum { SHOWN = 3, BATCH_SHOWN = 16384, BATCH_ALL = 256, TIED_SHARE = 20 };

/* ---- families ---------------------------------------------------------------------------- */

static eae_gene_sets *new_family(eae_enrich *e)
{
    e->family = eae_realloc(e->family, (size_t)e->families + 1, sizeof *e->family);
    e->family[e->families] = (eae_gene_sets){0};
    return &e->family[e->families++];
}

int eae_enrich_add_gmt(eae_enrich *e, const char *path)
{
    return eae_gene_sets_read(new_family(e), path, &e->genes);
}

int eae_enrich_add_ontology(eae_enrich *e, const char *obo, const char *gaf)
{
    eae_ontology o;
    eae_gaf_counts counts;
    int status = eae_ontology_read(&o, obo);
    if (status != EAE_OK)
        return status;
    status = eae_ontology_sets(&o, gaf, &e->genes, new_family(e), &counts);
    if (status == EAE_OK)
        eae_note("%s: %lld annotations; left out: %lld with NOT, %lld to obsolete terms, %lld to "
                 "terms that %s lacks",
                 gaf, (long long)counts.annotations, (long long)counts.negated,
                 (long long)counts.obsolete, (long long)counts.unknown, o.source);
    if (status == EAE_OK && o.foreign > 0)
        eae_warn("%s: %lld relations lead to terms that are not in it", obo, (long long)o.foreign);
    eae_ontology_free(&o);
    return status;
}

void eae_enrich_free(eae_enrich *e)
{
    for (int f = 0; f < e->families; f++)
        eae_gene_sets_free(&e->family[f]);
    free(e->family);
    eae_name_set_free(&e->genes);
    *e = (eae_enrich){0};
}

/* ---- universes --------------------------------------------------------------------------- */

/* One family in the universe of one background (-1: of none). */
typedef struct {
    int family, background;
    bool *inside; /* per gene */
    eae_tested_sets tested;
    int64_t outside; /* genes of lists that were dropped */
    int64_t pruned, shown;
    eae_names examples;   /* some of them */
    int64_t listed;       /* genes of lists */
    int64_t lists, full;  /* lists; those that are the whole universe */
    int64_t ranked, tied; /* genes of rankings; those whose value is not theirs alone */
} context;

typedef struct {
    eae_enrich *e;
    const eae_signatures *lists;
    const char *source;
    context *context;
    int contexts;
    bool *named; /* per gene: in the file of the universe */
} run;

/* "a, b, c": up to three names of genes for which test[g] is true; the caller frees. */
static char *some_genes(const eae_enrich *e, const bool *test, int64_t count)
{
    eae_buffer b = {0};
    int shown = 0;
    eae_buffer_puts(&b, "");
    for (int64_t g = 0; g < count && shown < SHOWN; g++) {
        if (test[g])
            eae_buffer_printf(&b, "%s%.60s", shown++ ? ", " : "", eae_name(&e->genes.names, g));
    }
    return b.data;
}

static int read_universe(run *r)
{
    const char *path = r->e->settings->universe_file;
    eae_names names = {0};
    char *text;
    size_t length;
    if (eae_text_read_file(path, &text, &length) != EAE_OK)
        return EAE_FAIL;
    int status = eae_names_of_lines(&names, text, length, path);
    int64_t before = r->e->genes.names.count;
    for (int64_t i = 0; i < names.count && status == EAE_OK; i++) {
        const char *name = eae_name(&names, i);
        eae_name_set_add(&r->e->genes, name, strlen(name));
    }
    int64_t count = r->e->genes.names.count;
    if (status == EAE_OK && count > INT32_MAX)
        status = eae_fail("%s: too many genes", path);
    r->named = EAE_NEW_ARRAY(bool, count);
    for (int64_t i = 0; i < names.count && status == EAE_OK; i++) {
        const char *name = eae_name(&names, i);
        r->named[eae_name_set_find(&r->e->genes, name, strlen(name))] = true;
    }
    eae_detail("%s: %lld names, %lld of them new", path, (long long)names.count,
               (long long)(count - before));
    eae_names_free(&names);
    free(text);
    return status;
}

/* Which genes are inside, for a family and a background. */
static int mark_universe(const run *r, context *c)
{
    const eae_enrich *e = r->e;
    int64_t genes = e->genes.names.count;
    c->inside = EAE_NEW_ARRAY(bool, genes);
    if (e->settings->universe == EAE_UNIVERSE_FILE) {
        memcpy(c->inside, r->named, (size_t)genes * sizeof *c->inside);
        return EAE_OK;
    }
    bool *in_sets = EAE_NEW_ARRAY(bool, genes), *measured = EAE_NEW_ARRAY(bool, genes);
    eae_gene_sets_mark(&e->family[c->family], in_sets);
    int64_t shared = 0;
    if (e->settings->universe == EAE_UNIVERSE_DATA) {
        const eae_background *b = &r->lists->background[c->background];
        for (int64_t j = 0; j < b->count; j++) {
            if (b->gene[j] >= 0)
                measured[b->gene[j]] = true;
        }
    }
    for (int64_t g = 0; g < genes; g++) {
        bool both = in_sets[g] && (e->settings->universe == EAE_UNIVERSE_SETS || measured[g]);
        bool ranked = e->settings->gsea && e->settings->universe == EAE_UNIVERSE_DATA;
        c->inside[g] = ranked ? measured[g] : both;
        shared += both;
    }
    int status = EAE_OK;
    if (e->settings->universe == EAE_UNIVERSE_SETS && shared == 0) {
        status = eae_fail("%s: its sets have no gene", e->family[c->family].source);
    } else if (shared == 0) {
        char *ours = some_genes(e, measured, genes), *theirs = some_genes(e, in_sets, genes);
        status = eae_fail("%s: no gene of its sets was measured: it has %s, the data have %s%s",
                          e->family[c->family].source, *theirs ? theirs : "none",
                          *ours ? ours : "none", "; --map takes features to genes");
        free(ours);
        free(theirs);
    }
    free(in_sets);
    free(measured);
    return status;
}

static void note_universe(const run *r, const context *c)
{
    static const char *const kinds[] = {"measured and in a set", "in a set", "named by the file"};
    const eae_enrich_settings *s = r->e->settings;
    const eae_gene_sets *sets = &r->e->family[c->family];
    bool ranked = s->gsea && s->universe == EAE_UNIVERSE_DATA;
    eae_note("%s: a universe of %lld genes, %s; %lld of %lld sets have %lld to %lld of them",
             sets->source, (long long)c->tested.universe, ranked ? "ranked" : kinds[s->universe],
             (long long)c->tested.count, (long long)sets->count, (long long)s->min,
             (long long)s->max);
}

static int open_context(run *r, int family, int background)
{
    const eae_enrich_settings *s = r->e->settings;
    r->context = eae_realloc(r->context, (size_t)r->contexts + 1, sizeof *r->context);
    context *c = &r->context[r->contexts++];
    *c = (context){.family = family, .background = background};
    int status = mark_universe(r, c);
    if (status != EAE_OK)
        return status;
    const eae_gene_sets *sets = &r->e->family[family];
    eae_tested_sets_make(&c->tested, sets, c->inside, r->e->genes.names.count, s->min, s->max);
    if (c->tested.largest == 0)
        return eae_fail("%s: none of its %lld sets has a gene in the universe of %lld genes",
                        sets->source, (long long)sets->count, (long long)c->tested.universe);
    note_universe(r, c);
    if (c->tested.count == 0)
        return eae_fail("%s: none of its %lld sets has %lld to %lld genes in the universe of %lld; "
                        "the largest has %lld (--min, --max)",
                        sets->source, (long long)sets->count, (long long)s->min, (long long)s->max,
                        (long long)c->tested.universe, (long long)c->tested.largest);
    return EAE_OK;
}

/* A context for each family and each background that a list has, where the universe needs them. */
static int open_contexts(run *r)
{
    const eae_enrich_settings *s = r->e->settings;
    int count = s->universe == EAE_UNIVERSE_DATA ? r->lists->backgrounds : 1;
    int status = s->universe == EAE_UNIVERSE_FILE ? read_universe(r) : EAE_OK;
    for (int b = 0; b < count && status == EAE_OK; b++) {
        for (int f = 0; f < r->e->families && status == EAE_OK; f++)
            status = open_context(r, f, b);
    }
    return status;
}

static context *context_of(const run *r, const eae_signature *list, int family)
{
    int b = r->e->settings->universe == EAE_UNIVERSE_DATA ? list->background : 0;
    return &r->context[b * r->e->families + family];
}

/* ---- lists ------------------------------------------------------------------------------- */

/* The genes of a list inside the universe; *to has room for all of them. */
static eae_gene_list restrict_list(run *r, context *c, const eae_signature *list, int32_t *to)
{
    eae_gene_list out = {to, 0};
    for (int64_t i = 0; i < list->count; i++) {
        int32_t g = list->gene[i];
        if (c->inside[g]) {
            to[out.count++] = g;
            continue;
        }
        c->outside++;
        if (c->examples.count < SHOWN) {
            const char *name = eae_name(&r->e->genes.names, g);
            eae_names_add(&c->examples, name, strlen(name));
        }
    }
    c->lists++;
    c->listed += list->count;
    c->full += out.count == c->tested.universe;
    return out;
}

/* Lists (or rankings) first .. first+n-1 in one family; lists of one background stand together. */
static int test_family(run *r, int f, int64_t first, int64_t n, const eae_gene_list *list,
                       eae_ora_result *result)
{
    const eae_enrich_settings *s = r->e->settings;
    int status = EAE_OK;
    for (int64_t i = 0, stop; i < n && status == EAE_OK; i = stop) {
        const context *c = context_of(r, &r->lists->item[first + i], f);
        for (stop = i + 1; stop < n && context_of(r, &r->lists->item[first + stop], f) == c;)
            stop++;
        status = eae_over_representation(&c->tested, list + i, stop - i, &s->rule, s->threads,
                                         result + i);
    }
    return status;
}

/* Test lists first .. end-1 in every family and report them, list by list. */
static int test_batch(run *r, int64_t first, int64_t end, eae_report *report)
{
    int families = r->e->families;
    int64_t n = end - first;
    eae_ora_result *result = EAE_NEW_ARRAY(eae_ora_result, n * families);
    eae_gene_list *list = EAE_NEW_ARRAY(eae_gene_list, n * families);
    int32_t **memory = EAE_NEW_ARRAY(int32_t *, n * families);
    int status = EAE_OK;
    for (int f = 0; f < families; f++) {
        for (int64_t i = 0; i < n; i++) {
            const eae_signature *item = &r->lists->item[first + i];
            int32_t *genes = memory[f * n + i] = eae_malloc((size_t)item->count, sizeof *genes);
            list[f * n + i] = restrict_list(r, context_of(r, item, f), item, genes);
        }
        if (status == EAE_OK)
            status = test_family(r, f, first, n, list + f * n, result + f * n);
    }
    for (int64_t i = 0; i < n && status == EAE_OK; i++) {
        for (int f = 0; f < families; f++) {
            const eae_signature *item = &r->lists->item[first + i];
            context *c = context_of(r, item, f);
            c->pruned += eae_enrich_report_add(report, r->e, item, &c->tested, &list[f * n + i],
                                               &result[f * n + i]);
            c->shown += result[f * n + i].count;
        }
    }
    for (int64_t k = 0; k < n * families; k++) {
        free(result[k].line);
        free(memory[k]);
    }
    free(result);
    free(list);
    free(memory);
    return status;
}

/* One ranking in every family. */
static int test_ranking(run *r, const eae_signature *item, eae_report *report)
{
    int status = EAE_OK;
    for (int f = 0; f < r->e->families && status == EAE_OK; f++) {
        context *c = context_of(r, item, f);
        eae_ranking ranking;
        c->lists++;
        status = eae_ranking_make(&ranking, item, &c->tested, r->e->genes.names.count);
        if (status == EAE_OK)
            status = eae_ranking_test(&ranking, r->e->settings);
        c->ranked += ranking.count;
        c->tied += ranking.tied;
        if (status == EAE_OK)
            c->pruned += eae_enrich_report_add_ranking(report, r->e, item, &ranking);
        c->shown += ranking.shown.count;
        eae_ranking_free(&ranking);
    }
    return status;
}

/* ---- what is said ------------------------------------------------------------------------ */

static char *join(const eae_names *names)
{
    eae_buffer b = {0};
    eae_buffer_puts(&b, "");
    for (int64_t i = 0; i < names->count; i++)
        eae_buffer_printf(&b, "%s%.60s", i ? ", " : "", eae_name(names, i));
    return b.data;
}

static void say_dropped(const run *r, const context *c)
{
    const char *family = r->e->family[c->family].source;
    char *examples = join(&c->examples);
    if (c->outside > 0)
        eae_note("%s: %lld of %lld genes of %s are outside the universe: %s%s", family,
                 (long long)c->outside, (long long)c->listed,
                 c->lists == 1 ? "the list" : "the lists", examples,
                 c->outside > c->examples.count ? ", ..." : "");
    if (c->full > 0)
        eae_warn("%s: %lld of %lld lists have every gene of the universe, and cannot be enriched: "
                 "choose fewer with --genes top:K",
                 family, (long long)c->full, (long long)c->lists);
    if (c->tied * TIED_SHARE > c->ranked)
        eae_warn("%s: %lld of %lld genes share their place in the ranking with others; they stand "
                 "in the order of the input",
                 family, (long long)c->tied, (long long)c->ranked);
    if (c->pruned > 0)
        eae_note("%s: %lld redundant sets left out", family, (long long)c->pruned);
    if (c->shown == 0 && c->lists > 0)
        eae_note("%s: no set has %s of at most %g (--alpha)", family,
                 r->e->settings->rule.rule == EAE_ADJUST_NOT
                     ? "p"
                     : eae_adjustment_names[r->e->settings->rule.rule],
                 r->e->settings->rule.alpha);
    free(examples);
}

/* All lists empty: nothing was asked. */
static int check_dropped(const run *r)
{
    for (int k = 0; k < r->contexts; k++) {
        const context *c = &r->context[k];
        if (c->lists == 0 || c->outside < c->listed || r->e->settings->gsea)
            continue;
        if (c->listed == 0)
            return eae_fail("%s: no gene in %s: no feature has a weight (kernel models have none) "
                            "and a gene",
                            r->source, c->lists == 1 ? "the list" : "any list");
        char *ours = join(&c->examples);
        char *theirs = some_genes(r->e, c->inside, r->e->genes.names.count);
        int status = eae_fail("%s: none of the %lld genes is in the universe of %s: the %s %s, the "
                              "universe %s",
                              r->source, (long long)c->listed, r->e->family[c->family].source,
                              c->lists == 1 ? "list has" : "lists have", ours, theirs);
        free(ours);
        free(theirs);
        return status;
    }
    return EAE_OK;
}

static void close_run(run *r)
{
    for (int k = 0; k < r->contexts; k++) {
        eae_tested_sets_free(&r->context[k].tested);
        eae_names_free(&r->context[k].examples);
        free(r->context[k].inside);
    }
    free(r->context);
    free(r->named);
}

int eae_enrich_run(eae_enrich *e, const eae_signatures *lists, const char *source,
                   eae_report **report)
{
    run r = {.e = e, .lists = lists, .source = source};
    int64_t batch = e->settings->rule.alpha < 1 ? BATCH_SHOWN : BATCH_ALL;
    *report = NULL;
    int status = open_contexts(&r);
    if (status == EAE_OK)
        *report = eae_enrich_report_new(e->settings, lists);
    for (int64_t i = 0; i < lists->count && e->settings->gsea && status == EAE_OK; i++)
        status = test_ranking(&r, &lists->item[i], *report);
    for (int64_t first = 0; first < lists->count && !e->settings->gsea && status == EAE_OK;
         first += batch) {
        int64_t end = lists->count - first < batch ? lists->count : first + batch;
        status = test_batch(&r, first, end, *report);
    }
    if (status == EAE_OK && !e->settings->part)
        status = check_dropped(&r);
    for (int k = 0; k < r.contexts && status == EAE_OK; k++)
        say_dropped(&r, &r.context[k]);
    close_run(&r);
    if (status != EAE_OK) {
        eae_report_free(*report);
        *report = NULL;
    }
    return status;
}
