/*
 * info.c - see info.h.
 */
#include "matrix/info.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "matrix/history.h"
#include "matrix/stream.h"
#include "matrix/transform.h"

enum { NAMES_SHOWN = 5, VALUES_SHOWN = 12 };

/* What the axes of a kind hold. */
static const char *axis_word(eae_kind kind, bool rows)
{
    static const char *const words[][2] = {[EAE_KIND_DATA] = {"samples", "features"},
                                           [EAE_KIND_SPLIT] = {"splits", "samples"},
                                           [EAE_KIND_PREDICTION] = {"models", "samples"},
                                           [EAE_KIND_MODEL] = {"models", "features"},
                                           [EAE_KIND_RANK] = {"runs", "features"}};
    return words[kind][rows ? 0 : 1];
}

static int content_text(eae_frame *f, char text[EAE_HASH_TEXT])
{
    eae_hash content = f->content;
    if (eae_hash_is_zero(&content) && eae_frame_content(f, &content) != EAE_OK)
        return EAE_FAIL;
    eae_hash_text(&content, text);
    return EAE_OK;
}

/* ---- one annotation column -------------------------------------------------------------- */

typedef struct {
    int64_t missing;
    int64_t *count;   /* text: how often each dictionary entry occurs */
    int64_t distinct; /* text: entries that occur */
    double min, max;  /* numbers */
} annot_summary;

static void add_number(annot_summary *s, double x)
{
    s->min = isnan(s->min) || x < s->min ? x : s->min;
    s->max = isnan(s->max) || x > s->max ? x : s->max;
}

static annot_summary summarise(const eae_annot *a, int64_t n)
{
    annot_summary s = {.min = NAN, .max = NAN};
    s.count = EAE_NEW_ARRAY(int64_t, a->dict.count);
    for (int64_t i = 0; i < n; i++) {
        if (eae_annot_is_missing(a, i))
            s.missing++;
        else if (a->type == EAE_ANNOT_TEXT)
            s.distinct += s.count[a->code[i]]++ == 0;
        else
            add_number(&s, a->type == EAE_ANNOT_F64 ? a->f64[i] : (double)a->i64[i]);
    }
    return s;
}

/* All values with their counts where they are few, or are classes. */
static bool shows_values(const eae_annot *a, const annot_summary *s)
{
    return a->type == EAE_ANNOT_TEXT &&
           (s->distinct <= VALUES_SHOWN || strcmp(a->name, "label") == 0);
}

/* A label's dictionary is the list of classes: those without samples are shown, too. */
static bool shows_value(const eae_annot *a, const annot_summary *s, int64_t v)
{
    return s->count[v] > 0 || strcmp(a->name, "label") == 0;
}

/* ---- text ------------------------------------------------------------------------------- */

static void put_values(eae_buffer *b, const eae_annot *a, const annot_summary *s)
{
    char low[EAE_NUMBER_TEXT], high[EAE_NUMBER_TEXT];
    const char *comma = "";
    if (a->type != EAE_ANNOT_TEXT) {
        eae_format_double(s->min, low);
        eae_format_double(s->max, high);
        eae_buffer_printf(b, "number, %s", low);
        if (s->min < s->max)
            eae_buffer_printf(b, " to %s", high);
        return;
    }
    if (!shows_values(a, s)) {
        eae_buffer_printf(b, "%lld different values", (long long)s->distinct);
        return;
    }
    for (int64_t v = 0; v < a->dict.count; v++) {
        if (!shows_value(a, s, v))
            continue;
        eae_buffer_printf(b, "%s%s %lld", comma, eae_name(&a->dict, v), (long long)s->count[v]);
        comma = ", ";
    }
}

static void put_annotation(eae_buffer *b, const eae_annot *a, int64_t n)
{
    annot_summary s = summarise(a, n);
    eae_buffer_printf(b, "    %-12s ", a->name);
    if (s.missing == n) {
        eae_buffer_puts(b, "all missing\n");
    } else {
        put_values(b, a, &s);
        if (s.missing > 0)
            eae_buffer_printf(b, ", %lld missing", (long long)s.missing);
        eae_buffer_putc(b, '\n');
    }
    free(s.count);
}

static void put_axis(eae_buffer *b, const eae_frame *f, bool rows)
{
    const eae_axis *axis = rows ? &f->rows : &f->cols;
    const char *word = axis_word(f->kind, rows);
    eae_buffer_printf(b, "  %s:", word);
    int64_t shown = axis->names.count < NAMES_SHOWN ? axis->names.count : NAMES_SHOWN;
    for (int64_t i = 0; i < shown; i++)
        eae_buffer_printf(b, "%s%s", i > 0 ? ", " : " ", eae_name(&axis->names, i));
    eae_buffer_puts(b, axis->names.count == 0      ? " without names\n"
                       : axis->names.count > shown ? ", ...\n"
                                                   : "\n");
    for (int i = 0; i < axis->annot_count; i++)
        put_annotation(b, &axis->annot[i], axis->count);
}

