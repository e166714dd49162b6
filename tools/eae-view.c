/*
 * eae-view.c - look at, convert, import and append: the two ends of the pipe.
 *
 *     read (or join) -> choose frames -> change data frames -> show or write
 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/options.h"
#include "matrix/export.h"
#include "matrix/history.h"
#include "matrix/info.h"
#include "matrix/reshape.h"
#include "matrix/stream.h"
#include "matrix/test_table.h"
#include "matrix/transform.h"
#include "model/complete.h"

static const eae_option output_options[] = {
    {.name = "info",
     .type = EAE_OPT_FLAG,
     .quiet = true,
     .conflicts = "head,hash,format",
     .help = "say what is there: kinds, shapes, annotations, history (--json: JSON lines)"},
    {.name = "head",
     .type = EAE_OPT_INT,
     .optional = true,
     .arg = "N",
     .range = "1:",
     .conflicts = "hash",
     .help = "the first N (10) rows; without -O as text, and only the first N columns"},
    {.name = "hash",
     .type = EAE_OPT_FLAG,
     .quiet = true,
     .conflicts = "format",
     .help = "print the content hash and the kind of each frame"},
    {.name = "format",
     .shortcut = 'O',
     .type = EAE_OPT_CHOICE,
     .range = "eae|tsv|csv|npy|libsvm",
     .fallback = "eae",
     .help = "what to write"},
    {.name = "kind",
     .type = EAE_OPT_CHOICE,
     .range = "data|split|model|prediction|rank",
     .help = "only frames of this kind"},
    {0}};

static const eae_option choice_options[] = {
    {.name = "samples",
     .type = EAE_OPT_TEXT,
     .arg = "FILE|LIST",
     .help = "keep these samples: a file with a name a line, or names and commas"},
    {.name = "drop-samples",
     .type = EAE_OPT_TEXT,
     .arg = "FILE|LIST",
     .help = "leave these samples out"},
    {.name = "features", .type = EAE_OPT_TEXT, .arg = "FILE|LIST", .help = "keep these features"},
    {.name = "drop-features",
     .type = EAE_OPT_TEXT,
     .arg = "FILE|LIST",
     .help = "leave these features out"},
    {.name = "join",
     .type = EAE_OPT_FLAG,
     .help = "put the files side by side by sample name; features become block:name"},
    {.name = "join-all",
     .type = EAE_OPT_FLAG,
     .help = "the same, with the samples of any file; what is absent is missing"},
    {0}};

static const eae_option value_options[] = {
    {.name = "strip-version",
     .type = EAE_OPT_FLAG,
     .help = "take the version off Ensembl and RefSeq feature names"},
    {.name = "normalize",
     .type = EAE_OPT_CHOICE,
     .range = "cpm|quantile",
     .help = "counts per million, or quantile normalisation"},
    {.name = "log2",
     .type = EAE_OPT_TEXT,
     .optional = true,
     .arg = "floor:X|offset:X",
     .help = "logarithm; values <= 0 are an error unless raised to X or shifted by X"},
    {.name = "impute",
     .type = EAE_OPT_TEXT,
     .arg = "mean|median|knn:K|als:K",
     .help = "fill missing values from all samples; als: from K factors"},
    {.name = "map",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .help = "replace features by what the second column of FILE gives for them"},
    {.name = "collapse",
     .type = EAE_OPT_CHOICE,
     .range = "maxmean|mean|median",
     .fallback = "maxmean",
     .help = "features with the same gene: the one with the highest mean, or a summary"},
    {.name = "dtype", .type = EAE_OPT_CHOICE, .range = "f32|f64", .help = "element type of data"},
    {0}};

static const eae_program program = {
    .name = "eae-view",
    .summary = "Show, convert, import and append matrices.",
    .example = "  eae-view expr.tsv.gz --label class=AML/ALL > expr.eae\n"
               "  eae-view --info expr.eae\n"
               "  eae-view -O tsv expr.eae | less -S",
    .operands = "[FILE...]",
    .min_operands = 0,
    .max_operands = -1,
    .groups = {{"Output", output_options},
               {"Samples and features", choice_options},
               {"Values (in this order, before --features)", value_options},
               EAE_GROUP_IMPORT,
               EAE_GROUP_COMMON}};

enum { FORMAT_EAE, FORMAT_TSV, FORMAT_CSV, FORMAT_NPY, FORMAT_LIBSVM };
enum { HEAD_DEFAULT = 10 };

/* The binary stream, not a report or text. */
static bool writes_stream(const eae_options *o)
{
    return !eae_flag(o, "info") && !eae_flag(o, "hash") &&
           eae_opt_choice(o, "format") == FORMAT_EAE &&
           (eae_given(o, "format") || !eae_given(o, "head"));
}

