/* feature_map.c - see feature_map.h. */
#include "matrix/feature_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "matrix/text_source.h"

enum { SHOWN = 3 }; /* names in a message */

/* The next field of a line that ends at `end`: quotes around it are taken off. */
static const char *next_field(const char **at, const char *end, char delimiter, size_t *n)
{
    const char *field = *at;
    const char *stop = memchr(field, delimiter, (size_t)(end - field));
    if (!stop)
        stop = end;
    *at = stop < end ? stop + 1 : end;
    *n = (size_t)(stop - field);
    if (*n >= 2 && field[0] == '"' && field[*n - 1] == '"') {
        field++;
        *n -= 2;
    }
    return field;
}

static bool several(const char *gene, size_t n)
{
    for (size_t i = 0; i + 3 <= n; i++) {
        if (memcmp(gene + i, "///", 3) == 0)
            return true;
    }
    return false;
}

typedef struct {
    eae_feature_map *map;
    const char *path;
    const eae_name_index *features;
    int64_t line;    /* number of the present one */
    int64_t matched; /* lines that name a feature */
    eae_names first; /* what the first lines name */
} reading;

static int read_line(reading *r, const char *line, const char *end)
{
    char delimiter = memchr(line, '\t', (size_t)(end - line)) ? '\t' : ',';
    size_t feature_length, gene_length;
    const char *feature = next_field(&line, end, delimiter, &feature_length);
    if (line == end && line[-1] != delimiter)
        return eae_fail("%s:%lld: one column, not a feature and its gene", r->path,
                        (long long)r->line);
    const char *gene = next_field(&line, end, delimiter, &gene_length);
    int64_t j = eae_name_find(r->features, feature, feature_length);
    if (r->first.count <= SHOWN)
        eae_names_add(&r->first, feature, feature_length);
    r->matched += j >= 0;
    if (j < 0 || gene_length == 0 || (gene_length == 3 && memcmp(gene, "---", 3) == 0))
        return EAE_OK;
    int64_t *to = &r->map->gene[j];
    if (several(gene, gene_length)) {
        *to = EAE_AMBIGUOUS;
        return EAE_OK;
    }
    int64_t have = eae_name_set_add(&r->map->genes, gene, gene_length);
    if (*to == EAE_UNMAPPED)
        *to = have;
    else if (*to != have)
        *to = EAE_AMBIGUOUS;
    return EAE_OK;
}

/* Up to three names from `from` on, for a message; the caller frees. */
static char *some_names(const eae_names *names, int64_t from)
{
    eae_buffer b = {0};
    eae_buffer_puts(&b, "");
    for (int64_t i = from; i < names->count && i < from + SHOWN; i++)
        eae_buffer_printf(&b, "%s%.60s", i > from ? ", " : "", eae_name(names, i));
    return b.data;
}

static int no_match(const reading *r, const eae_names *features)
{
    /* the first line may be a header */
    char *theirs = some_names(&r->first, r->first.count > SHOWN ? 1 : 0);
    char *ours = some_names(features, 0);
    int status = eae_fail("%s: maps none of the %lld features: it names %s; the features are %s",
                          r->path, (long long)features->count, *theirs ? theirs : "nothing", ours);
    free(theirs);
    free(ours);
    return status;
}

static int read_lines(reading *r, const char *text, size_t length)
{
    int status = EAE_OK;
    for (const char *line = text; line < text + length && status == EAE_OK;) {
        const char *end = memchr(line, '\n', (size_t)(text + length - line));
        const char *next = end ? end + 1 : text + length;
        if (!end)
            end = text + length;
        if (end > line && end[-1] == '\r')
            end--;
        r->line++;
        if (end > line && *line != '#')
            status = read_line(r, line, end);
        line = next;
    }
    return status;
}

int eae_feature_map_read(eae_feature_map *map, const char *path, const eae_names *features)
{
    char *text;
    size_t length;
    *map = (eae_feature_map){.count = features->count};
    if (eae_text_read_file(path, &text, &length) != EAE_OK)
        return EAE_FAIL;
    map->gene = eae_malloc((size_t)features->count, sizeof *map->gene);
    for (int64_t j = 0; j < features->count; j++)
        map->gene[j] = EAE_UNMAPPED;
    eae_name_index *index = eae_name_index_new(features);
    reading r = {.map = map, .path = path, .features = index};
    int status = read_lines(&r, text, length);
    if (status == EAE_OK && r.matched == 0)
        status = no_match(&r, features);
    for (int64_t j = 0; j < features->count; j++) {
        map->unmapped += map->gene[j] == EAE_UNMAPPED;
        map->ambiguous += map->gene[j] == EAE_AMBIGUOUS;
    }
    eae_names_free(&r.first);
    eae_name_index_free(index);
    free(text);
    if (status != EAE_OK)
        eae_feature_map_free(map);
    return status;
}

void eae_feature_map_free(eae_feature_map *map)
{
    free(map->gene);
    eae_name_set_free(&map->genes);
    *map = (eae_feature_map){0};
}

void eae_feature_map_note(const eae_feature_map *map, const char *path)
{
    if (map->unmapped + map->ambiguous > 0)
        eae_note("%s: dropped %lld unmapped and %lld ambiguous of %lld features", path,
                 (long long)map->unmapped, (long long)map->ambiguous, (long long)map->count);
}
