/*
 * test_arrays.c - chunks as elements of job arrays, over a scheduler that is made up: what it
 * accepts, refuses, forgets, and says wrongly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "exec/backends/arrays.h"

/* ---- the scheduler --------------------------------------------------------------------------- */

typedef struct {
    eae_array_reply reply;
    int64_t largest; /* that it takes, whatever it says */
    int submits;
    char name[8][80];
    int64_t first[8], count[8];
    eae_queue_jobs jobs; /* what it lists */
    int list_status;
    char cancelled[80];
} made_up;

static eae_array_reply take_array(void *own, const eae_array *a, int64_t *id)
{
    made_up *m = own;
    if (m->reply == EAE_ARRAY_ACCEPTED && a->count > m->largest)
        return EAE_ARRAY_TOO_LARGE;
    snprintf(m->name[m->submits], sizeof m->name[0], "%s", a->name);
    m->first[m->submits] = a->first;
    m->count[m->submits] = a->count;
    *id = 100 + m->submits++;
    eae_fail("not today");
    return m->reply;
}

static int list(void *own, const int64_t *id, int n, eae_queue_jobs *jobs)
{
    const made_up *m = own;
    for (size_t i = 0; i < m->jobs.count; i++) {
        for (int k = 0; k < n; k++) {
            if (m->jobs.job[i].id == id[k])
                *eae_queue_jobs_add(jobs) = m->jobs.job[i];
        }
    }
    return m->list_status;
}

static int list_mine(void *own, eae_queue_jobs *jobs)
{
    const made_up *m = own;
    for (size_t i = 0; i < m->jobs.count; i++)
        *eae_queue_jobs_add(jobs) = m->jobs.job[i];
    return m->list_status;
}

static int cancel(void *own, int64_t id, const char *ranges)
{
    made_up *m = own;
    size_t n = strlen(m->cancelled);
    snprintf(m->cancelled + n, sizeof m->cancelled - n, "%lld[%s] ", (long long)id, ranges);
    return EAE_OK;
}

static const eae_array_kind kind = {
    .patience = 0.05, .submit = take_array, .list = list, .list_mine = list_mine, .cancel = cancel};

static void lists(made_up *m, int64_t id, int64_t index, eae_queue_state state, const char *name)
{
    eae_queue_job *job = eae_queue_jobs_add(&m->jobs);
    job->id = id;
    job->index = index;
    job->state = state;
    snprintf(job->name, sizeof job->name, "%s", name);
    snprintf(job->word, sizeof job->word, "WORD%d", (int)state);
    snprintf(job->host, sizeof job->host, "n%d", (int)index);
}

/* ---- a batch --------------------------------------------------------------------------------- */

enum { CHUNKS = 10 };

typedef struct {
    made_up m;
    eae_batch batch;
    char folder[40];
    eae_chunk chunk[CHUNKS];
    eae_chunk *all[CHUNKS];
    eae_arrays *arrays;
} fixture;

static void begin(fixture *f, int64_t largest, int64_t really)
{
    memset(f, 0, sizeof *f);
    strcpy(f->folder, "/tmp/eae-arrays.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->batch.path = f->folder;
    f->m.largest = really;
    for (int i = 0; i < CHUNKS; i++) {
        f->chunk[i].number = 5 + i;
        snprintf(f->chunk[i].name, sizeof f->chunk[i].name, "eae-0a1b-%d", 5 + i);
        f->all[i] = &f->chunk[i];
    }
    eae_exec_config config = {.batch = &f->batch, .program = "/bin/eae submit"};
    f->arrays = eae_arrays_new(&config, &kind, &f->m, largest);
}

static void end(fixture *f)
{
    eae_arrays_free(f->arrays);
    eae_queue_jobs_free(&f->m.jobs);
    for (int i = 0; i < CHUNKS; i++) {
        free(f->chunk[i].handle);
        free(f->chunk[i].host);
        free(f->chunk[i].note);
    }
    char *site = eae_sprintf("%s/site", f->folder);
    char *said = eae_sprintf("%s/worker.5", site);
    unlink(said);
    rmdir(site);
    rmdir(f->folder);
    free(said);
    free(site);
}

static void arrays_are_no_larger_than_the_site_takes(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 4, 4);
    f.chunk[2].number = 70; /* a gap: another array */
    assert_int_equal(eae_arrays_submit(f.arrays, f.all, CHUNKS), EAE_OK);
    static const int64_t first[] = {5, 70, 8, 12}, count[] = {2, 1, 4, 3};
    assert_int_equal(f.m.submits, 4);
    for (int i = 0; i < 4; i++)
        assert_true(f.m.first[i] == first[i] && f.m.count[i] == count[i]);
    assert_string_equal(f.m.name[0], "eae-0a1b-5-6");
    assert_string_equal(f.chunk[0].handle, "100_1");
    assert_string_equal(f.chunk[4].handle, "102_2");
    assert_int_equal(f.chunk[9].state, EAE_CHUNK_QUEUED);
    end(&f);
}

