/* enrich_options.c - see enrich_options.h. */
#include "eval/enrich/enrich_options.h"

#include <string.h>

#include "eval/train/train_options.h"

const eae_option eae_enrich_set_options[] = {
    {.name = "sets",
     .type = EAE_OPT_NAMES,
     .arg = "FILES",
     .repeats = true,
     .help = "GMT files of gene sets, separated by commas or each with --sets; each is a family"},
    {.name = "obo",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .help = "an ontology; with --gaf, its terms are sets"},
    {.name = "gaf",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .help = "annotations of genes (GAF 2.x) to terms of --obo, which go on to all ancestors"},
    {.name = "map",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .help = "features to genes: two columns; '---', empty and 'A///B' are dropped and counted"},
    {.name = "universe",
     .type = EAE_OPT_TEXT,
     .arg = "WHAT",
     .fallback = "data",
     .help = "data: measured genes that are in a set; sets: genes of any set; or a file of genes"},
    {.name = "min",
     .type = EAE_OPT_INT,
     .arg = "N",
     .range = "1:",
     .fallback = "10",
     .help = "sets with at least N genes in the universe"},
    {.name = "max",
     .type = EAE_OPT_INT,
     .arg = "N",
     .range = "1:",
     .fallback = "500",
     .help = "sets with at most N genes in the universe"},
    {0}};

const eae_option eae_enrich_list_options[] = {
    {.name = "genes",
     .type = EAE_OPT_TEXT,
     .arg = "RULE",
     .help = "top:K genes, nonzero weights, or rank:K features (default: of models the nonzero, "
             "of ranks the chosen)"},
    {.name = "each",
     .type = EAE_OPT_FLAG,
     .help = "a list for every model of every split, not only the final one or the common genes"},
    {.name = "lists",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .conflicts = "genes,each",
     .help = "many lists at once: every set of a GMT file is one, and no operand is read"},
    {.name = "shard",
     .type = EAE_OPT_TEXT,
     .arg = "I/N",
     .quiet = true,
     .help = "only the I-th of N parts of the lists; the parts together are the whole"},
    {0}};

const eae_option eae_enrich_test_options[] = {
    {.name = "method",
     .type = EAE_OPT_CHOICE,
     .arg = "NAME",
     .range = "ora|gsea",
     .fallback = "ora",
     .help = "over-representation in a list, or where the genes of a set are in a signed ranking"},
    {.name = "adjust",
     .type = EAE_OPT_NAMES,
     .arg = "LIST",
     .fallback = "bonferroni,holm,bh,by",
     .help = "corrections, over all tested sets of a family; or none"},
    {.name = "alpha",
     .type = EAE_OPT_REAL,
     .arg = "A",
     .range = "(0:1]",
     .fallback = "0.05",
     .help = "show sets with bh (without it, the first of --adjust) at most A; 1 shows all"},
    {.name = "top",
     .type = EAE_OPT_INT,
     .arg = "K",
     .range = "1:",
     .help = "at most K sets of a list and family"},
    {.name = "prune",
     .type = EAE_OPT_REAL,
     .arg = "F",
     .optional = true,
     .range = "(0:1]",
     .help = "leave out sets that share F (0.5) of the smaller one's genes with a better set"},
    {0}};

/* ---- parsing ----------------------------------------------------------------------------- */

static int parse_adjust(const eae_names *names, eae_enrich_settings *s)
{
    s->rule.rule = EAE_ADJUST_NOT;
    for (int64_t i = 0; i < names->count; i++) {
        const char *name = eae_name(names, i);
        int k = 0;
        if (strcmp(name, "none") == 0 && names->count == 1)
            return EAE_OK;
        while (k < EAE_ADJUSTMENTS && strcmp(eae_adjustment_names[k], name) != 0)
            k++;
        if (k == EAE_ADJUSTMENTS)
            return eae_fail_usage("--adjust: '%s' is none of bonferroni, holm, bh, by; or none "
                                  "alone",
                                  name);
        s->adjust[k] = true;
        if (i == 0 || k == EAE_ADJUST_BH)
            s->rule.rule = k;
    }
    return EAE_OK;
}

static void parse_universe(const char *text, eae_enrich_settings *s)
{
    s->universe = strcmp(text, "data") == 0   ? EAE_UNIVERSE_DATA
                  : strcmp(text, "sets") == 0 ? EAE_UNIVERSE_SETS
                                              : EAE_UNIVERSE_FILE;
    s->universe_file = text;
}

