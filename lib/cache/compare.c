/* compare.c - see compare.h. */
#include "cache/compare.h"

#include <stdlib.h>
#include <string.h>

/* A line of a request, cut where the name of the part ends and its value begins. */
typedef struct {
    const char *text;
    size_t part, length; /* bytes of the name; of the line */
    int repeat;          /* how many lines of that name came before it */
    bool met;
} request_line;

typedef struct {
    request_line *line;
    int64_t count;
} request_lines;

static bool begins(const request_line *l, const char *with)
{
    size_t n = strlen(with);
    return l->length >= n && memcmp(l->text, with, n) == 0;
}

/* "file expr.eae | 7d1b... 123", "env EAE_X | =1", "option --step | =1%", "operand | svm". */
static size_t part_length(const request_line *l)
{
    const char *first = memchr(l->text, ' ', l->length);
    if (!first)
        return l->length;
    size_t head = (size_t)(first - l->text), left = l->length - head - 1;
    char stop = '\0';
    if (begins(l, "file ") || begins(l, "input ") || begins(l, "plugin ") ||
        begins(l, "interpreter ") || begins(l, "template "))
        stop = ' ';
    else if (begins(l, "env ") || begins(l, "option "))
        stop = '=';
    const char *end = stop ? memchr(first + 1, stop, left) : NULL;
    if (stop)
        return end ? (size_t)(end - l->text) : l->length;
    return head;
}

static bool same_part(const request_line *a, const request_line *b)
{
    return a->part == b->part && a->repeat == b->repeat && memcmp(a->text, b->text, a->part) == 0;
}

static request_lines cut(const eae_buffer *request)
{
    request_lines all = {.line = EAE_NEW_ARRAY(request_line, request->length + 1)};
    const char *p = request->data, *end = p + request->length;
    while (p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        request_line *l = &all.line[all.count];
        l->text = p;
        l->length = (size_t)((stop ? stop : end) - p);
        l->part = part_length(l);
        for (int64_t i = all.count - 1; i >= 0 && l->repeat == 0; i--) {
            const request_line *before = &all.line[i];
            if (before->part == l->part && memcmp(before->text, l->text, l->part) == 0)
                l->repeat = before->repeat + 1;
        }
        all.count++;
        p = stop ? stop + 1 : end;
    }
    return all;
}

static char *value_of(const request_line *l)
{
    if (!l)
        return NULL;
    size_t at = l->part;
    at += at < l->length && (l->text[at] == ' ' || l->text[at] == '=');
    return eae_strndup(l->text + at, l->length - at);
}

static void add(eae_differences *d, const request_line *a, const request_line *b)
{
    const request_line *l = a ? a : b;
    d->list = eae_realloc(d->list, (size_t)d->count + 1, sizeof *d->list);
    d->list[d->count++] = (eae_difference){
        .part = l->repeat ? eae_sprintf("%.*s (%d)", (int)l->part, l->text, l->repeat + 1)
                          : eae_strndup(l->text, l->part),
        .first = value_of(a),
        .second = value_of(b)};
}

void eae_requests_compare(const eae_buffer *first, const eae_buffer *second, eae_differences *d)
{
    request_lines a = cut(first), b = cut(second);
    *d = (eae_differences){.list = NULL};
    for (int64_t i = 0; i < a.count; i++) {
        request_line *l = &a.line[i], *other = NULL;
        for (int64_t k = 0; k < b.count && !other; k++) {
            if (same_part(l, &b.line[k]))
                other = &b.line[k];
        }
        if (other)
            other->met = true;
        if (other && other->length == l->length && memcmp(other->text, l->text, l->length) == 0)
            d->common++;
        else
            add(d, l, other);
    }
    for (int64_t k = 0; k < b.count; k++) {
        if (!b.line[k].met)
            add(d, NULL, &b.line[k]);
    }
    free(a.line);
    free(b.line);
}

void eae_differences_free(eae_differences *d)
{
    for (int64_t i = 0; i < d->count; i++) {
        free(d->list[i].part);
        free(d->list[i].first);
        free(d->list[i].second);
    }
    free(d->list);
    *d = (eae_differences){.list = NULL};
}

/* The second line: "program eae-rfe", "name panel-7". */
static size_t second_line(const eae_buffer *request, const char **line)
{
    const char *p = request->data ? strchr(request->data, '\n') : NULL;
    *line = p ? p + 1 : "";
    return strcspn(*line, "\n");
}

static bool same_kind(const eae_buffer *a, const eae_buffer *b)
{
    const char *p, *q;
    size_t n = second_line(a, &p), m = second_line(b, &q);
    if (strncmp(p, "name ", 5) == 0)
        return strncmp(q, "name ", 5) == 0;
    return n == m && memcmp(p, q, n) == 0;
}

const eae_catalog_entry *eae_catalog_nearest(const eae_catalog *c, const eae_buffer *request)
{
    const eae_catalog_entry *best = NULL;
    int64_t fewest = 0;
    for (int64_t i = 0; i < c->entries; i++) {
        const eae_catalog_entry *e = &c->entry[i];
        eae_differences d;
        if (!same_kind(request, &e->entry.request))
            continue;
        eae_requests_compare(request, &e->entry.request, &d);
        if (!best || d.count < fewest || (d.count == fewest && e->used > best->used)) {
            best = e;
            fewest = d.count;
        }
        eae_differences_free(&d);
    }
    return best;
}
