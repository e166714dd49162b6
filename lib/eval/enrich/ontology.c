/* ontology.c - reading OBO; see ontology.h. The annotations are in ontology_sets.c. */
#include "eval/enrich/ontology.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "matrix/text.h"
#include "matrix/text_source.h"

/* An arrow between terms, as it is written. */
typedef struct {
    int64_t from; /* number of the stanza */
    int64_t to;   /* a known id */
} arrow;

typedef struct {
    int64_t id; /* known; -1 until its line came */
    bool obsolete;
    int64_t line;
    int64_t name; /* position in names */
} stanza;

typedef struct {
    const char *path;
    int64_t line;
    eae_ontology *o;
    stanza *term;
    int64_t terms, term_room;
    arrow *arrow;
    int64_t arrows, arrow_room;
    int64_t *stanza_of; /* per known id: 1 + the stanza whose id, or alternative id, it is */
    int64_t stanza_room;
    eae_names names;
    bool in_term;
} reading;

/* ---- lines ------------------------------------------------------------------------------- */

/* An id ends at a blank, a comment or a modifier in braces. */
static size_t id_length(const char *text, const char *end)
{
    size_t n = 0;
    while (text + n < end && text[n] != ' ' && text[n] != '\t' && text[n] != '!' && text[n] != '{')
        n++;
    return n;
}

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

static int64_t know(reading *r, const char *id, size_t length)
{
    int64_t k = eae_name_set_add(&r->o->known, id, length);
    if (k >= r->stanza_room) {
        int64_t room = 2 * k + 1024;
        r->stanza_of = eae_realloc(r->stanza_of, (size_t)room, sizeof *r->stanza_of);
        memset(r->stanza_of + r->stanza_room, 0,
               (size_t)(room - r->stanza_room) * sizeof *r->stanza_of);
        r->stanza_room = room;
    }
    return k;
}

static int end_term(reading *r)
{
    if (r->in_term && r->term[r->terms - 1].id < 0)
        return eae_fail("%s:%lld: a term without an id", r->path,
                        (long long)r->term[r->terms - 1].line);
    return EAE_OK;
}

static int begin_stanza(reading *r, bool is_term)
{
    int status = end_term(r);
    r->in_term = is_term;
    if (!is_term || status != EAE_OK)
        return status;
    if (r->terms == r->term_room) {
        r->term_room = r->term_room ? 2 * r->term_room : 1024;
        r->term = eae_realloc(r->term, (size_t)r->term_room, sizeof *r->term);
    }
    r->term[r->terms++] = (stanza){.id = -1, .line = r->line, .name = -1};
    return EAE_OK;
}

static int take_id(reading *r, const char *value, const char *end, bool alternative)
{
    size_t n = id_length(value, end);
    if (n == 0)
        return eae_fail("%s:%lld: an id is missing", r->path, (long long)r->line);
    stanza *t = &r->term[r->terms - 1];
    int64_t k = know(r, value, n);
    if (r->stanza_of[k] != 0 && r->stanza_of[k] != r->terms)
        return eae_fail("%s:%lld: the id %.*s is that of the term in line %lld as well", r->path,
                        (long long)r->line, (int)n, value,
                        (long long)r->term[r->stanza_of[k] - 1].line);
    r->stanza_of[k] = r->terms;
    if (!alternative)
        t->id = k;
    return EAE_OK;
}

static int take_arrow(reading *r, const char *value, const char *end)
{
    size_t n = id_length(value, end);
    if (n == 0)
        return eae_fail("%s:%lld: an id is missing", r->path, (long long)r->line);
    if (r->arrows == r->arrow_room) {
        r->arrow_room = r->arrow_room ? 2 * r->arrow_room : 1024;
        r->arrow = eae_realloc(r->arrow, (size_t)r->arrow_room, sizeof *r->arrow);
    }
    r->arrow[r->arrows++] = (arrow){r->terms - 1, know(r, value, n)};
    return EAE_OK;
}

static bool starts(const char *line, const char *end, const char *word, const char **after)
{
    size_t n = strlen(word);
    if ((size_t)(end - line) < n || memcmp(line, word, n) != 0)
        return false;
    *after = skip_blanks(line + n, end);
    return true;
}

static int take_line(reading *r, const char *line, const char *end)
{
    const char *value;
    stanza *t = r->in_term ? &r->term[r->terms - 1] : NULL;
    if (line < end && *line == '[')
        return begin_stanza(r, starts(line, end, "[Term]", &value));
    if (!t)
        return EAE_OK;
    if (starts(line, end, "id:", &value))
        return take_id(r, value, end, false);
    if (starts(line, end, "alt_id:", &value))
        return take_id(r, value, end, true);
    if (starts(line, end, "is_a:", &value))
        return take_arrow(r, value, end);
    if (starts(line, end, "relationship:", &value) && starts(value, end, "part_of", &value))
        return take_arrow(r, value, end);
    if (starts(line, end, "is_obsolete:", &value)) {
        t->obsolete = starts(value, end, "true", &value);
    } else if (starts(line, end, "name:", &value)) {
        t->name = r->names.count;
        eae_names_add(&r->names, value, (size_t)(end - value));
    }
    return EAE_OK;
}

static int read_lines(reading *r, const char *text, size_t size)
{
    int status = EAE_OK;
    for (eae_lines l = eae_lines_of(text, size); status == EAE_OK && eae_next_line(&l);) {
        while (l.stop > l.line && (l.stop[-1] == '\r' || l.stop[-1] == ' '))
            l.stop--;
        r->line = l.number;
        status = take_line(r, l.line, l.stop);
    }
    return status == EAE_OK ? end_term(r) : status;
}