/* A site that does not tell its limit: halved until it fits. */
static void a_limit_that_is_not_told(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 1000, 3);
    assert_int_equal(eae_arrays_submit(f.arrays, f.all, CHUNKS), EAE_OK);
    assert_int_equal(f.m.submits, 5);
    for (int i = 0; i < CHUNKS; i++)
        assert_int_equal(f.chunk[i].state, EAE_CHUNK_QUEUED);
    end(&f);
}

static void what_is_not_accepted(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 4, 4);
    f.m.reply = EAE_ARRAY_REFUSED;
    assert_int_equal(eae_arrays_submit(f.arrays, f.all, CHUNKS), EAE_FAIL);
    assert_string_equal(eae_message(), "not today");
    assert_int_equal(f.m.submits, 1);
    assert_int_equal(f.chunk[0].state, EAE_CHUNK_NEW);
    f.m.reply = EAE_ARRAY_UNSURE;
    assert_int_equal(eae_arrays_submit(f.arrays, f.all, CHUNKS), EAE_FAIL);
    assert_int_equal(f.chunk[3].state, EAE_CHUNK_UNKNOWN);
    assert_int_equal(f.chunk[4].state, EAE_CHUNK_NEW);
    assert_null(f.chunk[3].handle);
    end(&f);
}

static void found_again_by_name(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 4, 4);
    lists(&f.m, 7, 2, EAE_QUEUE_ENDED, "eae-0a1b-4-9[2]");
    lists(&f.m, 8, 2, EAE_QUEUE_RUNNING, "eae-0a1b-4-9[2]");
    lists(&f.m, 9, 3, EAE_QUEUE_RUNNING, "eae-0a1c-4-9");
    lists(&f.m, 9, 4, EAE_QUEUE_PENDING, "eae-0a1b-x");
    assert_int_equal(eae_arrays_lookup(f.arrays, &f.chunk[0]), EAE_OK);
    assert_int_equal(f.chunk[0].state, EAE_CHUNK_RUNNING);
    assert_string_equal(f.chunk[0].handle, "8_2");
    assert_string_equal(f.chunk[0].host, "n2");
    assert_int_equal(eae_arrays_lookup(f.arrays, &f.chunk[1]), EAE_OK);
    assert_int_equal(f.chunk[1].state, EAE_CHUNK_GONE);
    assert_null(f.chunk[1].handle);
    /* one that is listed, and has ended */
    lists(&f.m, 8, 3, EAE_QUEUE_ENDED, "eae-0a1b-4-9[3]");
    assert_int_equal(eae_arrays_lookup(f.arrays, &f.chunk[1]), EAE_OK);
    assert_int_equal(f.chunk[1].state, EAE_CHUNK_GONE);
    assert_string_equal(f.chunk[1].handle, "8_3");
    f.m.list_status = EAE_FAIL;
    assert_int_equal(eae_arrays_lookup(f.arrays, &f.chunk[2]), EAE_FAIL);
    assert_int_equal(f.chunk[2].state, EAE_CHUNK_NEW);
    assert_true(eae_array_index("eae-0a1b-5-14", &f.chunk[9]) == 10);
    assert_true(eae_array_index("eae-0a1b-5-13", &f.chunk[9]) == 0);
    assert_true(eae_array_index("eae-0a1b-5", &f.chunk[0]) == 0);
    end(&f);
}

