/*
 * page_stream.c - the section of a stream: what it holds, figures of its data, predictions and
 * ranks, and the commands that made it.
 */
#include <stdlib.h>
#include <string.h>

#include "eval/score/score_report.h"
#include "matrix/history.h"
#include "plot/html.h"
#include "plot/page.h"

enum { LINES = 20 };

/* ---- contents ------------------------------------------------------------------------------ */

static void list_frame(eae_page *page, const eae_frame *f)
{
    static const char *const rows[] = {"", "samples", "splits", "models", "models", "runs"};
    static const char *const cols[] = {"",        "features", "samples",
                                       "samples", "features", "features"};
    eae_buffer_printf(&page->body, "<li>%s: %lld %s \xc3\x97 %lld %s", eae_kind_name(f->kind),
                      (long long)f->rows.count, rows[f->kind], (long long)f->cols.count,
                      cols[f->kind]);
    const eae_annot *label = f->kind == EAE_KIND_DATA ? eae_axis_find(&f->rows, "label") : NULL;
    for (int64_t k = 0; label && label->type == EAE_ANNOT_TEXT && k < label->dict.count; k++) {
        int64_t n = 0;
        for (int64_t i = 0; i < label->count; i++)
            n += label->code[i] == k;
        eae_buffer_puts(&page->body, k == 0 ? "; " : ", ");
        eae_html_text(&page->body, eae_name(&label->dict, k));
        eae_buffer_printf(&page->body, " %lld", (long long)n);
    }
    eae_buffer_puts(&page->body, "</li>\n");
}

/* ---- history ------------------------------------------------------------------------------- */

/* The JSON string at p (after its quote) as plain text; returns where it ends. */
static const char *json_string(const char *p, eae_buffer *out)
{
    for (; *p && *p != '"'; p++) {
        if (*p != '\\') {
            eae_buffer_putc(out, *p);
            continue;
        }
        p++;
        if (*p == 'u') /* control characters and bytes that are not UTF-8 */
            eae_buffer_putc(out, '?');
        else if (*p == 'n' || *p == 't' || *p == 'r')
            eae_buffer_putc(out, ' ');
        else
            eae_buffer_putc(out, *p);
        for (int k = 0; *p == 'u' && k < 4 && p[1]; k++)
            p++;
        if (!*p)
            break;
    }
    return p;
}

/* A word as a shell would have to read it. */
static void add_word(eae_buffer *line, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+.,/:%@";
    if (line->length > 0)
        eae_buffer_putc(line, ' ');
    if (*word && strspn(word, plain) == strlen(word)) {
        eae_buffer_puts(line, word);
        return;
    }
    eae_buffer_putc(line, '\'');
    for (const char *p = word; *p; p++) {
        if (*p == '\'')
            eae_buffer_puts(line, "'\\'"); /* out of the quotes, a quote, and in again */
        eae_buffer_putc(line, *p);
    }
    eae_buffer_putc(line, '\'');
}

/* "argv":[...] of a record as a command line; the record itself where it has none. */
static void command_of(const char *record, eae_buffer *line)
{
    const char *p = strstr(record, "\"argv\":[");
    if (!p) {
        eae_buffer_puts(line, record);
        return;
    }
    p += strlen("\"argv\":[");
    while (*p == '"') {
        eae_buffer word = {0};
        eae_buffer_puts(&word, "");
        p = json_string(p + 1, &word);
        add_word(line, word.data);
        eae_buffer_free(&word);
        p += *p == '"';
        p += *p == ',';
    }
}

