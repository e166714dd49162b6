/*
 * eae-split.c - which samples train and which are held out: writes a split frame, then the data.
 *
 * The plans themselves are made in lib/eval/plan/plan_make.c.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/options.h"
#include "eval/plan/plan.h"
#include "matrix/history.h"
#include "matrix/import.h"
#include "matrix/stream.h"

static const eae_option plan_options[] = {
    {.name = "kfold",
     .type = EAE_OPT_INT,
     .arg = "K",
     .range = "2:",
     .conflicts = "holdout,loo,bootstrap,by,plan-in",
     .help = "K folds, each held out once (without any of these options: 5)"},
    {.name = "repeats",
     .type = EAE_OPT_INT,
     .arg = "R",
     .fallback = "1",
     .range = "1:1000000",
     .conflicts = "loo,bootstrap,by,plan-in",
     .help = "R times, shuffled anew, with --kfold or --holdout"},
    {.name = "holdout",
     .type = EAE_OPT_REAL,
     .arg = "F",
     .range = "(0:1)",
     .conflicts = "loo,bootstrap,by,plan-in",
     .help = "hold out the fraction F of the samples (of the groups, with --groups)"},
    {.name = "loo",
     .type = EAE_OPT_FLAG,
     .conflicts = "bootstrap,by,plan-in",
     .help = "leave one sample out (one group, with --groups)"},
    {.name = "bootstrap",
     .type = EAE_OPT_INT,
     .arg = "B",
     .range = "1:1000000",
     .conflicts = "by,plan-in",
     .help = "B bootstrap samples; what is not drawn is held out"},
    {.name = "by",
     .type = EAE_OPT_TEXT,
     .arg = "COL",
     .conflicts = "plan-in",
     .help = "the ready-made split of column COL: train, test, or unused (also empty)"},
    {.name = "plan-in",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .conflicts = "groups,stratify,inner",
     .help = "read the plan from FILE (TSV: split sample role, and parent, count)"},
    {.name = "groups",
     .type = EAE_OPT_FLAG,
     .help = "keep whole groups (--group COL) on one side of every split"},
    {.name = "stratify",
     .type = EAE_OPT_NAMES,
     .optional = true,
     .arg = "COLS",
     .help = "keep the shares of the classes (the default), and of annotations COLS"},
    {.name = "inner",
     .type = EAE_OPT_INT,
     .arg = "K",
     .range = "2:20000",
     .help = "K inner folds in every training set, to choose parameters by"},
    {.name = "plan-out",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .quiet = true,
     .writes = true,
     .help = "also write the plan to FILE, as TSV"},
    {0}};

static const eae_program program = {
    .name = "eae-split",
    .summary = "split samples into training and test sets",
    .example = "eae-split --kfold 5 --repeats 20 --inner 5 expr.eae | eae-train svm | eae-score",
    .operands = "[FILE...]",
    .max_operands = -1,
    .groups = {{"Plan", plan_options}, EAE_GROUP_IMPORT, EAE_GROUP_COMMON}};

/* "--stratify COLS" as well as "--stratify=COLS": the next word belongs to the option unless it is
 * another option or a file that is there. Returns a word to be freed after the parsing. */
static char *join_stratify(int *argc, char **argv)
{
    for (int i = 1; i + 1 < *argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return NULL;
        if (strcmp(argv[i], "--stratify") != 0 || argv[i + 1][0] == '-' ||
            access(argv[i + 1], F_OK) == 0)
            continue;
        char *joined = eae_sprintf("--stratify=%s", argv[i + 1]);
        argv[i] = joined;
        for (int j = i + 1; j < *argc; j++) /* the last one is the NULL at the end */
            argv[j] = argv[j + 1];
        (*argc)--;
        return joined;
    }
    return NULL;
}

static eae_plan_kind chosen_kind(const eae_options *o)
{
    if (eae_given(o, "holdout"))
        return EAE_PLAN_HOLDOUT;
    if (eae_flag(o, "loo"))
        return EAE_PLAN_LOO;
    if (eae_given(o, "bootstrap"))
        return EAE_PLAN_BOOTSTRAP;
    if (eae_given(o, "by"))
        return EAE_PLAN_COLUMN;
    if (!eae_given(o, "kfold") && !eae_given(o, "plan-in"))
        eae_note("no plan is named: --kfold 5");
    return EAE_PLAN_KFOLD;
}

static eae_plan_spec make_spec(const eae_options *o)
{
    eae_plan_spec spec = {
        .kind = chosen_kind(o),
        .k = eae_given(o, "kfold") ? eae_opt_int(o, "kfold") : 5,
        .repeats = eae_opt_int(o, eae_given(o, "bootstrap") ? "bootstrap" : "repeats"),
        .holdout = eae_opt_real(o, "holdout"),
        .groups = eae_flag(o, "groups"),
        .stratify = true,
        .stratify_by = eae_opt_names(o, "stratify"),
        .column = eae_opt_text(o, "by"),
        .inner = eae_opt_int(o, "inner"),
        .seed = (uint64_t)eae_opt_int(o, "seed"),
    };
    return spec;
}