static int check_together(const eae_options *o, const eae_enrich_request *r)
{
    if (!r->obo != !r->gaf)
        return eae_fail_usage("--obo and --gaf need each other");
    if (!r->sets && !r->obo)
        return eae_fail_usage("no gene sets: --sets FILE.gmt, or --obo FILE --gaf FILE");
    if (r->settings.min > r->settings.max)
        return eae_fail_usage("--min %lld is above --max %lld", (long long)r->settings.min,
                              (long long)r->settings.max);
    if (r->lists && eae_operand_count(o) > 0)
        return eae_fail_usage("--lists is instead of an operand: '%s'", eae_operand(o, 0));
    if (r->lists && r->settings.universe == EAE_UNIVERSE_DATA)
        return eae_fail_usage("lists alone have no measured genes: --universe sets, or a file");
    return EAE_OK;
}

int eae_enrich_options_parse(const eae_options *o, eae_enrich_request *request)
{
    *request = (eae_enrich_request){.sets = eae_given(o, "sets") ? eae_opt_names(o, "sets") : NULL,
                                    .obo = eae_opt_text(o, "obo"),
                                    .gaf = eae_opt_text(o, "gaf"),
                                    .map = eae_opt_text(o, "map"),
                                    .lists = eae_opt_text(o, "lists")};
    eae_enrich_settings *s = &request->settings;
    s->min = eae_opt_int(o, "min");
    s->max = eae_opt_int(o, "max");
    s->rule.alpha = eae_opt_real(o, "alpha");
    s->top = eae_given(o, "top") ? eae_opt_int(o, "top") : 0;
    if (eae_given(o, "prune"))
        s->prune = *eae_opt_text(o, "prune") ? eae_opt_real(o, "prune") : 0.5;
    s->json = eae_flag(o, "json");
    s->gsea = eae_opt_choice(o, "method") == 1;
    s->seed = (uint64_t)eae_opt_int(o, "seed");
    s->threads = eae_opt_threads(o);
    request->rule.each = eae_flag(o, "each");
    parse_universe(eae_opt_text(o, "universe"), s);
    int status = parse_adjust(eae_opt_names(o, "adjust"), s);
    if (status == EAE_OK)
        status = eae_genes_parse(eae_opt_text(o, "genes"), &request->rule);
    if (status == EAE_OK)
        status = eae_shard_parse(eae_opt_text(o, "shard"), &request->shard, &request->shards);
    s->part = request->shards > 1;
    if (s->gsea && (eae_given(o, "genes") || eae_given(o, "lists")))
        return eae_fail_usage("--method gsea takes a whole ranking: no --genes and --lists");
    if (s->gsea)
        request->rule.kind = EAE_GENES_SIGNED;
    return status == EAE_OK ? check_together(o, request) : status;
}

/* ---- reading ----------------------------------------------------------------------------- */

int eae_enrich_read_sets(const eae_enrich_request *request, eae_enrich *e)
{
    int status = EAE_OK;
    for (int64_t i = 0; request->sets && i < request->sets->count && status == EAE_OK; i++)
        status = eae_enrich_add_gmt(e, eae_name(request->sets, i));
    if (status == EAE_OK && request->obo)
        status = eae_enrich_add_ontology(e, request->obo, request->gaf);
    return status;
}

int eae_enrich_read_lists(const eae_enrich_request *request, eae_enrich *e, eae_signatures *lists)
{
    return eae_signatures_of_lists(lists, request->lists, request->map, &e->genes, request->shard,
                                   request->shards);
}

int eae_enrich_read_text(const eae_enrich_request *request, eae_enrich *e, const eae_buffer *text,
                         const char *source, eae_signatures *lists)
{
    if (request->settings.gsea)
        return eae_signatures_of_ranking(lists, text->data, text->length, source, request->map,
                                         &e->genes, request->shard, request->shards);
    if (request->rule.kind != EAE_GENES_DEFAULT || request->rule.each)
        return eae_fail("%s: a plain list, of which all is taken: --genes and --each are for "
                        "models and ranks",
                        source);
    if (request->settings.universe == EAE_UNIVERSE_DATA)
        return eae_fail("%s: a plain list does not say what was measured: --universe FILE names "
                        "the genes, --universe sets takes those of all sets",
                        source);
    return eae_signatures_of_text(lists, text->data, text->length, source, request->map, &e->genes,
                                  request->shard, request->shards);
}

int eae_enrich_read_frames(const eae_enrich_request *request, eae_enrich *e,
                           eae_frame *const *frame, int n, eae_signatures *lists)
{
    return eae_signatures_of_frames(lists, frame, n, &request->rule, request->map, &e->genes,
                                    request->shard, request->shards, request->settings.threads);
}