int eae_info_text(eae_frame *f, eae_buffer *b)
{
    char content[EAE_HASH_TEXT];
    int64_t row, col;
    if (content_text(f, content) != EAE_OK)
        return EAE_FAIL;
    eae_buffer_printf(b, "%s: %lld %s x %lld %s, %s, %lld missing\n", eae_kind_name(f->kind),
                      (long long)f->rows.count, axis_word(f->kind, true), (long long)f->cols.count,
                      axis_word(f->kind, false), eae_type_name(f->type),
                      (long long)eae_frame_missing(f, &row, &col));
    eae_buffer_printf(b, "  content: %s\n", content);
    put_axis(b, f, true);
    put_axis(b, f, false);
    if (f->history.count > 0)
        eae_buffer_puts(b, "  history:\n");
    for (int64_t i = 0; i < f->history.count; i++)
        eae_buffer_printf(b, "    %s\n", eae_name(&f->history, i));
    return EAE_OK;
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void json_number(eae_buffer *b, double x)
{
    char text[EAE_NUMBER_TEXT];
    if (!isfinite(x)) {
        eae_buffer_puts(b, "null");
        return;
    }
    eae_format_double(x, text);
    eae_buffer_puts(b, text);
}

static void json_annotation(eae_buffer *b, const char *axis, const eae_annot *a, int64_t n)
{
    static const char *const types[] = {NULL, "f64", "i64", "text"};
    annot_summary s = summarise(a, n);
    eae_buffer_printf(b, "{\"axis\":\"%s\",\"name\":", axis);
    eae_json_string(b, a->name);
    eae_buffer_printf(b, ",\"type\":\"%s\",\"missing\":%lld", types[a->type], (long long)s.missing);
    if (shows_values(a, &s)) {
        const char *comma = "";
        eae_buffer_puts(b, ",\"counts\":{");
        for (int64_t v = 0; v < a->dict.count; v++) {
            if (!shows_value(a, &s, v))
                continue;
            eae_buffer_puts(b, comma);
            eae_json_string(b, eae_name(&a->dict, v));
            eae_buffer_printf(b, ":%lld", (long long)s.count[v]);
            comma = ",";
        }
        eae_buffer_putc(b, '}');
    } else if (a->type == EAE_ANNOT_TEXT) {
        eae_buffer_printf(b, ",\"distinct\":%lld", (long long)s.distinct);
    } else {
        eae_buffer_puts(b, ",\"min\":");
        json_number(b, s.min);
        eae_buffer_puts(b, ",\"max\":");
        json_number(b, s.max);
    }
    eae_buffer_putc(b, '}');
    free(s.count);
}

static void json_names(eae_buffer *b, const char *key, const eae_names *names)
{
    eae_buffer_printf(b, ",\"%s\":[", key);
    for (int64_t i = 0; i < names->count; i++) {
        if (i > 0)
            eae_buffer_putc(b, ',');
        eae_json_string(b, eae_name(names, i));
    }
    eae_buffer_putc(b, ']');
}

static void json_annotations(eae_buffer *b, const eae_frame *f)
{
    const char *comma = "";
    eae_buffer_puts(b, ",\"annotations\":[");
    for (int i = 0; i < f->rows.annot_count + f->cols.annot_count; i++) {
        bool rows = i < f->rows.annot_count;
        const eae_axis *axis = rows ? &f->rows : &f->cols;
        eae_buffer_puts(b, comma);
        json_annotation(b, rows ? "rows" : "cols", &axis->annot[rows ? i : i - f->rows.annot_count],
                        axis->count);
        comma = ",";
    }
    eae_buffer_putc(b, ']');
}

int eae_info_json(eae_frame *f, eae_buffer *b)
{
    char content[EAE_HASH_TEXT];
    int64_t row, col;
    if (content_text(f, content) != EAE_OK)
        return EAE_FAIL;
    eae_buffer_printf(b,
                      "{\"kind\":\"%s\",\"type\":\"%s\",\"rows\":%lld,\"cols\":%lld,"
                      "\"missing\":%lld,\"content\":\"%s\"",
                      eae_kind_name(f->kind), eae_type_name(f->type), (long long)f->rows.count,
                      (long long)f->cols.count, (long long)eae_frame_missing(f, &row, &col),
                      content);
    json_names(b, "row_names", &f->rows.names);
    json_names(b, "col_names", &f->cols.names);
    json_annotations(b, f);
    eae_buffer_puts(b, ",\"history\":[");
    for (int64_t i = 0; i < f->history.count; i++)
        eae_buffer_printf(b, "%s%s", i > 0 ? "," : "", eae_name(&f->history, i));
    eae_buffer_puts(b, "]}\n");
    return EAE_OK;
}