/* --impute als:K? It alone multiplies matrices. */
static bool by_factors(const eae_options *o)
{
    return eae_given(o, "impute") && strncmp(eae_opt_text(o, "impute"), "als:", 4) == 0;
}

static int choose_kernels(const eae_options *o, const eae_kernels **kernels)
{
    return eae_kernels_choose((eae_backend)eae_opt_choice(o, "backend"), kernels);
}

/* For the history: NULL for all that multiplies nothing. */
static const char *run_identity(const eae_options *o)
{
    const eae_kernels *kernels;
    if (!by_factors(o) || choose_kernels(o, &kernels) != EAE_OK)
        return NULL;
    return eae_kernels_identity(kernels);
}

/* ---- reading ---------------------------------------------------------------------------- */

/* "dir/expr.tsv.gz" -> "expr". */
static void add_block_name(eae_names *names, const char *path)
{
    char *copy = eae_strdup(strcmp(path, "-") == 0 ? "stdin" : path);
    const char *base = basename(copy);
    size_t n = base[0] ? 1 + strcspn(base + 1, ".") : 0;
    eae_names_add(names, base, n);
    free(copy);
}

static int read_one_block(const char *path, const eae_read_options *how, eae_bundle *from)
{
    eae_frame *f;
    int status = eae_read(from, &path, 1, how);
    if (status == EAE_OK)
        status = eae_bundle_find(from, EAE_KIND_DATA, &f);
    if (status == EAE_OK && (!f || from->count > 1)) {
        char *kinds = eae_bundle_kinds(from);
        status = eae_fail("--join: %s: one data frame is needed (found: %s)", path, kinds);
        free(kinds);
    }
    return status;
}

static int read_joined(eae_bundle *b, const eae_options *o, const eae_import *import)
{
    int n = eae_operand_count(o);
    if (n < 2)
        return eae_fail_usage("--join needs two files or more");
    eae_read_options how = {.memory = eae_opt_memory(o),
                            .tmpdir = eae_opt_text(o, "tmpdir"),
                            .threads = eae_opt_threads(o)};
    eae_bundle *from = EAE_NEW_ARRAY(eae_bundle, n);
    eae_frame **block = EAE_NEW_ARRAY(eae_frame *, n);
    eae_names prefix = {0};
    eae_frame *joined = NULL;
    int status = EAE_OK;
    eae_import plain = {.by_feature = import->by_feature, .f64 = import->f64};
    for (int i = 0; i < n && status == EAE_OK; i++) {
        how.import = i == 0 ? import : &plain; /* the others need not have a label */
        add_block_name(&prefix, eae_operand(o, i));
        status = read_one_block(eae_operand(o, i), &how, &from[i]);
        if (status == EAE_OK)
            block[i] = from[i].frame[0];
    }
    if (status == EAE_OK)
        status = eae_join_blocks(block, &prefix, eae_flag(o, "join-all"), &joined);
    for (int i = 0; i < n && status == EAE_OK; i++)
        status = eae_bundle_check(&from[i]);
    if (status == EAE_OK) {
        if (writes_stream(o))
            eae_history_append(joined, o, 0, run_identity(o), block, n);
        b->frame = EAE_NEW_ARRAY(eae_frame *, 1);
        b->frame[b->count++] = joined;
    }
    for (int i = 0; i < n; i++)
        eae_bundle_free(&from[i]);
    eae_names_free(&prefix);
    free(block);
    free(from);
    return status;
}

static int read_input(eae_bundle *b, const eae_options *o)
{
    eae_import import;
    eae_import_from_options(&import, o);
    if (eae_given(o, "dtype"))
        import.f64 = eae_opt_choice(o, "dtype") == 1;
    if (eae_flag(o, "join") || eae_flag(o, "join-all"))
        return read_joined(b, o, &import);
    int status = eae_read_operands(b, o, 0, &import);
    for (int i = 0; i < b->count && status == EAE_OK && writes_stream(o); i++)
        eae_history_append(b->frame[i], o, 0, run_identity(o), &b->frame[i], 1);
    return status;
}

