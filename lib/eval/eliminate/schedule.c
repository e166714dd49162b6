/* schedule.c - see schedule.h. */
#include "eval/eliminate/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

enum { SHOW_ALL = 1000, SHOW_SOME = 200 };

/* ---- steps ----------------------------------------------------------------------------------- */

static int bad_step(const char *text)
{
    return eae_fail_usage("--step: '%s' is not N, P%% or P%%:N@M (such as 10, 1%%, 5%%:1@100)",
                          text);
}

int eae_step_parse(const char *text, eae_step *step)
{
    const char *percent = strchr(text, '%');
    *step = (eae_step){.number = 1};
    if (!percent) {
        bool good = eae_parse_int(text, strlen(text), &step->number) && step->number >= 1;
        return good ? EAE_OK : bad_step(text);
    }
    if (!eae_parse_double(text, (size_t)(percent - text), &step->percent) ||
        !(step->percent > 0 && step->percent < 100))
        return bad_step(text);
    if (!percent[1])
        return EAE_OK;
    const char *number = percent + 2, *at = strchr(number, '@');
    bool good = percent[1] == ':' && at &&
                eae_parse_int(number, (size_t)(at - number), &step->number) &&
                eae_parse_int(at + 1, strlen(at + 1), &step->below) && step->number >= 1 &&
                step->below >= 1;
    return good ? EAE_OK : bad_step(text);
}

static int64_t step_from(const eae_step *step, int64_t size)
{
    if (step->percent == 0 || size <= step->below)
        return step->number;
    int64_t some = (int64_t)floor(step->percent / 100 * (double)size);
    return some > 1 ? some : 1;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static int decreasing(const void *pa, const void *pb)
{
    int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;
    return (a < b) - (a > b);
}

static int check_size(const char *option, int64_t size, int64_t from, int64_t until)
{
    if (size > from)
        return eae_fail("%s: %lld is more than the %lld features there are", option,
                        (long long)size, (long long)from);
    if (size < until)
        return eae_fail("%s: %lld is below --until %lld", option, (long long)size,
                        (long long)until);
    return EAE_OK;
}

/* Largest first, each once; returns how many. */
static int64_t sort_sizes(int64_t *sizes, int64_t n)
{
    int64_t count = 0;
    qsort(sizes, (size_t)n, sizeof *sizes, decreasing);
    for (int64_t k = 0; k < n; k++) {
        if (count == 0 || sizes[k] != sizes[count - 1])
            sizes[count++] = sizes[k];
    }
    return count;
}

static void walk(const eae_step *step, int64_t from, int64_t until, const int64_t *stop,
                 int64_t stops, eae_schedule *s)
{
    int64_t room = 0, size = from, next = 0;
    for (;;) {
        if (s->count == room) {
            room = room ? 2 * room : 64;
            s->size = eae_realloc(s->size, (size_t)room, sizeof *s->size);
            s->shown = eae_realloc(s->shown, (size_t)room, sizeof *s->shown);
        }
        bool asked = next < stops && stop[next] == size;
        next += asked;
        s->size[s->count] = size;
        s->shown[s->count++] = asked;
        if (size == until)
            return;
        size -= step_from(step, size);
        if (size < until)
            size = until;
        if (next < stops && size < stop[next])
            size = stop[next];
    }
}

/* Without sizes asked for: all, or some that are about equally far apart in the logarithm. */
static void show(eae_schedule *s)
{
    if (s->count <= SHOW_ALL) {
        memset(s->shown, 1, (size_t)s->count * sizeof *s->shown);
        return;
    }
    double ratio = log((double)s->size[0] / (double)s->size[s->count - 1]);
    int64_t at = 0;
    for (int k = 0; k < SHOW_SOME; k++) {
        double wanted = (double)s->size[0] * exp(-ratio * k / (SHOW_SOME - 1));
        while (at + 1 < s->count && (double)s->size[at] > wanted + 0.5)
            at++;
        s->shown[at] = true;
    }
    s->shown[s->count - 1] = true;
}

int eae_schedule_make(const eae_step *step, int64_t from, int64_t until, const int64_t *sizes,
                      int64_t size_count, int64_t also, eae_schedule *s)
{
    *s = (eae_schedule){0};
    if (until > from)
        return eae_fail("--until %lld is more than the %lld features there are", (long long)until,
                        (long long)from);
    int64_t *stop = EAE_NEW_ARRAY(int64_t, size_count + 1), stops = size_count;
    int status = also > 0 ? check_size("--select", also, from, until) : EAE_OK;
    for (int64_t k = 0; k < size_count && status == EAE_OK; k++) {
        status = check_size("--sizes", sizes[k], from, until);
        stop[k] = sizes[k];
    }
    if (also > 0)
        stop[stops++] = also;
    if (status == EAE_OK) {
        walk(step, from, until, stop, sort_sizes(stop, stops), s);
        if (size_count == 0)
            show(s);
        for (int64_t k = 0; k < s->count; k++)
            s->shown_count += s->shown[k];
    }
    free(stop);
    return status;
}

void eae_schedule_free(eae_schedule *s)
{
    free(s->size);
    free(s->shown);
    *s = (eae_schedule){0};
}
