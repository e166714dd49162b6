/* text.c - see text.h. */
#include "matrix/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"

enum { CHUNK = 1 << 20 };

/* ---- messages --------------------------------------------------------------------------- */

int64_t eae_text_line(const eae_text *t, const char *at)
{
    int64_t line = 1;
    const char *p = t->data;
    while (p < at && (p = memchr(p, '\n', (size_t)(at - p)))) {
        line++;
        p++;
    }
    return line;
}

int eae_text_fail(const eae_text *t, const char *at, int64_t column, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char text[1024];
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    long long line = (long long)eae_text_line(t, at);
    if (column > 0)
        return eae_fail("%s:%lld: column %lld: %s", t->name, line, (long long)column, text);
    return eae_fail("%s:%lld: %s", t->name, line, text);
}

bool eae_next_line(eae_lines *l)
{
    if (l->at >= l->end)
        return false;
    const char *stop = memchr(l->at, '\n', (size_t)(l->end - l->at));
    l->line = l->at;
    l->stop = stop ? stop : l->end;
    l->at = stop ? stop + 1 : l->end;
    if (l->stop > l->line && l->stop[-1] == '\r')
        l->stop--;
    l->number++;
    return true;
}

const char *eae_excerpt(const eae_field *f, char buf[EAE_EXCERPT])
{
    eae_field bare = eae_field_bare(f);
    size_t n = bare.length < EAE_EXCERPT - 4 ? bare.length : EAE_EXCERPT - 4;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bare.text[i];
        buf[i] = c < 32 || c == 127 ? '?' : (char)c;
    }
    memcpy(buf + n, n < bare.length ? "..." : "", n < bare.length ? 4 : 1);
    return buf;
}

/* ---- records ---------------------------------------------------------------------------- */

typedef struct {
    size_t *end; /* positions of line ends outside quotes */
    int64_t count;
    int64_t room;
} line_ends;

typedef struct {
    const eae_text *text;
    size_t begin;
    int64_t chunks;
    uint8_t *odd;    /* whether a chunk has an odd number of quotes */
    uint8_t *quotes; /* whether it has any */
    uint8_t *inside; /* whether it begins inside quotes */
    line_ends *lines;
} search;

static void chunk_bounds(const search *s, int64_t chunk, const char **from, const char **to)
{
    size_t at = s->begin + (size_t)chunk * CHUNK;
    size_t left = s->text->length - at;
    *from = s->text->data + at;
    *to = *from + (left < CHUNK ? left : CHUNK);
}

static int count_quotes(void *context, int64_t chunk, int worker)
{
    (void)worker;
    search *s = context;
    const char *p, *to;
    chunk_bounds(s, chunk, &p, &to);
    unsigned quotes = 0;
    for (; p < to; p++)
        quotes += *p == '"';
    s->quotes[chunk] = quotes > 0;
    s->odd[chunk] = quotes & 1;
    return EAE_OK;
}

static void add_line_end(const search *s, line_ends *l, const char *at)
{
    if (l->count == l->room) {
        l->room = l->room ? 2 * l->room : 64;
        l->end = eae_realloc(l->end, (size_t)l->room, sizeof *l->end);
    }
    l->end[l->count++] = (size_t)(at - s->text->data);
}

static int find_line_ends(void *context, int64_t chunk, int worker)
{
    (void)worker;
    search *s = context;
    line_ends *l = s->lines + chunk;
    const char *p, *to;
    chunk_bounds(s, chunk, &p, &to);
    bool inside = s->inside[chunk];
    if (!s->quotes[chunk]) {
        while (!inside && p < to && (p = memchr(p, '\n', (size_t)(to - p))))
            add_line_end(s, l, p++);
        return EAE_OK;
    }
    for (; p < to; p++) {
        if (*p == '"')
            inside = !inside;
        else if (*p == '\n' && !inside)
            add_line_end(s, l, p);
    }
    return EAE_OK;
}

static eae_field make_record(const char *from, const char *to)
{
    if (to > from && to[-1] == '\r')
        to--;
    return (eae_field){from, (size_t)(to - from)};
}

static void join_records(const search *s, eae_records *r)
{
    const eae_text *t = s->text;
    int64_t total = 1;
    for (int64_t c = 0; c < s->chunks; c++)
        total += s->lines[c].count;
    r->record = EAE_NEW_ARRAY(eae_field, total);
    r->count = 0;
    size_t from = s->begin;
    for (int64_t c = 0; c < s->chunks; c++) {
        for (int64_t i = 0; i < s->lines[c].count; i++) {
            size_t to = s->lines[c].end[i];
            r->record[r->count++] = make_record(t->data + from, t->data + to);
            from = to + 1;
        }
    }
    if (t->whole && from < t->length) {
        r->record[r->count++] = make_record(t->data + from, t->data + t->length);
        from = t->length;
    }
    while (t->whole && r->count > 0 && r->record[r->count - 1].length == 0)
        r->count--;
    r->next = from;
}