static int choose_kind(eae_bundle *b, const eae_options *o)
{
    const char *kind = eae_opt_text(o, "kind");
    char *kinds = eae_bundle_kinds(b);
    for (int i = b->count - 1; i >= 0 && kind; i--) {
        if (strcmp(eae_kind_name(b->frame[i]->kind), kind) != 0)
            eae_frame_free(eae_bundle_take(b, i));
    }
    int status = EAE_OK;
    if (b->count == 0)
        status = kind ? eae_fail("no %s frame (found: %s)", kind, kinds)
                      : eae_fail("no frame in the input");
    free(kinds);
    return status;
}

/* ---- changing --------------------------------------------------------------------------- */

static int keep_listed(eae_bundle *b, const eae_options *o, const char *option, eae_subject subject,
                       bool drop)
{
    const char *text = eae_opt_text(o, option);
    if (!text)
        return EAE_OK;
    eae_names names = {0};
    char *shown = eae_sprintf("--%s", option);
    int status = eae_read_name_list(text, &names);
    for (int i = 0; i < b->count && status == EAE_OK; i++)
        status = eae_keep_names(&b->frame[i], subject, &names, drop, shown);
    free(shown);
    eae_names_free(&names);
    return status;
}

static int normalize(eae_frame *f, const eae_options *o)
{
    if (!eae_given(o, "normalize"))
        return EAE_OK;
    if (eae_opt_choice(o, "normalize") == 0)
        return eae_transform_cpm(f);
    return eae_transform_quantile(f, eae_opt_threads(o));
}

static int take_log2(eae_frame *f, const eae_options *o)
{
    eae_log2_mode mode;
    double amount;
    if (!eae_given(o, "log2"))
        return EAE_OK;
    int status = eae_log2_parse(eae_opt_text(o, "log2"), &mode, &amount);
    return status == EAE_OK ? eae_transform_log2(f, mode, amount) : status;
}

static int complete(eae_frame *f, const eae_options *o)
{
    const eae_kernels *kernels;
    eae_complete_spec spec = {.seed = (uint64_t)eae_opt_int(o, "seed")};
    eae_complete_error error = {0};
    int64_t filled = 0, all = f->rows.count * f->cols.count;
    int status = eae_complete_parse(eae_opt_text(o, "impute"), &spec);
    if (status == EAE_OK)
        status = choose_kernels(o, &kernels);
    if (status == EAE_OK)
        status = eae_complete_frame(f, kernels, &spec, eae_opt_threads(o), &filled,
                                    eae_diag_quiet() ? NULL : &error);
    if (status != EAE_OK || filled == 0)
        return status;
    eae_note("--impute: %lld of %lld values filled; known values that were hidden are found with "
             "an error of %.3g standard deviations (by the mean: %.3g)",
             (long long)filled, (long long)all, error.error, error.mean);
    if (error.error >= error.mean)
        eae_warn("--impute: that is no better than the mean: try another K, or a larger LAMBDA");
    return EAE_OK;
}

static int impute(eae_frame *f, const eae_options *o)
{
    eae_impute method;
    int64_t neighbours;
    if (!eae_given(o, "impute"))
        return EAE_OK;
    if (by_factors(o))
        return complete(f, o);
    int status = eae_impute_parse(eae_opt_text(o, "impute"), &method, &neighbours);
    if (status == EAE_OK)
        status = eae_transform_impute(f, method, neighbours, eae_opt_threads(o));
    return status;
}

static int change_data(eae_frame **f, const eae_options *o)
{
    if (eae_given(o, "normalize") || eae_given(o, "log2") || eae_given(o, "impute"))
        (*f)->content = (eae_hash){{0}}; /* no longer that of what was read */
    int status = normalize(*f, o);
    if (status == EAE_OK)
        status = take_log2(*f, o);
    if (status == EAE_OK)
        status = impute(*f, o);
    if (status == EAE_OK && eae_given(o, "map"))
        status = eae_collapse_features(f, eae_opt_text(o, "map"),
                                       (eae_collapse)eae_opt_choice(o, "collapse"));
    if (status == EAE_OK && eae_given(o, "dtype"))
        status = eae_transform_type(*f, eae_opt_choice(o, "dtype") == 1 ? EAE_F64 : EAE_F32);
    return status;
}

static int strip_versions(eae_bundle *b, const eae_options *o)
{
    int64_t changed = 0, here;
    int status = EAE_OK;
    if (!eae_flag(o, "strip-version"))
        return EAE_OK;
    for (int i = 0; i < b->count && status == EAE_OK; i++) {
        status = eae_strip_versions(b->frame[i], &here);
        if (status == EAE_OK && here > 0) {
            b->frame[i]->content = (eae_hash){{0}};
            changed += here;
        }
    }
    if (status == EAE_OK)
        eae_detail("--strip-version: %lld names", (long long)changed);
    return status;
}

