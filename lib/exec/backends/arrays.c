/* arrays.c - see arrays.h. */
#include "exec/backends/arrays.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "exec/backends/client.h"
#include "exec/backends/spans.h"

enum { MISSES_MIN = 3, NOTE_MAX = 200 };

/* A chunk that was not listed. */
typedef struct {
    int64_t number;
    int polls;
    double since;
} missed;

struct eae_arrays {
    eae_exec_config config;
    const eae_array_kind *kind;
    void *own;
    int64_t largest;
    missed *missed;
    size_t count, capacity;
};

eae_arrays *eae_arrays_new(const eae_exec_config *config, const eae_array_kind *kind, void *own,
                           int64_t largest)
{
    eae_arrays *a = EAE_NEW(eae_arrays);
    a->config = *config;
    a->kind = kind;
    a->own = own;
    a->largest = largest > 0 ? largest : 1;
    return a;
}

/* Workers that had nothing to say. */
static void remove_empty_logs(const eae_batch *batch)
{
    char *site = eae_sprintf("%s/site", batch->path);
    DIR *d = opendir(site);
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        struct stat st;
        char *path = eae_sprintf("%s/%s", site, e->d_name);
        if (strncmp(e->d_name, "worker.", 7) == 0 && stat(path, &st) == 0 && st.st_size == 0)
            unlink(path);
        free(path);
    }
    if (d)
        closedir(d);
    free(site);
}

