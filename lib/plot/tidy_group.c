/* tidy_group.c - rows that belong together, and what tells the groups apart; see tidy.h. */
#include <stdlib.h>
#include <string.h>

#include "plot/tidy.h"

enum { KEYS_MAX = 12 };

typedef struct {
    const eae_tidy *t;
    eae_tidy_groups *g;
    int column[KEYS_MAX];
    const char *name[KEYS_MAX];
    int keys;
} grouping;

static void number_rows(const grouping *k)
{
    eae_names keys = {0};
    eae_buffer key = {0};
    eae_tidy_groups *g = k->g;
    int64_t *first = NULL;
    for (int64_t i = 0; i < k->t->rows; i++) {
        key.length = 0;
        for (int c = 0; c < k->keys; c++) {
            eae_buffer_puts(&key, eae_tidy_text(k->t, i, k->column[c]));
            eae_buffer_putc(&key, '\t');
        }
        if (k->keys == 0)
            eae_buffer_puts(&key, "\t");
        /* groups are few, and rows of one stand together: look from the last one backwards */
        int64_t found = g->count - 1;
        while (found >= 0 && strcmp(eae_name(&keys, found), key.data) != 0)
            found--;
        if (found < 0) {
            eae_names_add(&keys, key.data, key.length);
            first = eae_realloc(first, (size_t)g->count + 1, sizeof *first);
            first[g->count] = i;
            found = g->count++;
        }
        g->of_row[i] = (int)found;
    }
    g->first = first;
    eae_names_free(&keys);
    eae_buffer_free(&key);
}

static const char *key_of(const grouping *k, int group, int c)
{
    return eae_tidy_text(k->t, k->g->first[group], k->column[c]);
}

static bool differs(const grouping *k, int c)
{
    for (int g = 1; g < k->g->count; g++) {
        if (strcmp(key_of(k, g, c), key_of(k, 0, c)) != 0)
            return true;
    }
    return false;
}

/* Is the part there between semicolons? */
static bool has_part(const char *spec, const char *part, size_t n)
{
    for (const char *p = spec;; p++) {
        size_t m = strcspn(p, ";");
        if (m == n && memcmp(p, part, n) == 0)
            return true;
        p += m;
        if (*p == '\0')
            return false;
    }
}

static void join(eae_buffer *label, const char *text, size_t n)
{
    if (label->length > 0)
        eae_buffer_puts(label, ", ");
    eae_buffer_add(label, text, n);
}

/* The parts of the spec that some group does not have. */
static void add_spec(const grouping *k, int group, int c, eae_buffer *label)
{
    for (const char *p = key_of(k, group, c);; p++) {
        size_t n = strcspn(p, ";");
        bool all = true;
        for (int g = 0; g < k->g->count && all; g++)
            all = has_part(key_of(k, g, c), p, n);
        if (!all && n > 0)
            join(label, p, n);
        p += n;
        if (*p == '\0')
            break;
    }
}

static void add_key(const grouping *k, int group, int c, eae_buffer *label)
{
    const char *name = k->name[c], *value = key_of(k, group, c);
    if (strcmp(name, "spec") == 0) {
        add_spec(k, group, c, label);
    } else if (strcmp(value, "NA") == 0) {
        return;
    } else if (strcmp(name, "param") == 0 || strcmp(name, "size") == 0 ||
               strcmp(name, "split") == 0) {
        char *text = eae_sprintf("%s %s", name, value);
        join(label, text, strlen(text));
        free(text);
    } else {
        join(label, value, strlen(value));
    }
}

/* Do two groups agree in all the columns that are used? */
static bool some_agree(const grouping *k, const bool *used)
{
    for (int a = 0; a < k->g->count; a++) {
        for (int b = 0; b < a; b++) {
            bool same = true;
            for (int c = 0; c < k->keys && same; c++)
                same = !used[c] || strcmp(key_of(k, a, c), key_of(k, b, c)) == 0;
            if (same)
                return true;
        }
    }
    return false;
}

/* As few columns as tell the groups apart, the long spec last. */
static void choose_columns(const grouping *k, bool *used)
{
    for (int last = 0; last < 2; last++) {
        for (int c = 0; c < k->keys; c++) {
            bool is_spec = strcmp(k->name[c], "spec") == 0;
            if (is_spec == (last == 1) && differs(k, c))
                used[c] = some_agree(k, used);
        }
    }
}

static void name_groups(const grouping *k)
{
    bool used[KEYS_MAX] = {false};
    int model = eae_tidy_find(k->t, "model");
    choose_columns(k, used);
    for (int g = 0; g < k->g->count; g++) {
        eae_buffer label = {0};
        for (int c = 0; c < k->keys; c++) {
            if (used[c])
                add_key(k, g, c, &label);
        }
        if (label.length == 0 && model >= 0)
            eae_buffer_puts(&label, eae_tidy_text(k->t, k->g->first[g], model));
        eae_names_add(&k->g->label, label.data ? label.data : "", label.length);
        eae_buffer_free(&label);
    }
}

void eae_tidy_group(const eae_tidy *t, const char *const *key, int n, eae_tidy_groups *groups)
{
    grouping k = {.t = t, .g = groups};
    *groups = (eae_tidy_groups){.of_row = eae_malloc((size_t)t->rows, sizeof *groups->of_row)};
    for (int i = 0; i < n && k.keys < KEYS_MAX; i++) {
        int at = eae_tidy_find(t, key[i]);
        if (at < 0)
            continue;
        k.column[k.keys] = at;
        k.name[k.keys++] = key[i];
    }
    number_rows(&k);
    name_groups(&k);
}

void eae_tidy_groups_free(eae_tidy_groups *groups)
{
    free(groups->of_row);
    free(groups->first);
    eae_names_free(&groups->label);
    *groups = (eae_tidy_groups){0};
}