static int check_changes(const eae_bundle *b, const eae_options *o)
{
    static const char *const change[] = {"normalize", "log2", "impute", "map", "dtype"};
    for (int i = 0; i < b->count; i++) {
        if (b->frame[i]->kind == EAE_KIND_DATA)
            return EAE_OK;
    }
    for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
        if (!eae_given(o, change[i]))
            continue;
        char *kinds = eae_bundle_kinds(b);
        int status = eae_fail("--%s is for data, and there are none (found: %s)", change[i], kinds);
        free(kinds);
        return status;
    }
    return EAE_OK;
}

/* Samples first, because normalisation and imputation use those that stay; features last, because
 * they may be named after --strip-version and --map. */
static int change(eae_bundle *b, const eae_options *o)
{
    int status = check_changes(b, o);
    if (status == EAE_OK)
        status = keep_listed(b, o, "samples", EAE_SAMPLES, false);
    if (status == EAE_OK)
        status = keep_listed(b, o, "drop-samples", EAE_SAMPLES, true);
    if (status == EAE_OK)
        status = strip_versions(b, o);
    for (int i = 0; i < b->count && status == EAE_OK; i++) {
        if (b->frame[i]->kind == EAE_KIND_DATA)
            status = change_data(&b->frame[i], o);
    }
    if (status == EAE_OK)
        status = keep_listed(b, o, "features", EAE_FEATURES, false);
    if (status == EAE_OK)
        status = keep_listed(b, o, "drop-features", EAE_FEATURES, true);
    return status;
}

/* The corner of a matrix that --head shows: n rows, and n columns unless all are asked for. */
static int cut_head(eae_frame **f, int64_t n, bool all_columns)
{
    int64_t rows = (*f)->rows.count < n ? (*f)->rows.count : n;
    int64_t cols = all_columns || (*f)->cols.count < n ? (*f)->cols.count : n;
    int64_t *index = eae_malloc((size_t)(rows > cols ? rows : cols), sizeof *index);
    for (int64_t i = 0; i < rows || i < cols; i++)
        index[i] = i;
    eae_frame *corner;
    int status = eae_frame_select(*f, index, rows, index, cols, &corner);
    if (status == EAE_OK) {
        eae_frame_free(*f);
        *f = corner;
    }
    free(index);
    return status;
}

/* ---- writing ---------------------------------------------------------------------------- */

static int export_frame(eae_output *out, const eae_frame *f, int format)
{
    eae_frame *table = NULL;
    if ((format == FORMAT_TSV || format == FORMAT_CSV) && eae_is_test_frame(f)) {
        if (eae_test_table_of(f, &table) != EAE_OK)
            return EAE_FAIL;
        f = table;
    }
    int status = EAE_OK;
    if (format == FORMAT_TSV)
        status = eae_export_delimited(out, f, '\t');
    else if (format == FORMAT_CSV)
        status = eae_export_delimited(out, f, ',');
    else if (format == FORMAT_NPY)
        status = eae_export_npy(out, f);
    else
        status = eae_export_libsvm(out, f);
    eae_frame_free(table);
    return status;
}

/* Several frames as text only for --head: each under a line that says what it is, as head(1). */
static int put_corners(eae_output *out, eae_bundle *b, int64_t n)
{
    int status = EAE_OK;
    for (int i = 0; i < b->count && status == EAE_OK; i++) {
        const eae_frame *f = b->frame[i];
        char *title = eae_sprintf("%s==> %s: %lld x %lld, %s <==\n", i > 0 ? "\n" : "",
                                  eae_kind_name(f->kind), (long long)f->rows.count,
                                  (long long)f->cols.count, eae_type_name(f->type));
        if (b->count > 1)
            status = eae_output_write(out, title, strlen(title));
        free(title);
        if (status == EAE_OK)
            status = cut_head(&b->frame[i], n, false);
        if (status == EAE_OK)
            status = eae_export_delimited(out, b->frame[i], '\t');
    }
    return status;
}

