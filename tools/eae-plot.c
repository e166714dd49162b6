/* eae-plot - figures of reports and streams, by gnuplot; eae-plot(1). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/options.h"
#include "kernels/kernels.h"
#include "matrix/stream.h"
#include "plot/draw.h"
#include "plot/page.h"

static const eae_option figure_options[] = {
    {.name = "format",
     .shortcut = 'O',
     .type = EAE_OPT_CHOICE,
     .range = "svg|png|pdf|term",
     .help = "what to write (default: by the name of -o; else term on a terminal, svg elsewhere)"},
    {.name = "title", .type = EAE_OPT_TEXT, .arg = "TEXT", .help = "above the figure or the page"},
    {.name = "xlabel", .type = EAE_OPT_TEXT, .arg = "TEXT", .help = "title of the x axis"},
    {.name = "ylabel", .type = EAE_OPT_TEXT, .arg = "TEXT", .help = "title of the y axis"},
    {.name = "width",
     .type = EAE_OPT_REAL,
     .arg = "X",
     .range = "1:1000",
     .help = "inches, or characters of a terminal (default: a column of a paper, 3.5; 79)"},
    {.name = "height",
     .type = EAE_OPT_REAL,
     .arg = "Y",
     .range = "1:1000",
     .help = "inches, or lines of a terminal"},
    {.name = "template",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .help = "draw by FILE instead of KIND.gp of the folder of templates"},
    {.name = "script",
     .type = EAE_OPT_FLAG,
     .conflicts = "json",
     .help = "write the gnuplot script, with the data in it, instead of the picture"},
    {0}};

static const eae_option choose_options[] = {
    {.name = "only",
     .type = EAE_OPT_TEXT,
     .arg = "LIST",
     .help = "reports: lines with COL=VALUE,... (a word alone: the model)"},
    {.name = "metric",
     .type = EAE_OPT_TEXT,
     .arg = "NAME",
     .help = "reports: the metric to draw (default: the first of the report)"},
    {.name = "top",
     .type = EAE_OPT_INT,
     .arg = "K",
     .range = "0:500",
     .help = "enrich: sets (15); volcano: names (10); heatmap: features (30)"},
    {.name = "alpha",
     .type = EAE_OPT_REAL,
     .arg = "P",
     .range = "(0:1]",
     .fallback = "0.05",
     .help = "volcano and enrich: what counts as found"},
    {.name = "model",
     .type = EAE_OPT_TEXT,
     .arg = "SPEC",
     .help = "km: the candidate, named as in eae-score(1)"},
    {.name = "repeat",
     .type = EAE_OPT_INT,
     .arg = "N",
     .range = "1:",
     .help = "km: the repeat to draw (default: the first)"},
    {.name = "colour",
     .type = EAE_OPT_TEXT,
     .arg = "COL",
     .help = "pca, heatmap, km of data: annotation for colours (default: label)"},
    {.name = "shape", .type = EAE_OPT_TEXT, .arg = "COL", .help = "pca: annotation for marks"},
    {.name = "scale",
     .type = EAE_OPT_CHOICE,
     .range = "none|all",
     .fallback = "all",
     .help = "pca: features at unit variance, or as they are"},
    {.name = "order",
     .type = EAE_OPT_CHOICE,
     .range = "label|cluster",
     .fallback = "label",
     .help = "heatmap: samples by label, clustered within, or by a clustering of all"},
    {.name = "features",
     .type = EAE_OPT_TEXT,
     .arg = "FILE|LIST",
     .conflicts = "top",
     .help = "heatmap: these features"},
    {0}};

static const eae_program program = {
    .name = "eae-plot",
    .summary = "figures of reports and streams",
    .example = "  eae-score --curve roc svm.eae | eae-plot roc -o roc.svg\n"
               "  eae-plot pca --shape batch expr.eae -o pca.pdf\n"
               "  eae-plot report rfe.eae sizes.tsv sets.tsv -o report.html",
    .operands = "roc|pr|size|box|enrich|volcano|pca|km|stability|heatmap|scaling|report [FILE...]",
    .min_operands = 1,
    .max_operands = -1,
    .groups = {{"Figure", figure_options},
               {"What is drawn", choose_options},
               EAE_GROUP_IMPORT,
               EAE_GROUP_COMMON}};

/* ---- options ----------------------------------------------------------------------------- */