/* ---- the graph --------------------------------------------------------------------------- */

/* Stanzas become terms, those that are obsolete left out. */
static void number_terms(reading *r)
{
    eae_ontology *o = r->o;
    int64_t *number = eae_malloc((size_t)r->terms, sizeof *number);
    for (int64_t s = 0; s < r->terms; s++) {
        number[s] = r->term[s].obsolete ? EAE_TERM_OBSOLETE : o->id.count;
        if (r->term[s].obsolete)
            continue;
        const char *id = eae_name(&o->known.names, r->term[s].id);
        const char *name = r->term[s].name >= 0 ? eae_name(&r->names, r->term[s].name) : "";
        eae_names_add(&o->id, id, strlen(id));
        eae_names_add(&o->name, name, strlen(name));
    }
    o->term = eae_malloc((size_t)o->known.names.count, sizeof *o->term);
    for (int64_t k = 0; k < o->known.names.count; k++)
        o->term[k] = r->stanza_of[k] ? number[r->stanza_of[k] - 1] : EAE_TERM_UNKNOWN;
    free(number);
}

static void join_arrows(reading *r)
{
    eae_ontology *o = r->o;
    o->begin = EAE_NEW_ARRAY(int64_t, o->id.count + 1);
    o->parent = eae_malloc((size_t)r->arrows, sizeof *o->parent);
    int64_t kept = 0, last = 0;
    for (int64_t a = 0; a < r->arrows; a++) { /* they stand by stanza */
        const stanza *from = &r->term[r->arrow[a].from];
        int64_t parent = o->term[r->arrow[a].to];
        if (from->obsolete)
            continue;
        int64_t child = o->term[from->id];
        for (; last < child; last++)
            o->begin[last + 1] = kept;
        if (parent >= 0)
            o->parent[kept++] = parent;
        else
            o->foreign++;
    }
    for (; last < o->id.count; last++)
        o->begin[last + 1] = kept;
}

static int fail_cycle(const eae_ontology *o, const char *path, const int64_t *waits)
{
    /* every term that waits has a child that does, so that going down from one ends in a cycle */
    enum { SHOWN = 8 };
    int64_t at = 0, count = o->id.count;
    while (waits[at] == 0)
        at++;
    int64_t *child = EAE_NEW_ARRAY(int64_t, count);
    for (int64_t t = 0; t < count; t++) {
        for (int64_t k = o->begin[t]; waits[t] && k < o->begin[t + 1]; k++)
            child[o->parent[k]] = t;
    }
    for (int64_t k = 0; k < count; k++)
        at = child[at];
    eae_buffer b = {0};
    int64_t first = at;
    for (int k = 0; k < SHOWN && (k == 0 || at != first); k++, at = child[at])
        eae_buffer_printf(&b, "%s has the child ", eae_name(&o->id, at));
    eae_buffer_printf(&b, "%s%s", eae_name(&o->id, at), at == first ? "" : " ...");
    int status = eae_fail("%s: a cycle of terms: %s", path, b.data);
    eae_buffer_free(&b);
    free(child);
    return status;
}

/* Terms in an order in which every one stands before its parents: a term follows when all of its
 * children are there (Kahn 1962). */
static int order_terms(eae_ontology *o, const char *path)
{
    int64_t count = o->id.count, done = 0;
    int64_t *waits = EAE_NEW_ARRAY(int64_t, count);
    o->upward = eae_malloc((size_t)count, sizeof *o->upward);
    for (int64_t k = 0; k < o->begin[count]; k++)
        waits[o->parent[k]]++;
    for (int64_t t = 0; t < count; t++) {
        if (waits[t] == 0)
            o->upward[done++] = t;
    }
    for (int64_t i = 0; i < done; i++) {
        int64_t t = o->upward[i];
        for (int64_t k = o->begin[t]; k < o->begin[t + 1]; k++) {
            if (--waits[o->parent[k]] == 0)
                o->upward[done++] = o->parent[k];
        }
    }
    int status = done == count ? EAE_OK : fail_cycle(o, path, waits);
    free(waits);
    return status;
}

/* ---- the whole --------------------------------------------------------------------------- */

int eae_ontology_read(eae_ontology *o, const char *path)
{
    char *text;
    size_t size;
    const char *slash = strrchr(path, '/');
    *o = (eae_ontology){0};
    if (eae_text_read_file(path, &text, &size) != EAE_OK)
        return EAE_FAIL;
    o->source = eae_strdup(slash ? slash + 1 : path);
    reading r = {.path = path, .o = o};
    int status = memchr(text, '\0', size) ? eae_fail("%s: a zero byte in it: no OBO file", path)
                                          : read_lines(&r, text, size);
    if (status == EAE_OK && r.terms == 0)
        status = eae_fail("%s: no [Term] in it: no OBO file", path);
    if (status == EAE_OK) {
        number_terms(&r);
        join_arrows(&r);
        status = order_terms(o, path);
    }
    free(r.term);
    free(r.arrow);
    free(r.stanza_of);
    eae_names_free(&r.names);
    free(text);
    if (status != EAE_OK)
        eae_ontology_free(o);
    return status;
}

void eae_ontology_free(eae_ontology *o)
{
    free(o->source);
    eae_names_free(&o->id);
    eae_names_free(&o->name);
    eae_name_set_free(&o->known);
    free(o->term);
    free(o->begin);
    free(o->parent);
    free(o->upward);
    *o = (eae_ontology){0};
}

int64_t eae_ontology_term(const eae_ontology *o, const char *id, size_t length)
{
    int64_t k = eae_name_set_find(&o->known, id, length);
    return k < 0 ? EAE_TERM_UNKNOWN : o->term[k];
}