static int put_facts(eae_output *out, const eae_bundle *b, const eae_options *o)
{
    eae_buffer text = {0};
    char hash[EAE_HASH_TEXT];
    int status = EAE_OK;
    for (int i = 0; i < b->count && status == EAE_OK; i++) {
        if (eae_flag(o, "hash")) {
            eae_hash content;
            status = eae_frame_content(b->frame[i], &content);
            if (status == EAE_OK)
                eae_buffer_printf(&text, "%s  %s\n", eae_hash_text(&content, hash),
                                  eae_kind_name(b->frame[i]->kind));
        } else if (eae_flag(o, "json")) {
            status = eae_info_json(b->frame[i], &text);
        } else {
            status = eae_info_text(b->frame[i], &text);
        }
    }
    if (status == EAE_OK)
        status = eae_output_write(out, text.data, text.length);
    eae_buffer_free(&text);
    return status;
}

static int64_t head_rows(const eae_options *o)
{
    const char *text = eae_opt_text(o, "head");
    return text && *text ? eae_opt_int(o, "head") : HEAD_DEFAULT;
}

static int write_stream(eae_bundle *b, const eae_options *o)
{
    eae_writer *w;
    int status = eae_writer_open(&w, eae_opt_text(o, "output"), !eae_flag(o, "no-history"));
    if (status != EAE_OK)
        return status;
    for (int i = 0; i < b->count && status == EAE_OK; i++)
        status = eae_writer_frame(w, b->frame[i]);
    if (status == EAE_OK)
        status = eae_bundle_check(b);
    if (status == EAE_OK)
        return eae_writer_close(w);
    eae_writer_discard(w);
    return status;
}

static int write_other(eae_bundle *b, const eae_options *o)
{
    eae_output *out;
    int format = eae_opt_choice(o, "format");
    bool facts = eae_flag(o, "info") || eae_flag(o, "hash");
    bool corners = eae_given(o, "head") && !eae_given(o, "format");
    if (!facts && !corners && b->count > 1) {
        char *kinds = eae_bundle_kinds(b);
        eae_fail("-O %s writes one frame, and there are several (%s): choose with --kind",
                 eae_opt_text(o, "format"), kinds);
        free(kinds);
        return EAE_FAIL;
    }
    int status = eae_output_open(&out, eae_opt_text(o, "output"),
                                 !facts && !corners && format == FORMAT_NPY);
    if (status != EAE_OK)
        return status;
    if (facts)
        status = put_facts(out, b, o);
    else if (corners)
        status = put_corners(out, b, head_rows(o));
    else
        status = export_frame(out, b->frame[0], format);
    if (status == EAE_OK)
        status = eae_bundle_check(b);
    if (status == EAE_OK)
        return eae_output_close(out);
    eae_output_discard(out);
    return status;
}

static int check_usage(const eae_options *o)
{
    eae_log2_mode mode;
    eae_impute method;
    eae_complete_spec completion;
    double amount;
    int64_t neighbours;
    int status = EAE_OK;
    if (eae_given(o, "collapse") && !eae_given(o, "map"))
        status = eae_fail_usage("--collapse needs --map");
    if (status == EAE_OK && eae_given(o, "log2"))
        status = eae_log2_parse(eae_opt_text(o, "log2"), &mode, &amount);
    if (status == EAE_OK && by_factors(o))
        status =
            eae_fail_within(eae_complete_parse(eae_opt_text(o, "impute"), &completion), "--impute");
    else if (status == EAE_OK && eae_given(o, "impute"))
        status = eae_impute_parse(eae_opt_text(o, "impute"), &method, &neighbours);
    const char *output = eae_opt_text(o, "output");
    if (status == EAE_OK && writes_stream(o) && (!output || strcmp(output, "-") == 0) &&
        isatty(STDOUT_FILENO))
        status = eae_fail("standard output is a terminal: --info or --head shows what is there, "
                          "-O tsv prints it, and the stream goes to -o FILE or into a pipe");
    return status;
}

int main(int argc, char **argv)
{
    eae_options *o;
    eae_bundle b = {0};
    eae_options_parse(&o, &program, argc, argv);
    int status = check_usage(o);
    if (status == EAE_OK)
        status = read_input(&b, o);
    if (status == EAE_OK)
        status = choose_kind(&b, o);
    if (status == EAE_OK)
        status = change(&b, o);
    for (int i = 0; i < b.count && status == EAE_OK; i++) {
        if (eae_given(o, "head") && eae_given(o, "format"))
            status = cut_head(&b.frame[i], head_rows(o), true);
    }
    if (status == EAE_OK)
        status = writes_stream(o) ? write_stream(&b, o) : write_other(&b, o);
    if (status != EAE_OK)
        eae_die_status(status);
    eae_bundle_free(&b);
    eae_options_free(o);
    return EAE_OK;
}