static int read_format(const eae_options *o, eae_drawing *drawing)
{
    const char *path = eae_opt_text(o, "output");
    bool standard = !path || strcmp(path, "-") == 0;
    int by_name = standard ? -1 : eae_format_of_name(path);
    *drawing = (eae_drawing){0};
    if (eae_given(o, "format"))
        drawing->format = (eae_format)eae_opt_choice(o, "format");
    else if (by_name >= 0)
        drawing->format = (eae_format)by_name;
    else if (!standard && eae_format_is_foreign(path))
        return eae_fail_usage("--output %s: figures are svg, png or pdf (--format says which)",
                              path);
    else
        drawing->format = standard && isatty(STDOUT_FILENO) ? EAE_FORMAT_TERM : EAE_FORMAT_SVG;
    drawing->width = eae_given(o, "width") ? eae_opt_real(o, "width") : 0;
    drawing->height = eae_given(o, "height") ? eae_opt_real(o, "height") : 0;
    drawing->x_title = eae_opt_text(o, "xlabel");
    drawing->y_title = eae_opt_text(o, "ylabel");
    drawing->title = eae_opt_text(o, "title");
    drawing->template_file = eae_opt_text(o, "template");
    drawing->tmpdir = eae_opt_text(o, "tmpdir");
    return EAE_OK;
}

static int read_choices(const eae_options *o, eae_figure_options *choices, eae_names *features)
{
    *choices = (eae_figure_options){
        .metric = eae_opt_text(o, "metric"),
        .top = eae_given(o, "top") ? eae_opt_int(o, "top") : -1,
        .width = eae_given(o, "width") ? eae_opt_real(o, "width") : 0,
        .height = eae_given(o, "height") ? eae_opt_real(o, "height") : 0,
        .alpha = eae_opt_real(o, "alpha"),
        .colour = eae_opt_text(o, "colour"),
        .shape = eae_opt_text(o, "shape"),
        .model = eae_opt_text(o, "model"),
        .by_cluster = strcmp(eae_opt_text(o, "order"), "cluster") == 0,
        .standardise = strcmp(eae_opt_text(o, "scale"), "all") == 0,
        .repeat = eae_given(o, "repeat") ? eae_opt_int(o, "repeat") : 0,
        .threads = eae_opt_threads(o),
    };
    if (!eae_given(o, "features"))
        return EAE_OK;
    choices->features = features;
    return eae_read_name_list(eae_opt_text(o, "features"), features);
}

/* ---- one figure -------------------------------------------------------------------------- */

/* An option that would change nothing was meant for another figure. */
static int check_options(const eae_options *o, const eae_figure_kind *kind)
{
    static const struct {
        const char *option, *kinds;
    } only[] = {{"metric", " size box stability "},
                {"top", " enrich volcano heatmap "},
                {"alpha", " enrich volcano "},
                {"model", " km "},
                {"repeat", " km "},
                {"colour", " pca heatmap km "},
                {"shape", " pca "},
                {"scale", " pca "},
                {"order", " heatmap "},
                {"features", " heatmap "}};
    char *word = eae_sprintf(" %s ", kind->name);
    int status = EAE_OK;
    if (kind->frame && eae_given(o, "only"))
        status = eae_fail_usage("--only is for figures of reports; %s reads a stream", kind->name);
    for (size_t i = 0; i < sizeof only / sizeof *only && status == EAE_OK; i++) {
        if (eae_given(o, only[i].option) && !strstr(only[i].kinds, word))
            status = eae_fail_usage("--%s does not apply to %s", only[i].option, kind->name);
    }
    free(word);
    return status;
}

static int from_table(const eae_options *o, const eae_figure_kind *kind,
                      const eae_figure_options *choices, eae_figure *figure)
{
    eae_tidy table = {0};
    int n = eae_operand_count(o) - 1;
    const char **path = eae_malloc((size_t)n, sizeof *path);
    for (int i = 0; i < n; i++)
        path[i] = eae_operand(o, i + 1);
    int status = eae_tidy_read(&table, path, n);
    if (status == EAE_OK && eae_given(o, "only"))
        status = eae_tidy_keep(&table, eae_opt_text(o, "only"));
    if (status == EAE_OK)
        status = kind->table(&table, choices, figure);
    eae_tidy_free(&table);
    free((void *)path);
    return status;
}