int eae_find_records(const eae_text *t, size_t begin, int threads, eae_records *r)
{
    search s = {.text = t, .begin = begin};
    s.chunks = (int64_t)((t->length - begin + CHUNK - 1) / CHUNK);
    s.odd = EAE_NEW_ARRAY(uint8_t, s.chunks);
    s.quotes = EAE_NEW_ARRAY(uint8_t, s.chunks);
    s.inside = EAE_NEW_ARRAY(uint8_t, s.chunks);
    s.lines = EAE_NEW_ARRAY(line_ends, s.chunks);
    int status = eae_parallel(threads, s.chunks, count_quotes, &s);
    for (int64_t c = 1; c < s.chunks; c++)
        s.inside[c] = s.inside[c - 1] ^ s.odd[c - 1];
    if (status == EAE_OK)
        status = eae_parallel(threads, s.chunks, find_line_ends, &s);
    if (status == EAE_OK)
        join_records(&s, r);
    for (int64_t c = 0; c < s.chunks; c++)
        free(s.lines[c].end);
    free(s.lines);
    free(s.inside);
    free(s.quotes);
    free(s.odd);
    return status;
}

void eae_records_free(eae_records *r)
{
    free(r->record);
    *r = (eae_records){0};
}

bool eae_first_record(const eae_text *t, size_t begin, eae_field *record, size_t *next)
{
    const char *from = t->data + begin, *limit = t->data + t->length;
    bool inside = false;
    for (const char *p = from; p < limit; p++) {
        if (*p == '"') {
            inside = !inside;
        } else if (*p == '\n' && !inside) {
            *record = make_record(from, p);
            *next = (size_t)(p + 1 - t->data);
            return true;
        }
    }
    *record = make_record(from, limit);
    *next = t->length;
    return t->whole && from < limit;
}

/* ---- fields ----------------------------------------------------------------------------- */

const char *eae_field_end(const char *p, const char *end, char delimiter)
{
    if (p < end && *p == '"') {
        for (p++; p < end; p++) {
            if (*p != '"')
                continue;
            p++;
            if (p == end || *p == delimiter)
                return p;
            if (*p != '"')
                return NULL;
        }
        return NULL;
    }
    for (; p < end && *p != delimiter; p++) {
        if (*p == '"')
            return NULL;
    }
    return p;
}

int eae_split_record(const eae_text *t, const eae_field *record, char delimiter, eae_field **fields,
                     int64_t *count)
{
    int64_t room = 64, n = 0;
    eae_field *list = EAE_NEW_ARRAY(eae_field, room);
    const char *p = record->text, *end = p + record->length;
    for (;;) {
        const char *q = eae_field_end(p, end, delimiter);
        if (!q) {
            free(list);
            return eae_text_fail(t, p, n + 1, "a quote out of place, or one that is not closed");
        }
        if (n == room) {
            room *= 2;
            list = eae_realloc(list, (size_t)room, sizeof *list);
        }
        list[n++] = (eae_field){p, (size_t)(q - p)};
        if (q == end)
            break;
        p = q + 1;
    }
    *fields = list;
    *count = n;
    return EAE_OK;
}

bool eae_field_is_quoted(const eae_field *f)
{
    return f->length >= 2 && f->text[0] == '"';
}

eae_field eae_field_bare(const eae_field *f)
{
    eae_field b = *f;
    while (b.length > 0 && (*b.text == ' ' || *b.text == '\t')) {
        b.text++;
        b.length--;
    }
    while (b.length > 0 && (b.text[b.length - 1] == ' ' || b.text[b.length - 1] == '\t'))
        b.length--;
    if (b.length >= 2 && b.text[0] == '"' && b.text[b.length - 1] == '"') {
        b.text++;
        b.length -= 2;
    }
    return b;
}

int eae_field_string(eae_buffer *b, const eae_text *t, const eae_field *f)
{
    b->length = 0;
    eae_buffer_puts(b, "");
    if (memchr(f->text, '\0', f->length))
        return eae_text_fail(t, f->text, 0, "a zero byte in a name");
    if (!eae_field_is_quoted(f)) {
        eae_field bare = eae_field_bare(f);
        eae_buffer_add(b, bare.text, bare.length);
        return EAE_OK;
    }
    const char *p = f->text + 1, *end = f->text + f->length - 1;
    while (p < end) {
        const char *quote = memchr(p, '"', (size_t)(end - p));
        const char *stop = quote ? quote + 1 : end; /* the first of two quotes stays */
        eae_buffer_add(b, p, (size_t)(stop - p));
        p = quote ? quote + 2 : end;
    }
    return EAE_OK;
}

int eae_add_field(eae_names *names, const eae_text *t, const eae_field *f)
{
    bool plain = !memchr(f->text, '"', f->length) && !memchr(f->text, '\0', f->length);
    if (plain) {
        eae_field bare = eae_field_bare(f);
        eae_names_add(names, bare.text, bare.length);
        return EAE_OK;
    }
    eae_buffer b = {0};
    int status = eae_field_string(&b, t, f);
    if (status == EAE_OK)
        eae_names_add(names, b.data, b.length);
    eae_buffer_free(&b);
    return status;
}

char eae_find_delimiter(const eae_field *header)
{
    size_t commas = 0, semicolons = 0;
    bool inside = false;
    for (size_t i = 0; i < header->length; i++) {
        char c = header->text[i];
        if (c == '"')
            inside = !inside;
        if (inside)
            continue;
        if (c == '\t')
            return '\t';
        commas += c == ',';
        semicolons += c == ';';
    }
    return commas + semicolons == 0 ? '\0' : commas >= semicolons ? ',' : ';';
}
