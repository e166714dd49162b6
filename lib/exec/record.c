/* record.c - see record.h. */
#include "exec/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/number.h"

static const char *const states[EAE_JOB_STATES] = {
    "staged", "queued", "running", "suspended", "done", "failed", "cancelled", "lost", "dead"};

const char *eae_job_state_name(eae_job_state state)
{
    return states[state];
}

bool eae_job_state_final(eae_job_state state)
{
    return state == EAE_JOB_DONE || state == EAE_JOB_FAILED || state == EAE_JOB_CANCELLED ||
           state == EAE_JOB_DEAD;
}

bool eae_record_good(const eae_record *r)
{
    return r->ending == EAE_ENDED && r->status == 0 && r->signal == 0;
}

char *eae_record_words(const eae_record *r)
{
    char seconds[EAE_NUMBER_TEXT];
    eae_format_double((double)(int64_t)((r->ended - r->started) * 100 + 0.5) / 100, seconds);
    switch (r->ending) {
    case EAE_ENDED_TIMEOUT:
        return eae_sprintf("timed out after %s s", seconds);
    case EAE_ENDED_CANCEL:
        return eae_strdup("cancelled");
    case EAE_ENDED_UNBORN:
        return eae_sprintf("cannot be started: %s", strerror(r->status));
    case EAE_ENDED_OUTPUT:
        return eae_sprintf("its output could not be stored: %s", strerror(r->status));
    default:
        break;
    }
    if (r->signal)
        return eae_sprintf("signal %d (%s)", r->signal, strsignal(r->signal));
    return eae_sprintf("status %d", r->status);
}

static void put_extent(eae_buffer *b, const eae_extent *e)
{
    eae_put_u64(b, e->offset);
    eae_put_u64(b, e->length);
    eae_put_hash(b, &e->hash);
}

static void get_extent(eae_cursor *c, eae_extent *e)
{
    e->offset = eae_get_u64(c);
    e->length = eae_get_u64(c);
    eae_get_hash(c, &e->hash);
}

void eae_record_put(eae_buffer *b, const eae_record *r)
{
    eae_put_i64(b, r->job);
    eae_put_u32(b, (uint32_t)r->attempt);
    eae_put_u32(b, (uint32_t)r->ending);
    eae_put_u32(b, (uint32_t)r->status);
    eae_put_u32(b, (uint32_t)r->signal);
    eae_put_real(b, r->started);
    eae_put_real(b, r->ended);
    eae_put_u32(b, r->lane);
    put_extent(b, &r->output);
    put_extent(b, &r->log);
}

void eae_record_get(eae_cursor *c, eae_record *r)
{
    r->job = eae_get_i64(c);
    r->attempt = (int)eae_get_u32(c);
    uint32_t ending = eae_get_u32(c);
    c->bad = c->bad || ending >= EAE_ENDINGS;
    r->ending = (eae_ending)ending;
    r->status = (int)eae_get_u32(c);
    r->signal = (int)eae_get_u32(c);
    r->started = eae_get_real(c);
    r->ended = eae_get_real(c);
    r->lane = eae_get_u32(c);
    get_extent(c, &r->output);
    get_extent(c, &r->log);
}

/* ---- who writes ------------------------------------------------------------------------------ */

/* Field 22 of /proc/PID/stat; the name before it may hold blanks and brackets. */
uint64_t eae_process_ticks(int64_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *p = strrchr(text, ')');
    if (!p || p[1] != ' ' || p[2] == 'Z') /* a zombie has ended */
        return 0;
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p ? strtoull(p + 1, NULL, 10) : 0;
}

/* The kernel draws it when it starts. */
static char *boot_id(void)
{
    char *text = NULL;
    if (eae_read_file("/proc/sys/kernel/random/boot_id", &text, NULL) != EAE_OK)
        return eae_strdup("");
    text[strcspn(text, "\n")] = '\0';
    return text;
}

void eae_writer_id_now(eae_writer_id *id, const char *identity)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    id->host = eae_strdup(host);
    id->boot = boot_id();
    id->identity = eae_strdup(identity ? identity : "");
    id->pid = getpid();
    id->ticks = eae_process_ticks(id->pid);
}

void eae_writer_id_free(eae_writer_id *id)
{
    free(id->host);
    free(id->boot);
    free(id->identity);
    *id = (eae_writer_id){0};
}

bool eae_writer_id_alive(const eae_writer_id *id)
{
    char *boot = boot_id();
    bool here = id->boot && *boot && strcmp(boot, id->boot) == 0;
    free(boot);
    return here && id->ticks != 0 && eae_process_ticks(id->pid) == id->ticks;
}
