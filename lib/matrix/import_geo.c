/*
 * import_geo.c - GEO series matrix files.
 *
 * !Sample_ lines have a field per sample. Kept are the lines that describe the sample itself
 * (title, source, organism, molecule, description, platform; any other that an option names), and
 * each characteristic "key: value" as an annotation named key: a sample's value is taken from
 * whichever line has that key. The sample ids are those of the table's header.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include <stdlib.h>
#include <string.h>

#include "matrix/import_parts.h"

static const char begin_mark[] = "!series_matrix_table_begin";

typedef struct {
    const eae_import_job *job;
    eae_text text;
    eae_frame *frame;
    eae_field *sample; /* of the line of accessions; count of them, 0 if there is no such line */
    int64_t count;
    int64_t *at; /* the sample (row) that field i of a !Sample_ line is about, or -1 */
    /* one list per key: value of every sample, NULL text where there is none */
    eae_names key;
    eae_field *value; /* key.count x rows */
} geo;

/* Quotes off, as one field; nothing is escaped in these files. */
static eae_field bare_field(const char *p, const char *end)
{
    eae_field f = {p, (size_t)(end - p)};
    return eae_field_bare(&f);
}

/* The fields of a line after its name, with quotes off. A tab always separates. */
static int64_t split_line(const eae_field *line, eae_field *field, int64_t most)
{
    const char *p = line->text, *end = p + line->length;
    int64_t n = 0;
    p = memchr(p, '\t', line->length);
    while (p && n < most) {
        const char *q = memchr(p + 1, '\t', (size_t)(end - p - 1));
        field[n++] = bare_field(p + 1, q ? q : end);
        p = q;
    }
    return n;
}

static bool line_is(const eae_field *line, const char *name)
{
    size_t n = strlen(name);
    return line->length > n && memcmp(line->text, name, n) == 0 && line->text[n] == '\t';
}

static bool line_begins(const eae_field *line, const char *name)
{
    size_t n = strlen(name);
    return line->length >= n && memcmp(line->text, name, n) == 0;
}

/* The next line of the part before the table; false at its end. */
static bool next_line(const char **p, const char *end, eae_field *line)
{
    if (*p >= end)
        return false;
    const char *stop = memchr(*p, '\n', (size_t)(end - *p));
    const char *to = stop ? stop : end;
    *line = (eae_field){*p, (size_t)(to - *p)};
    if (line->length > 0 && line->text[line->length - 1] == '\r')
        line->length--;
    *p = to + 1;
    return true;
}

/* ---- annotations ------------------------------------------------------------------------ */

static eae_field *values_of_key(geo *g, const char *key, size_t length)
{
    int64_t rows = g->frame->rows.count, k = 0;
    while (k < g->key.count && (strlen(eae_name(&g->key, k)) != length ||
                                memcmp(eae_name(&g->key, k), key, length) != 0))
        k++;
    if (k == g->key.count) {
        eae_names_add(&g->key, key, length);
        g->value = eae_realloc(g->value, (size_t)(g->key.count * rows), sizeof *g->value);
        for (int64_t i = 0; i < rows; i++)
            g->value[k * rows + i] = (eae_field){g->text.data, 0};
    }
    return g->value + k * rows;
}

/* The first value given for a key stays. */
static void put_value(geo *g, const char *key, size_t length, int64_t row, eae_field value)
{
    eae_field *to = values_of_key(g, key, length) + row;
    if (to->length == 0)
        *to = value;
}

static void add_characteristics(geo *g, const eae_field *field, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (g->at[i] < 0 || field[i].length == 0)
            continue;
        const char *colon = memchr(field[i].text, ':', field[i].length);
        if (!colon || colon == field[i].text) {
            put_value(g, "characteristics", 15, g->at[i], field[i]);
            continue;
        }
        eae_field key = bare_field(field[i].text, colon);
        put_value(g, key.text, key.length, g->at[i],
                  bare_field(colon + 1, field[i].text + field[i].length));
    }
}

static bool is_kept(const geo *g, const char *name)
{
    static const char *const kept[] = {"title",       "source_name_ch", "organism_ch",
                                       "molecule_ch", "description",    "platform_id"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (strncmp(name, kept[i], strlen(kept[i])) == 0)
            return true;
    }
    /* !Sample_status is about publication: a `status` that an option names is a characteristic */
    return strcmp(name, "status") != 0 && eae_column_use(g->job->import, name) != EAE_USE_NONE;
}

static void add_line(geo *g, const eae_field *line, eae_field *field)
{
    int64_t n = split_line(line, field, g->count);
    if (line_begins(line, "!Sample_characteristics_ch")) {
        add_characteristics(g, field, n);
        return;
    }
    const char *from = line->text + strlen("!Sample_");
    const char *tab = memchr(line->text, '\t', line->length);
    if (!tab || tab <= from)
        return;
    char *name = eae_strndup(from, (size_t)(tab - from));
    for (int64_t i = 0; i < n && is_kept(g, name); i++) {
        if (g->at[i] >= 0)
            put_value(g, name, strlen(name), g->at[i], field[i]);
    }
    free(name);
}