static void add_history(eae_page *page, const eae_bundle *b)
{
    eae_names all = {0};
    for (int i = 0; i < b->count; i++)
        eae_history_merge(&all, &b->frame[i]->history);
    if (all.count == 0) {
        eae_page_paragraph(page, "The stream carries no history.");
    } else {
        eae_buffer_puts(&page->body, "<h3>Made by</h3>\n<pre>");
        for (int64_t i = 0; i < all.count; i++) {
            eae_buffer line = {0};
            command_of(eae_name(&all, i), &line);
            eae_html_text(&page->body, line.data ? line.data : "");
            eae_buffer_putc(&page->body, '\n');
            eae_buffer_free(&line);
        }
        eae_buffer_puts(&page->body, "</pre>\n");
    }
    eae_names_free(&all);
}

/* ---- predictions --------------------------------------------------------------------------- */

/* A report of the scores as a table; the report is freed. */
static int table_of(eae_report *r, int status, const char *name, eae_tidy *t)
{
    size_t length;
    if (status == EAE_OK) {
        const char *body = eae_report_body(r, &length);
        status = eae_page_table_of(body, length, name, t);
    }
    eae_report_free(r);
    return status;
}

static int scores_table(const eae_scores *s, const eae_score_options *o, const char *name,
                        eae_tidy *t)
{
    eae_report *r = eae_score_report_new(o, s->p->perms > 0);
    return table_of(r, eae_score_report_add(r, s, o, s->p->perms > 0), name, t);
}

static int draw_scores(eae_page *page, const eae_scores *s, eae_score_options *o, const char *kind,
                       const char *name)
{
    eae_tidy t = {0};
    int status = scores_table(s, o, name, &t);
    if (status == EAE_OK)
        status = eae_page_table_figure(page, kind, &t);
    eae_tidy_free(&t);
    return status;
}

static int scores_lines(eae_page *page, const eae_scores *s, const eae_score_options *o,
                        const char *name)
{
    eae_tidy t = {0};
    int status = scores_table(s, o, name, &t);
    if (status == EAE_OK) {
        if (eae_page_has_sizes(&t) && eae_page_thin_sizes(&t, LINES))
            eae_page_paragraph(page, EAE_PAGE_THINNED);
        eae_html_table(&page->body, &t, 2 * LINES, NULL);
    }
    eae_tidy_free(&t);
    return status;
}

static int report_scores(eae_page *page, const eae_scores *s, const char *name)
{
    eae_score_options o = {.summary = true, .seed = 1, .threads = page->o->figure->threads};
    eae_tidy t = {0};
    int status = scores_table(s, &o, name, &t);
    bool sizes = status == EAE_OK && eae_page_has_sizes(&t);
    if (status == EAE_OK) {
        eae_page_paragraph(page, "Held-out performance: mean over the splits, and lo to hi, the "
                                 "95% interval that knows that splits share samples.");
        if (sizes)
            status = eae_page_table_figure(page, "size", &t);
        if (status == EAE_OK)
            status = scores_lines(page, s, &o, name);
    }
    eae_tidy_free(&t);
    o.summary = false;
    if (status == EAE_OK && !sizes)
        status = draw_scores(page, s, &o, "box", name);
    o.curve = EAE_CURVE_ROC;
    if (status == EAE_OK && !sizes && s->p->candidate[0].task == EAE_TASK_CLASSES)
        status = draw_scores(page, s, &o, "roc", name);
    return status;
}

static int add_predictions(eae_page *page, eae_frame *frame, const char *name)
{
    eae_predictions p = {0};
    eae_scores s = {0};
    const eae_threshold_rule rule = {EAE_THRESHOLD_FIXED, 0};
    int status = eae_predictions_open(&p, frame, name);
    if (status == EAE_OK)
        status = eae_scores_choose(&s, &p, NULL);
    if (status == EAE_OK)
        status = eae_scores_compute(&s, &rule, page->o->figure->threads);
    if (status == EAE_OK) {
        status = report_scores(page, &s, name);
    } else { /* nothing held out, for example */
        eae_page_paragraph(page, eae_message());
        status = EAE_OK;
    }
    if (status == EAE_OK && p.candidate_count > 0 && p.candidate[0].task == EAE_TASK_SURVIVAL) {
        eae_frame *one[] = {frame};
        eae_bundle b = {.frame = one, .count = 1};
        eae_figure_options o = *page->o->figure;
        eae_figure figure = {0};
        o.first_model = true;
        int made = eae_figure_km(&b, name, &o, &figure);
        status = eae_page_figure(page, made, &figure);
        eae_figure_free(&figure);
    }
    eae_scores_free(&s);
    eae_predictions_close(&p);
    return status;
}