void eae_arrays_free(eae_arrays *a)
{
    if (!a)
        return;
    if (a->config.batch)
        remove_empty_logs(a->config.batch);
    free(a->missed);
    free(a);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void set_text(char **field, const char *text)
{
    if (*field && text && strcmp(*field, text) == 0)
        return;
    free(*field);
    *field = text && *text ? eae_strdup(text) : NULL;
}

/* ---- handles: "4711_3" ----------------------------------------------------------------------- */

static void set_handle(eae_chunk *c, int64_t id, int64_t index)
{
    free(c->handle);
    c->handle = eae_sprintf("%lld_%lld", (long long)id, (long long)index);
}

static bool get_handle(const eae_chunk *c, int64_t *id, int64_t *index)
{
    eae_span part[2];
    return c->handle &&
           eae_span_split((eae_span){c->handle, strlen(c->handle)}, '_', part, 2) == 2 &&
           eae_span_int(part[0], id) && eae_span_int(part[1], index) && *id > 0 && *index > 0;
}

/* ---- submit ---------------------------------------------------------------------------------- */

int64_t eae_array_index(const char *name, const eae_chunk *c)
{
    eae_span part[2];
    const char *dash = strrchr(c->name, '-');
    int64_t first, last;
    const size_t n = dash ? (size_t)(dash + 1 - c->name) : 0;
    if (n == 0 || strncmp(name, c->name, n) != 0)
        return 0;
    if (eae_span_split((eae_span){name + n, strcspn(name + n, "[")}, '-', part, 2) != 2 ||
        !eae_span_int(part[0], &first) || !eae_span_int(part[1], &last))
        return 0;
    return c->number >= first && c->number <= last ? c->number - first + 1 : 0;
}

static eae_array_reply submit_run(eae_arrays *a, eae_chunk *const *chunk, int n)
{
    eae_names environment = {0};
    int64_t id = 0;
    char *name = eae_sprintf("%s-%lld", chunk[0]->name, (long long)chunk[n - 1]->number);
    eae_client_word(&environment, "SUBMIT_ARRAY_PROGRAM=%s", a->config.program);
    eae_client_word(&environment, "SUBMIT_ARRAY_BATCH=%s", a->config.batch->path);
    eae_client_word(&environment, "SUBMIT_ARRAY_FIRST=%lld", (long long)chunk[0]->number);
    eae_array array = {name, chunk[0]->number, n, &environment};
    eae_array_reply reply = a->kind->submit(a->own, &array, &id);
    for (int i = 0; i < n; i++) {
        if (reply == EAE_ARRAY_UNSURE)
            chunk[i]->state = EAE_CHUNK_UNKNOWN;
        if (reply != EAE_ARRAY_ACCEPTED)
            continue;
        set_handle(chunk[i], id, i + 1);
        chunk[i]->state = EAE_CHUNK_QUEUED;
    }
    eae_names_free(&environment);
    free(name);
    return reply;
}

/* How many of chunk[0..n-1] have consecutive numbers, at most `largest`. */
static int run_length(eae_chunk *const *chunk, int n, int64_t largest)
{
    int k = 1;
    while (k < n && k < largest && chunk[k]->number == chunk[k - 1]->number + 1)
        k++;
    return k;
}

static int make_site(const eae_batch *batch)
{
    char *path = eae_sprintf("%s/site", batch->path);
    struct stat st;
    int status = mkdir(path, 0700) == 0 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                     ? EAE_OK
                     : eae_fail_errno("%s: cannot create", path);
    free(path);
    return status;
}

int eae_arrays_submit(eae_arrays *a, eae_chunk *const *chunk, int n)
{
    int status = make_site(a->config.batch);
    while (n > 0 && status == EAE_OK) {
        int k = run_length(chunk, n, a->largest);
        eae_array_reply reply = submit_run(a, chunk, k);
        if (reply == EAE_ARRAY_TOO_LARGE && k > 1) {
            a->largest = k / 2;
            continue;
        }
        if (reply != EAE_ARRAY_ACCEPTED)
            status = EAE_FAIL;
        chunk += k;
        n -= k;
    }
    return status;
}

/* ---- what became of them --------------------------------------------------------------------- */

static eae_chunk_state chunk_state(eae_queue_state state)
{
    static const eae_chunk_state states[] = {[EAE_QUEUE_PENDING] = EAE_CHUNK_QUEUED,
                                             [EAE_QUEUE_RUNNING] = EAE_CHUNK_RUNNING,
                                             [EAE_QUEUE_SUSPENDED] = EAE_CHUNK_SUSPENDED,
                                             [EAE_QUEUE_UNSURE] = EAE_CHUNK_UNKNOWN,
                                             [EAE_QUEUE_ENDED] = EAE_CHUNK_GONE};
    return states[state];
}

/* What a worker said outside its journal: it could not begin, as a rule. */
static char *last_words(const eae_batch *batch, int64_t number)
{
    char *path = eae_sprintf("%s/site/worker.%lld", batch->path, (long long)number);
    char *text = NULL, *words = NULL;
    struct stat st;
    if (stat(path, &st) == 0 && eae_read_file(path, &text, NULL) == EAE_OK && *text)
        words =
            eae_strndup(text, strcspn(text, "\r\n") < NOTE_MAX ? strcspn(text, "\r\n") : NOTE_MAX);
    free(text);
    free(path);
    return words;
}

static void take_state(eae_arrays *a, eae_chunk *c, const eae_queue_job *job)
{
    c->state = chunk_state(job->state);
    if (*job->host)
        set_text(&c->host, job->host);
    char *words = c->state == EAE_CHUNK_GONE ? last_words(a->config.batch, c->number) : NULL;
    if (words)
        set_text(&c->note, words);
    else if (*job->reason && strcmp(job->reason, "None") != 0)
        set_text(&c->note, job->reason);
    else
        set_text(&c->note, job->word);
    free(words);
}

static missed *missed_of(eae_arrays *a, int64_t number)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->missed[i].number == number)
            return &a->missed[i];
    }
    return NULL;
}

static void seen(eae_arrays *a, int64_t number)
{
    missed *m = missed_of(a, number);
    if (m)
        *m = a->missed[--a->count];
}

static void not_seen(eae_arrays *a, eae_chunk *c)
{
    missed *m = missed_of(a, c->number);
    if (!m) {
        if (a->count == a->capacity) {
            a->capacity = a->capacity ? 2 * a->capacity : 16;
            a->missed = eae_realloc(a->missed, a->capacity, sizeof *a->missed);
        }
        m = &a->missed[a->count++];
        *m = (missed){c->number, 0, now()};
    }
    m->polls++;
    if (m->polls < MISSES_MIN || now() - m->since < a->kind->patience)
        return;
    seen(a, c->number);
    c->state = EAE_CHUNK_GONE;
    char *words = last_words(a->config.batch, c->number);
    set_text(&c->note, words ? words : "the scheduler does not list it any more");
    free(words);
}