/* Which row each field of a line is about: by accession, else by position. */
static int place_samples(geo *g)
{
    const eae_axis *rows = &g->frame->rows;
    bool by_position = g->count == 0;
    if (by_position)
        g->count = rows->count;
    g->at = eae_malloc((size_t)g->count, sizeof *g->at);
    eae_name_index *index = eae_name_index_new(&rows->names);
    int64_t found = 0;
    for (int64_t i = 0; i < g->count; i++) {
        g->at[i] = by_position ? i : eae_name_find(index, g->sample[i].text, g->sample[i].length);
        found += g->at[i] >= 0;
    }
    eae_name_index_free(index);
    if (found < rows->count)
        return eae_fail("%s: %lld of the %lld samples of the table are not described by "
                        "!Sample_geo_accession",
                        g->text.name, (long long)(rows->count - found), (long long)rows->count);
    return EAE_OK;
}

static int finish_annotations(geo *g)
{
    int64_t rows = g->frame->rows.count;
    int status = EAE_OK;
    for (int64_t k = 0; k < g->key.count && status == EAE_OK; k++) {
        /* a key that begins with @ is not one of our own columns */
        const char *key = eae_name(&g->key, k) + (*eae_name(&g->key, k) == '@');
        eae_annot_fields from = {&g->text, g->value + k * rows, 1, 0};
        if (*key)
            status = eae_add_annot(&g->frame->rows, key, &from, g->job->import);
    }
    return status;
}

/* All !Sample_ lines before the table, after the frame is there. */
static int annotate(geo *g, size_t length)
{
    const char *end = g->text.data + length;
    size_t most = 1;
    for (const char *p = g->text.data; p < end; p++)
        most += *p == '\t';
    eae_field *field = EAE_NEW_ARRAY(eae_field, most), line;
    for (const char *p = g->text.data; next_line(&p, end, &line);) {
        if (line_is(&line, "!Sample_geo_accession") && g->count == 0) {
            g->sample = EAE_NEW_ARRAY(eae_field, most);
            g->count = split_line(&line, g->sample, (int64_t)most);
        }
    }
    int status = place_samples(g);
    for (const char *p = g->text.data; status == EAE_OK && next_line(&p, end, &line);) {
        if (line_begins(&line, "!Sample_"))
            add_line(g, &line, field);
    }
    if (status == EAE_OK)
        status = finish_annotations(g);
    free(field);
    return status;
}

/* ---- the table -------------------------------------------------------------------------- */

/* Wait until the mark and the header of the table have arrived; *begin: of that header. */
static int find_table(geo *g, size_t *length, size_t *begin)
{
    size_t from = 0;
    int status = EAE_OK;
    while (status == EAE_OK) {
        const char *p =
            memmem(g->text.data + from, g->text.length - from, begin_mark, sizeof begin_mark - 1);
        const char *end = g->text.data + g->text.length;
        const char *stop = p ? memchr(p, '\n', (size_t)(end - p)) : NULL;
        if (stop && (g->text.whole || memchr(stop + 1, '\n', (size_t)(end - stop - 1)))) {
            *length = (size_t)(p - g->text.data);
            *begin = (size_t)(stop + 1 - g->text.data);
            return EAE_OK;
        }
        if (g->text.whole)
            return eae_fail("%s: a series matrix without its table (no %s)", g->text.name,
                            begin_mark);
        status = eae_text_source_wait(g->job->source, 2 * g->text.length, &g->text);
    }
    return status;
}

static int read_table(geo *g, size_t begin)
{
    eae_field record, *header = NULL;
    eae_by_feature b = {.delimiter = '\t', .stop = '!'};
    if (!eae_first_record(&g->text, begin, &record, &b.begin) || record.length == 0 ||
        *record.text == '!')
        return eae_fail("%s: the table of the series matrix is empty", g->text.name);
    int status = eae_split_record(&g->text, &record, '\t', &header, &b.header_count);
    b.header = header;
    if (status == EAE_OK)
        status = eae_import_by_feature(g->job, &g->text, &b, &g->frame);
    free(header);
    return status;
}

int eae_import_geo(const eae_import_job *job, const eae_text *head, eae_frame **f)
{
    geo g = {.job = job, .text = *head};
    size_t length = 0, begin = 0;
    int status = find_table(&g, &length, &begin);
    if (status == EAE_OK)
        status = read_table(&g, begin);
    if (status == EAE_OK)
        status = annotate(&g, length);
    *f = g.frame;
    free(g.sample);
    free(g.at);
    free(g.value);
    eae_names_free(&g.key);
    return status;
}
