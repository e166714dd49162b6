/*
 * reshape.c - keep and drop by name, version suffixes (reshape.h).
 */
#include "matrix/reshape.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static eae_axis *axis_of(eae_frame *f, eae_subject subject)
{
    switch (f->kind) {
    case EAE_KIND_DATA:
        return subject == EAE_SAMPLES ? &f->rows : &f->cols;
    case EAE_KIND_SPLIT:
    case EAE_KIND_PREDICTION:
        return subject == EAE_SAMPLES ? &f->cols : NULL;
    case EAE_KIND_MODEL:
    case EAE_KIND_RANK:
        return subject == EAE_FEATURES ? &f->cols : NULL;
    }
    return NULL;
}

/* ---- keep and drop ---------------------------------------------------------------------- */

/* Mark what is named; an error that gives up to three names which are not there. */
static int mark_named(const eae_axis *axis, const eae_names *names, bool *named, const eae_frame *f,
                      const char *option)
{
    eae_buffer unknown = {0};
    int64_t count = 0;
    eae_name_index *index = eae_name_index_new(&axis->names);
    for (int64_t i = 0; i < names->count; i++) {
        const char *name = eae_name(names, i);
        int64_t at = eae_name_find(index, name, strlen(name));
        if (at >= 0)
            named[at] = true;
        else if (count++ < 3)
            eae_buffer_printf(&unknown, "%s'%s'", count > 1 ? ", " : "", name);
    }
    eae_name_index_free(index);
    if (count > 0)
        eae_fail("%s: %lld of %lld names are not in the %s frame: %s%s", option, (long long)count,
                 (long long)names->count, eae_kind_name(f->kind), unknown.data,
                 count > 3 ? ", ..." : "");
    eae_buffer_free(&unknown);
    return count > 0 ? EAE_FAIL : EAE_OK;
}

int eae_keep_names(eae_frame **f, eae_subject subject, const eae_names *names, bool drop,
                   const char *option)
{
    eae_axis *axis = axis_of(*f, subject);
    if (!axis)
        return EAE_OK;
    if ((*f)->kind == EAE_KIND_SPLIT)
        return eae_fail("%s: a plan is made for its samples: choose them before eae-split, "
                        "or take the data alone with --kind data",
                        option);
    if (axis->names.count == 0 && axis->count > 0)
        return eae_fail("%s: the %s frame has no names", option, eae_kind_name((*f)->kind));
    bool *named = EAE_NEW_ARRAY(bool, axis->count);
    int64_t *index = eae_malloc((size_t)axis->count, sizeof *index), kept = 0;
    int status = mark_named(axis, names, named, *f, option);
    for (int64_t i = 0; i < axis->count; i++) {
        if (named[i] != drop)
            index[kept++] = i;
    }
    if (status == EAE_OK && kept == 0)
        status = eae_fail("%s leaves nothing", option);
    eae_frame *chosen = NULL;
    if (status == EAE_OK && axis == &(*f)->rows)
        status = eae_frame_select(*f, index, kept, NULL, 0, &chosen);
    else if (status == EAE_OK)
        status = eae_frame_select(*f, NULL, 0, index, kept, &chosen);
    if (status == EAE_OK) {
        eae_frame_free(*f);
        *f = chosen;
    }
    free(index);
    free(named);
    return status;
}

/* ---- versions --------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of an accession that begins the name and carries versions; 0 if it does not. */
static size_t accession(const char *name)
{
    size_t n = 0, digits = 0;
    if (strncmp(name, "ENS", 3) == 0) {
        for (n = 3; name[n] >= 'A' && name[n] <= 'Z';)
            n++;
    } else if ((name[0] == 'N' || name[0] == 'X') && name[1] && strchr("MRPGC", name[1]) &&
               name[2] == '_') {
        n = 3;
    } else {
        return 0;
    }
    while (is_digit(name[n + digits]))
        digits++;
    return digits >= 6 ? n + digits : 0;
}

/* How much of the name to keep: all, or what stands before ".digits" at the end. */
static size_t without_version(const char *name)
{
    size_t length = strlen(name), n = accession(name);
    if (n == 0 || name[n] != '.' || !is_digit(name[n + 1]))
        return length;
    size_t end = n + 1;
    while (is_digit(name[end]))
        end++;
    return end == length ? n : length;
}

int eae_strip_versions(eae_frame *f, int64_t *changed)
{
    eae_axis *axis = axis_of(f, EAE_FEATURES);
    eae_names stripped = {0};
    *changed = 0;
    if (!axis || axis->names.count == 0)
        return EAE_OK;
    for (int64_t j = 0; j < axis->count; j++) {
        const char *name = eae_name(&axis->names, j);
        size_t n = without_version(name);
        *changed += name[n] != '\0';
        eae_names_add(&stripped, name, n);
    }
    int64_t first, second = eae_names_find_duplicate(&stripped, &first);
    if (second >= 0) {
        eae_fail("--strip-version: '%s' and '%s' become the same feature",
                 eae_name(&axis->names, first), eae_name(&axis->names, second));
        eae_names_free(&stripped);
        return EAE_FAIL;
    }
    eae_names_free(&axis->names);
    axis->names = stripped;
    return EAE_OK;
}