/* Columns that the plan names are annotations, without --meta saying so too. */
static void add_meta(const eae_plan_spec *spec, const eae_import *import, eae_names *meta)
{
    if (import->meta)
        eae_names_copy(meta, import->meta);
    if (spec->column)
        eae_names_add(meta, spec->column, strlen(spec->column));
    for (int64_t i = 0; i < spec->stratify_by->count; i++) {
        const char *name = eae_name(spec->stratify_by, i);
        eae_names_add(meta, name, strlen(name));
    }
}

/* The data frame; an older plan is replaced, anything else is not passed on. */
static int find_data(const eae_bundle *b, eae_frame **data)
{
    int status = eae_bundle_find(b, EAE_KIND_DATA, data);
    if (status != EAE_OK)
        return status;
    if (!*data) {
        char *kinds = eae_bundle_kinds(b);
        status = eae_fail("no data frame in the input (found: %s)", *kinds ? kinds : "nothing");
        free(kinds);
        return status;
    }
    for (int i = 0; i < b->count; i++) {
        if (b->frame[i]->kind == EAE_KIND_SPLIT)
            eae_note("the plan in the input is replaced");
        else if (b->frame[i]->kind != EAE_KIND_DATA)
            eae_warn("a %s frame in the input is not passed on", eae_kind_name(b->frame[i]->kind));
    }
    return EAE_OK;
}

static int check_label(const eae_options *o, const eae_plan_spec *spec, const eae_frame *data)
{
    const eae_annot *label = eae_axis_find(&data->rows, "label");
    bool survival = eae_axis_find(&data->rows, "time") && eae_axis_find(&data->rows, "status");
    if ((label && label->type == EAE_ANNOT_TEXT) || (!label && survival))
        return EAE_OK;
    if (eae_given(o, "stratify") && spec->stratify_by->count == 0)
        return eae_fail("--stratify: the data have no classes (%s); annotations can be named: "
                        "--stratify=COLS",
                        label ? "the label is a number" : "no label; see --label");
    if (!label && !eae_given(o, "plan-in"))
        eae_note("the data have no label: the plan does not look at classes");
    return EAE_OK;
}

static int make_plan(const eae_options *o, const eae_plan_spec *spec, const eae_frame *data,
                     eae_frame **plan)
{
    int status = check_label(o, spec, data);
    if (status != EAE_OK)
        return status;
    if (eae_given(o, "plan-in"))
        return eae_plan_read(eae_opt_text(o, "plan-in"), data, plan);
    return eae_plan_make(spec, data, plan);
}

static int write_all(const eae_options *o, const eae_bundle *b, eae_frame *plan, eae_frame *data)
{
    eae_writer *w;
    bool history = !eae_flag(o, "no-history");
    if (history)
        eae_history_append(plan, o, 0, NULL, &data, 1);
    int status = eae_writer_open(&w, eae_opt_text(o, "output"), history);
    if (status != EAE_OK)
        return status;
    status = eae_writer_frame(w, plan);
    if (status == EAE_OK)
        status = eae_writer_frame(w, data);
    if (status == EAE_OK)
        status = eae_bundle_check(b);
    if (status == EAE_OK && eae_given(o, "plan-out"))
        status = eae_plan_write(eae_opt_text(o, "plan-out"), plan);
    if (status == EAE_OK)
        return eae_writer_close(w);
    eae_writer_discard(w);
    return status;
}

static void check_usage(const eae_options *o)
{
    const char *out = eae_opt_text(o, "plan-out"), *in = eae_opt_text(o, "plan-in");
    if (out && strcmp(out, "-") == 0)
        eae_usage("--plan-out needs a file name: standard output is for the stream");
    const char *stream = eae_opt_text(o, "output");
    if (out && stream && strcmp(out, stream) == 0)
        eae_usage("--plan-out and --output are the same file, %s", out);
    if (in && strcmp(in, "-") == 0 && eae_operand_count(o) == 0)
        eae_usage("--plan-in - needs the data from a file: standard input is taken");
}

int main(int argc, char **argv)
{
    eae_options *o;
    eae_import import;
    eae_bundle bundle = {0};
    eae_names meta = {0};
    eae_frame *data, *plan = NULL;
    char *joined = join_stratify(&argc, argv);
    eae_options_parse(&o, &program, argc, argv);
    check_usage(o);
    eae_plan_spec spec = make_spec(o);
    eae_import_from_options(&import, o);
    add_meta(&spec, &import, &meta);
    import.meta = &meta;
    int status = eae_read_operands(&bundle, o, 0, &import);
    if (status == EAE_OK)
        status = find_data(&bundle, &data);
    if (status == EAE_OK)
        status = make_plan(o, &spec, data, &plan);
    if (status == EAE_OK)
        status = write_all(o, &bundle, plan, data);
    eae_frame_free(plan);
    eae_bundle_free(&bundle);
    eae_names_free(&meta);
    if (status != EAE_OK)
        eae_die_status(status);
    eae_options_free(o);
    free(joined);
    return EAE_OK;
}