/* ---- data and ranks ------------------------------------------------------------------------ */

static int add_data(eae_page *page, const eae_bundle *b, const char *name)
{
    eae_figure figure = {0};
    int made = eae_figure_pca(b, name, page->o->figure, &figure);
    int status = eae_page_figure(page, made, &figure);
    eae_figure_free(&figure);
    return status;
}

static int add_stability(eae_page *page, const eae_bundle *b, const char *name)
{
    eae_selectors selectors = {0};
    eae_stability_lines lines = {0};
    eae_tidy t = {0};
    int status = eae_selectors_open(&selectors, b->frame, b->count);
    if (status == EAE_OK)
        status = eae_stability_all(&selectors, NULL, 0, page->o->figure->threads, &lines);
    if (status == EAE_OK)
        status = table_of(eae_stability_report(&selectors, &lines, false), EAE_OK, name, &t);
    if (status == EAE_OK)
        status = eae_page_table_figure(page, "stability", &t);
    else
        status = eae_page_figure(page, status, NULL);
    eae_tidy_free(&t);
    eae_stability_lines_free(&lines);
    eae_selectors_close(&selectors);
    return status;
}

static bool has_kind(const eae_bundle *b, eae_kind kind)
{
    for (int i = 0; i < b->count; i++) {
        if (b->frame[i]->kind == kind)
            return true;
    }
    return false;
}

int eae_page_stream(eae_page *page, const eae_bundle *b, const char *name)
{
    int status = EAE_OK;
    char *kinds = eae_bundle_kinds(b);
    eae_page_section(page, name, kinds);
    free(kinds);
    eae_buffer_puts(&page->body, "<ul>\n");
    for (int i = 0; i < b->count; i++)
        list_frame(page, b->frame[i]);
    eae_buffer_puts(&page->body, "</ul>\n");
    if (has_kind(b, EAE_KIND_DATA))
        status = add_data(page, b, name);
    for (int i = 0; i < b->count && status == EAE_OK; i++) {
        if (b->frame[i]->kind == EAE_KIND_PREDICTION)
            status = add_predictions(page, b->frame[i], name);
    }
    if (status == EAE_OK && has_kind(b, EAE_KIND_RANK))
        status = add_stability(page, b, name);
    add_history(page, b);
    eae_buffer_puts(&page->body, "</section>\n");
    return status;
}

/* ---- features over samples ------------------------------------------------------------------ */

static eae_frame *first_of(const eae_page *page, eae_kind kind)
{
    for (int s = 0; s < page->streams; s++) {
        for (int i = 0; i < page->stream[s].count; i++) {
            if (page->stream[s].frame[i]->kind == kind)
                return page->stream[s].frame[i];
        }
    }
    return NULL;
}

int eae_page_map(eae_page *page)
{
    eae_frame *frame[2] = {first_of(page, EAE_KIND_DATA), first_of(page, EAE_KIND_RANK)};
    if (!frame[1])
        frame[1] = first_of(page, EAE_KIND_MODEL);
    if (!frame[0] || !frame[1])
        return EAE_OK;
    eae_bundle b = {.frame = frame, .count = 2};
    eae_figure figure = {0};
    eae_page_section(page, "Features over samples", "what was selected");
    int made = eae_figure_heatmap(&b, "data", page->o->figure, &figure);
    int status = eae_page_figure(page, made, &figure);
    eae_buffer_puts(&page->body, "</section>\n");
    eae_figure_free(&figure);
    return status;
}