static int from_frames(const eae_options *o, const eae_figure_kind *kind,
                       eae_figure_options *choices, eae_figure *figure)
{
    eae_bundle in = {0};
    eae_import import;
    const char *name = eae_operand_count(o) > 1 ? eae_operand(o, 1) : "-";
    eae_import_from_options(&import, o);
    int status = eae_kernels_choose((eae_backend)eae_opt_choice(o, "backend"), &choices->kernels);
    if (status == EAE_OK)
        status = eae_read_operands(&in, o, 1, &import);
    if (status == EAE_OK)
        status = kind->frame(&in, strcmp(name, "-") ? name : "stdin", choices, figure);
    if (status == EAE_OK)
        status = eae_bundle_check(&in);
    eae_bundle_free(&in);
    return status;
}

static int write_whole(const eae_options *o, const eae_buffer *bytes, bool binary)
{
    eae_output *out;
    int status = eae_output_open(&out, eae_opt_text(o, "output"), binary);
    if (status != EAE_OK)
        return status;
    status = eae_output_write(out, bytes->data, bytes->length);
    if (status == EAE_OK)
        return eae_output_close(out);
    eae_output_discard(out);
    return status;
}

static int draw(const eae_options *o, const eae_figure_kind *kind, eae_figure_options *choices)
{
    eae_figure figure = {0};
    eae_drawing drawing;
    eae_buffer bytes = {0};
    bool script = eae_flag(o, "script");
    int status = read_format(o, &drawing);
    if (status == EAE_OK)
        status = check_options(o, kind);
    if (status == EAE_OK)
        status = kind->table ? from_table(o, kind, choices, &figure)
                             : from_frames(o, kind, choices, &figure);
    if (status == EAE_OK)
        status = script ? eae_figure_script(&figure, &drawing, &bytes)
                        : eae_figure_draw(&figure, &drawing, &bytes);
    if (status == EAE_OK)
        status = write_whole(
            o, &bytes,
            !script && (drawing.format == EAE_FORMAT_PNG || drawing.format == EAE_FORMAT_PDF));
    eae_buffer_free(&bytes);
    eae_figure_free(&figure);
    return status;
}

/* ---- the page ---------------------------------------------------------------------------- */

static int make_page(const eae_options *o, eae_figure_options *choices)
{
    static const char *const others[] = {"format", "script", "template", "width",
                                         "height", "xlabel", "ylabel",   "only"};
    eae_names files = {0};
    eae_buffer html = {0};
    eae_import import;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (eae_given(o, others[i]))
            return eae_fail_usage("--%s does not apply to report", others[i]);
    }
    for (int i = 1; i < eae_operand_count(o); i++)
        eae_names_add(&files, eae_operand(o, i), strlen(eae_operand(o, i)));
    if (files.count == 0)
        eae_names_add(&files, "-", 1);
    eae_import_from_options(&import, o);
    eae_page_options page = {.title = eae_opt_text(o, "title"),
                             .figure = choices,
                             .import = &import,
                             .memory = eae_opt_memory(o),
                             .tmpdir = eae_opt_text(o, "tmpdir")};
    int status = eae_kernels_choose((eae_backend)eae_opt_choice(o, "backend"), &choices->kernels);
    if (status == EAE_OK)
        status = eae_page_make(&files, &page, &html);
    if (status == EAE_OK)
        status = write_whole(o, &html, false);
    eae_buffer_free(&html);
    eae_names_free(&files);
    return status;
}

int main(int argc, char **argv)
{
    eae_options *o;
    eae_figure_options choices;
    eae_names features = {0};
    eae_options_parse(&o, &program, argc, argv);
    const char *name = eae_operand(o, 0);
    const eae_figure_kind *kind = eae_figure_kind_find(name);
    int status = read_choices(o, &choices, &features);
    if (status == EAE_OK && strcmp(name, "report") == 0)
        status = make_page(o, &choices);
    else if (status == EAE_OK && !kind)
        status = eae_fail_usage("no such kind of figure: %s", name);
    else if (status == EAE_OK)
        status = draw(o, kind, &choices);
    eae_names_free(&features);
    eae_options_free(o);
    if (status != EAE_OK)
        eae_die_status(status);
    return EAE_OK;
}