static int by_id_and_index(const void *x, const void *y)
{
    const eae_queue_job *a = x, *b = y;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* The distinct arrays of the chunks; the caller frees. */
static int64_t *array_ids(eae_chunk *const *chunk, int n, int *count)
{
    int64_t *ids = EAE_NEW_ARRAY(int64_t, n), id, index;
    *count = 0;
    for (int i = 0; i < n; i++) {
        bool known = !get_handle(chunk[i], &id, &index);
        for (int k = *count - 1; k >= 0 && !known; k--)
            known = ids[k] == id;
        if (!known)
            ids[(*count)++] = id;
    }
    return ids;
}

int eae_arrays_poll(eae_arrays *a, eae_chunk *const *chunk, int n)
{
    eae_queue_jobs jobs = {0};
    int count, status = EAE_OK;
    int64_t *ids = array_ids(chunk, n, &count);
    if (count > 0)
        status = a->kind->list(a->own, ids, count, &jobs);
    if (jobs.count > 0)
        qsort(jobs.job, jobs.count, sizeof *jobs.job, by_id_and_index);
    for (int i = 0; i < n && status == EAE_OK; i++) {
        eae_queue_job key = {0};
        if (chunk[i]->state == EAE_CHUNK_NEW || !get_handle(chunk[i], &key.id, &key.index))
            continue;
        const eae_queue_job *job =
            jobs.count > 0 ? bsearch(&key, jobs.job, jobs.count, sizeof *jobs.job, by_id_and_index)
                           : NULL;
        if (job) {
            seen(a, chunk[i]->number);
            take_state(a, chunk[i], job);
        } else {
            not_seen(a, chunk[i]);
        }
    }
    eae_queue_jobs_free(&jobs);
    free(ids);
    return status;
}

int eae_arrays_lookup(eae_arrays *a, eae_chunk *c)
{
    eae_queue_jobs jobs = {0};
    int status = a->kind->list_mine(a->own, &jobs);
    if (status == EAE_OK)
        c->state = EAE_CHUNK_GONE;
    for (size_t i = 0; i < jobs.count && status == EAE_OK; i++) {
        int64_t index = eae_array_index(jobs.job[i].name, c);
        if (index == 0 || index != jobs.job[i].index)
            continue;
        set_handle(c, jobs.job[i].id, index);
        take_state(a, c, &jobs.job[i]);
        if (c->state != EAE_CHUNK_GONE)
            break; /* of two of that name, the one that lives */
    }
    eae_queue_jobs_free(&jobs);
    return status;
}

/* ---- cancel ---------------------------------------------------------------------------------- */

static int by_number(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

/* "3-9,12"; sorts the indexes. */
static char *ranges_of(int64_t *index, int n)
{
    eae_buffer text = {0};
    qsort(index, (size_t)n, sizeof *index, by_number);
    for (int i = 0; i < n;) {
        int k = i;
        while (k + 1 < n && index[k + 1] == index[k] + 1)
            k++;
        eae_buffer_printf(&text, "%s%lld", text.length ? "," : "", (long long)index[i]);
        if (k > i)
            eae_buffer_printf(&text, "-%lld", (long long)index[k]);
        i = k + 1;
    }
    return text.data;
}

int eae_arrays_cancel(eae_arrays *a, eae_chunk *const *chunk, int n)
{
    int count, status = EAE_OK;
    int64_t *ids = array_ids(chunk, n, &count), *index = EAE_NEW_ARRAY(int64_t, n);
    for (int k = 0; k < count; k++) {
        int members = 0;
        int64_t id, i;
        for (int j = 0; j < n; j++) {
            if (get_handle(chunk[j], &id, &i) && id == ids[k])
                index[members++] = i;
        }
        char *ranges = ranges_of(index, members);
        int one = a->kind->cancel(a->own, ids[k], ranges);
        status = status == EAE_OK ? one : status;
        free(ranges);
    }
    free(ids);
    free(index);
    return status;
}

/* ---- sessions that are all arrays -------------------------------------------------------------
 */

static eae_arrays *arrays_of(eae_session *s)
{
    return ((eae_array_session *)s)->arrays;
}

int64_t eae_array_session_room(eae_session *s)
{
    (void)s;
    return -1;
}

int eae_array_session_submit(eae_session *s, eae_chunk *const *chunk, int n)
{
    return eae_arrays_submit(arrays_of(s), chunk, n);
}

int eae_array_session_lookup(eae_session *s, eae_chunk *c)
{
    return eae_arrays_lookup(arrays_of(s), c);
}

int eae_array_session_poll(eae_session *s, eae_chunk *const *chunk, int n, int wait_ms)
{
    (void)wait_ms;
    return eae_arrays_poll(arrays_of(s), chunk, n);
}

int eae_array_session_cancel(eae_session *s, eae_chunk *const *chunk, int n)
{
    return eae_arrays_cancel(arrays_of(s), chunk, n);
}
