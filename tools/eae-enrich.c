/* eae-enrich - which gene sets are enriched in a signature; eae-enrich(1). */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/options.h"
#include "eval/enrich/enrich_options.h"
#include "matrix/stream.h"

static const eae_program program = {
    .name = "eae-enrich",
    .summary = "which gene sets are enriched in the genes of a model",
    .example = "  eae-enrich --sets reactome.gmt --map chip.tsv rfe.eae\n"
               "  eae-enrich --sets go.gmt --universe measured.txt genes.txt\n"
               "  eae-enrich --obo go.obo --gaf human.gaf.gz --genes top:100 svm.eae",
    .operands = "[FILE...]",
    .max_operands = -1,
    .groups = {{"Sets", eae_enrich_set_options},
               {"Lists", eae_enrich_list_options},
               {"Tests", eae_enrich_test_options},
               EAE_GROUP_COMMON}};

static const char *input_name(const eae_options *o)
{
    bool standard = eae_operand_count(o) == 0 || strcmp(eae_operand(o, 0), "-") == 0;
    return standard ? "stdin" : eae_operand(o, 0);
}

static int no_frame(const eae_options *o, const eae_bundle *in)
{
    char *kinds = eae_bundle_kinds(in);
    int status = eae_fail("%s: no model or rank frame (found: %s)%s", input_name(o), kinds,
                          strstr(kinds, "prediction")
                              ? "; eae-train --final or --weights all writes models"
                              : "; did you mean to pipe through eae-train or eae-rfe?");
    free(kinds);
    return status;
}

/* What the operands give: lists of their frames, or of their lines. */
static int read_lists(const eae_options *o, const eae_enrich_request *request, eae_enrich *e,
                      eae_bundle *in, eae_signatures *lists)
{
    eae_buffer plain = {0};
    bool any = false;
    int status = eae_read_operands_or_text(in, o, 0, &plain);
    if (status == EAE_OK)
        status = eae_bundle_check(in);
    for (int i = 0; i < in->count; i++)
        any = any || in->frame[i]->kind == EAE_KIND_MODEL || in->frame[i]->kind == EAE_KIND_RANK;
    if (status == EAE_OK && plain.length > 0 && in->count > 0)
        status = eae_fail("%s: frames and plain lists cannot be read together", input_name(o));
    if (status == EAE_OK && plain.length == 0 && !any)
        status = no_frame(o, in);
    if (status == EAE_OK)
        status = plain.length > 0 ? eae_enrich_read_text(request, e, &plain, input_name(o), lists)
                                  : eae_enrich_read_frames(request, e, in->frame, in->count, lists);
    eae_buffer_free(&plain);
    return status;
}

static int enrich(const eae_options *o, const eae_enrich_request *request)
{
    eae_enrich e = {.settings = &request->settings};
    eae_bundle in = {0};
    eae_signatures lists = {0};
    eae_report *report = NULL;
    const char *source = request->lists ? request->lists : input_name(o);
    int status = eae_enrich_read_sets(request, &e);
    if (status == EAE_OK)
        status = request->lists ? eae_enrich_read_lists(request, &e, &lists)
                                : read_lists(o, request, &e, &in, &lists);
    if (status == EAE_OK)
        status = eae_enrich_run(&e, &lists, source, &report);
    if (status == EAE_OK)
        status = eae_report_write(report, eae_opt_text(o, "output"));
    eae_report_free(report);
    eae_signatures_free(&lists);
    eae_bundle_free(&in);
    eae_enrich_free(&e);
    return status;
}

int main(int argc, char **argv)
{
    eae_options *o;
    eae_enrich_request request;
    eae_options_parse(&o, &program, argc, argv);
    int status = eae_enrich_options_parse(o, &request);
    if (status == EAE_OK)
        status = enrich(o, &request);
    eae_options_free(o);
    if (status != EAE_OK)
        eae_die_status(status);
    return EAE_OK;
}