static void states(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 10, 10);
    assert_int_equal(eae_arrays_submit(f.arrays, f.all, CHUNKS), EAE_OK);
    lists(&f.m, 100, 2, EAE_QUEUE_SUSPENDED, "");
    lists(&f.m, 100, 1, EAE_QUEUE_ENDED, "");
    lists(&f.m, 100, 3, EAE_QUEUE_UNSURE, "");
    lists(&f.m, 100, 4, EAE_QUEUE_RUNNING, "");
    char *said = eae_sprintf("%s/site/worker.5", f.folder);
    FILE *file = fopen(said, "w");
    fputs("sh: 1: /bin/eae: not found\n", file);
    fclose(file);
    free(said);
    assert_int_equal(eae_arrays_poll(f.arrays, f.all, 4), EAE_OK);
    assert_int_equal(f.chunk[0].state, EAE_CHUNK_GONE);
    assert_string_equal(f.chunk[0].note, "sh: 1: /bin/eae: not found");
    assert_int_equal(f.chunk[1].state, EAE_CHUNK_SUSPENDED);
    assert_int_equal(f.chunk[2].state, EAE_CHUNK_UNKNOWN);
    assert_int_equal(f.chunk[3].state, EAE_CHUNK_RUNNING);
    assert_string_equal(f.chunk[3].note, "WORD1");
    end(&f);
}

/* An empty answer, a failed one: nothing has ended. Only several, and some time, say so. */
static void absence(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 10, 10);
    assert_int_equal(eae_arrays_submit(f.arrays, f.all, CHUNKS), EAE_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(eae_arrays_poll(f.arrays, f.all, 1), EAE_OK);
    assert_int_equal(f.chunk[0].state, EAE_CHUNK_QUEUED);
    usleep(60000);
    lists(&f.m, 100, 1, EAE_QUEUE_RUNNING, "");
    assert_int_equal(eae_arrays_poll(f.arrays, f.all, 1), EAE_OK);
    f.m.jobs.count = 0;
    f.m.list_status = EAE_FAIL;
    for (int i = 0; i < 5; i++)
        assert_int_equal(eae_arrays_poll(f.arrays, f.all, 1), EAE_FAIL);
    f.m.list_status = EAE_OK;
    assert_int_equal(eae_arrays_poll(f.arrays, f.all, 1), EAE_OK);
    assert_int_equal(f.chunk[0].state, EAE_CHUNK_RUNNING);
    usleep(60000);
    assert_int_equal(eae_arrays_poll(f.arrays, f.all, 1), EAE_OK);
    assert_int_equal(f.chunk[0].state, EAE_CHUNK_RUNNING);
    assert_int_equal(eae_arrays_poll(f.arrays, f.all, 1), EAE_OK);
    assert_int_equal(f.chunk[0].state, EAE_CHUNK_GONE);
    end(&f);
}

static void cancelling(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 6, 6);
    assert_int_equal(eae_arrays_submit(f.arrays, f.all, CHUNKS), EAE_OK);
    eae_chunk *some[] = {&f.chunk[9], &f.chunk[4], &f.chunk[2], &f.chunk[1], &f.chunk[0]};
    assert_int_equal(eae_arrays_cancel(f.arrays, some, 5), EAE_OK);
    assert_string_equal(f.m.cancelled, "101[4] 100[1-3,5] ");
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_no_larger_than_the_site_takes),
        cmocka_unit_test(a_limit_that_is_not_told),
        cmocka_unit_test(what_is_not_accepted),
        cmocka_unit_test(found_again_by_name),
        cmocka_unit_test(states),
        cmocka_unit_test(absence),
        cmocka_unit_test(cancelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
