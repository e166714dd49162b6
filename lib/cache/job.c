/* job.c - see job.h. */
#include "cache/job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cache/compare.h"

int eae_job_request(eae_job *j, const eae_request_help *help)
{
    eae_command_line line = {.words = &j->words,
                             .inputs = &j->inputs,
                             .env = &j->env,
                             .input = j->input.none ? -1 : STDIN_FILENO,
                             .input_hash = j->input.spooled ? &j->input.hash : NULL,
                             .input_size = j->input.size};
    int status = eae_request_make(&j->request, &j->cache.own, &line, help);
    if (status == EAE_OK && j->request.uncacheable)
        status = eae_fail("%s", j->request.uncacheable);
    if (status == EAE_OK)
        j->key = eae_request_key(&j->request);
    return status;
}

int eae_job_name(eae_job *j, const char *name)
{
    int status = eae_request_named(&j->request, &j->cache.own, name, &j->inputs);
    j->key = eae_request_key(&j->request);
    return status;
}

void eae_job_describe(const eae_job *j, eae_entry *e)
{
    char host[256] = "", *folder = realpath(".", NULL);
    gethostname(host, sizeof host - 1);
    *e = (eae_entry){.key = j->key, .quiet = j->request.quiet, .created = (int64_t)time(NULL)};
    e->host = eae_strdup(host);
    e->folder = eae_strdup(folder ? folder : ".");
    free(folder);
    eae_names_copy(&e->words, &j->words);
    eae_names_copy(&e->inputs, &j->inputs);
    eae_names_copy(&e->env, &j->env);
    eae_buffer_add(&e->request, j->request.text.data, j->request.text.length);
}

int eae_job_remember(const eae_job *j)
{
    eae_entry e;
    eae_job_describe(j, &e);
    int status = eae_entry_write_request(&j->cache.own, &e);
    eae_entry_free(&e);
    return status;
}

void eae_job_free(eae_job *j)
{
    eae_cache_close(&j->cache);
    eae_names_free(&j->words);
    eae_names_free(&j->inputs);
    eae_names_free(&j->env);
    eae_request_free(&j->request);
}

/* ---- the same again ------------------------------------------------------------------------ */

static int same_request(const eae_job *j, const eae_entry *e)
{
    eae_differences d;
    int status = EAE_OK;
    eae_requests_compare(&e->request, &j->request.text, &d);
    if (d.count > 0)
        status = eae_fail("not the same request any more: %s is %s, and was %s", d.list[0].part,
                          d.list[0].second ? d.list[0].second : "absent",
                          d.list[0].first ? d.list[0].first : "absent");
    eae_differences_free(&d);
    return status;
}

int eae_job_again(eae_job *j, const eae_entry *e, const char *tmpdir, const eae_request_help *help)
{
    if (e->words.count == 0)
        return eae_fail("the entry has a name, and no command that could be run");
    eae_names_copy(&j->words, &e->words);
    eae_names_copy(&j->inputs, &e->inputs);
    eae_names_copy(&j->env, &e->env);
    bool none = strstr(e->request.data, "\nstdin none\n") != NULL;
    int status = eae_input_take(&j->input, none, tmpdir);
    if (status == EAE_OK && chdir(e->folder) != 0)
        status = eae_fail_errno("%s", e->folder);
    if (status == EAE_OK)
        status = eae_job_request(j, help);
    return status == EAE_OK ? same_request(j, e) : status;
}

void eae_comparison_begin(eae_comparison *c, const eae_hit *hit)
{
    *c = (eae_comparison){.hit = hit, .differs = {-1, -1}};
}

bool eae_comparison_see(void *comparison, int stream, const void *bytes, size_t n)
{
    eae_comparison *c = comparison;
    const eae_object *had = stream == 0 ? &c->hit->output : &c->hit->errors;
    uint64_t at = c->at[stream];
    c->at[stream] += n;
    if (c->differs[stream] >= 0)
        return true;
    char *piece = eae_malloc(n, 1);
    ssize_t got = had->fd >= 0 ? pread(had->fd, piece, n, (off_t)at) : 0;
    for (size_t i = 0; i < n && c->differs[stream] < 0; i++) {
        if ((ssize_t)i >= got || piece[i] != ((const char *)bytes)[i])
            c->differs[stream] = (int64_t)(at + i);
    }
    free(piece);
    return true;
}

int eae_comparison_end(const eae_comparison *c)
{
    static const char *const names[] = {"standard output", "standard error"};
    const uint64_t sizes[] = {c->hit->output.size, c->hit->errors.size};
    for (int k = 0; k < 2; k++) {
        if (c->differs[k] >= 0)
            return eae_fail("%s differs from byte %" PRId64 " on", names[k], c->differs[k]);
        if (c->at[k] != sizes[k])
            return eae_fail("%s ends after %" PRIu64 " of %" PRIu64 " bytes", names[k], c->at[k],
                            sizes[k]);
    }
    return EAE_OK;
}
