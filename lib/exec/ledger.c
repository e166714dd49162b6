/* ledger.c - see ledger.h. */
#include "exec/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/number.h"
#include "exec/outputs.h"

void eae_ledger_open(eae_ledger *l, const eae_batch *b)
{
    *l = (eae_ledger){.batch = b, .entry = EAE_NEW_ARRAY(eae_entry, b->job_count)};
}

void eae_ledger_close(eae_ledger *l)
{
    for (int i = 0; i < l->source_count; i++) {
        free(l->source[i].name);
        eae_writer_id_free(&l->source[i].id);
    }
    for (int i = 0; i < l->intent_count; i++) {
        free(l->intent[i].backend);
        free(l->intent[i].name);
        free(l->intent[i].handle);
    }
    free(l->source);
    free(l->intent);
    free(l->cancel.job);
    free(l->entry);
    *l = (eae_ledger){0};
}

/* ---- events ------------------------------------------------------------------------------------
 */

/* false: what was heard is of an earlier attempt, or of an earlier phase of this one. */
static bool advance(eae_entry *e, int attempt, eae_phase phase)
{
    if (attempt < e->attempt || (attempt == e->attempt && phase < e->phase))
        return false;
    if (attempt > e->attempt)
        e->given_up = EAE_JOB_STAGED;
    e->attempt = attempt;
    e->phase = phase;
    return true;
}

void eae_ledger_intend(eae_ledger *l, int64_t job, int attempt, int64_t chunk)
{
    if (advance(&l->entry[job], attempt, EAE_PHASE_INTENDED))
        l->entry[job].chunk = chunk;
}

void eae_ledger_begin(eae_ledger *l, int source, int64_t job, int attempt)
{
    eae_entry *e = &l->entry[job];
    if (advance(e, attempt, EAE_PHASE_BEGUN))
        e->begun_by = source;
}

void eae_ledger_end(eae_ledger *l, int source, const eae_record *r)
{
    eae_entry *e = &l->entry[r->job];
    bool good = eae_record_good(r);
    bool newest = advance(e, r->attempt, EAE_PHASE_ENDED);
    if (e->done || (!good && !newest))
        return;
    e->record = *r;
    e->recorded = true;
    e->done = good;
    e->writer = source;
}

void eae_ledger_give_up(eae_ledger *l, int64_t job, int attempt, eae_job_state state)
{
    eae_entry *e = &l->entry[job];
    if (attempt >= e->attempt) {
        e->attempt = attempt;
        e->given_up = state;
    }
}

eae_intent *eae_ledger_intent(const eae_ledger *l, int64_t chunk)
{
    for (int i = l->intent_count - 1; i >= 0; i--) {
        if (l->intent[i].number == chunk)
            return &l->intent[i];
    }
    return NULL;
}

/* Made where it is not there: its end may be in the file of another client, read before. */
static eae_intent *intent_of(eae_ledger *l, int64_t chunk)
{
    eae_intent *known = eae_ledger_intent(l, chunk);
    if (known)
        return known;
    l->intent = eae_realloc(l->intent, (size_t)l->intent_count + 1, sizeof *l->intent);
    eae_intent *i = &l->intent[l->intent_count++];
    *i = (eae_intent){.number = chunk};
    if (chunk > l->chunk_max)
        l->chunk_max = chunk;
    return i;
}

static bool job_known(const eae_ledger *l, eae_cursor *c, int64_t job)
{
    if (job < 0 || job >= l->batch->job_count)
        c->bad = true;
    return !c->bad;
}

static void hear_intent(eae_ledger *l, eae_cursor *c)
{
    int64_t chunk = eae_get_i64(c);
    eae_intent *i = intent_of(l, chunk);
    char *backend = eae_get_text(c), *name = eae_get_text(c);
    uint32_t count = eae_get_u32(c);
    for (uint32_t k = 0; k < count && !c->bad; k++) {
        int64_t job = eae_get_i64(c);
        int attempt = (int)eae_get_u32(c);
        if (job_known(l, c, job))
            eae_ledger_intend(l, job, attempt, chunk);
    }
    free(i->backend);
    free(i->name);
    i->backend = backend;
    i->name = name;
}

static void hear_of_job(eae_ledger *l, uint32_t type, eae_cursor *c)
{
    int64_t job = eae_get_i64(c);
    int attempt = (int)eae_get_u32(c);
    if (!job_known(l, c, job))
        return;
    eae_entry *e = &l->entry[job];
    if (type == EAE_JOURNAL_BEGAN) {
        eae_ledger_begin(l, l->reading, job, attempt);
        eae_get_i64(c); /* the process, for people */
        e->begun = eae_get_real(c);
    } else if (type == EAE_JOURNAL_LOST) {
        advance(e, attempt, EAE_PHASE_LOST);
    } else {
        uint32_t state = eae_get_u32(c);
        if (state < EAE_JOB_STATES)
            eae_ledger_give_up(l, job, attempt, (eae_job_state)state);
    }
}

static void hear_record(eae_ledger *l, eae_cursor *c)
{
    eae_record r;
    eae_record_get(c, &r);
    if (!job_known(l, c, r.job))
        return;
    eae_ledger_end(l, l->reading, &r);
    if (l->heard)
        l->heard(l->context, &r);
}

static void hear_of_chunk(eae_ledger *l, uint32_t type, eae_cursor *c)
{
    eae_intent *i = intent_of(l, eae_get_i64(c));
    if (type == EAE_JOURNAL_CLOSED) {
        i->closed = true;
    } else {
        free(i->handle);
        i->handle = eae_get_text(c);
    }
}

/* A frame of a type that is not known is passed over: a later version wrote it. */
static int hear(void *context, uint32_t type, eae_cursor *c)
{
    eae_ledger *l = context;
    eae_journal_source *s = &l->source[l->reading];
    switch (type) {
    case EAE_JOURNAL_WRITER:
        eae_writer_id_free(&s->id);
        eae_writer_id_get(c, &s->id);
        s->identified = true;
        break;
    case EAE_JOURNAL_INTENT:
        hear_intent(l, c);
        break;
    case EAE_JOURNAL_HANDLE:
    case EAE_JOURNAL_CLOSED:
        hear_of_chunk(l, type, c);
        break;
    case EAE_JOURNAL_BEGAN:
    case EAE_JOURNAL_LOST:
    case EAE_JOURNAL_GIVEN_UP:
        hear_of_job(l, type, c);
        break;
    case EAE_JOURNAL_ENDED:
        hear_record(l, c);
        break;
    case EAE_JOURNAL_OVER:
        s->over = true;
        s->delivered = eae_get_u32(c) != 0;
        break;
    default:
        break;
    }
    return EAE_OK;
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* "client.3" and "chunk.17", "chunk.17-2"; anything else is not a journal. */
static bool parse_name(const char *name, bool *client, int64_t *number)
{
    static const char client_prefix[] = "client.", chunk_prefix[] = "chunk.";
    *client = strncmp(name, client_prefix, sizeof client_prefix - 1) == 0;
    if (*client)
        name += sizeof client_prefix - 1;
    else if (strncmp(name, chunk_prefix, sizeof chunk_prefix - 1) == 0)
        name += sizeof chunk_prefix - 1;
    else
        return false;
    size_t n = strcspn(name, "-");
    int64_t again = 2;
    if (name[n] == '-' && (*client || !eae_parse_int(name + n + 1, strlen(name + n + 1), &again)))
        return false;
    return eae_parse_int(name, n, number) && *number > 0 && again > 0;
}

static int find_source(const eae_ledger *l, const char *name)
{
    for (int i = 0; i < l->source_count; i++) {
        if (strcmp(l->source[i].name, name) == 0)
            return i;
    }
    return -1;
}

int eae_ledger_add_source(eae_ledger *l, const char *name, const eae_writer_id *id)
{
    bool client;
    int64_t number = 0;
    l->source = eae_realloc(l->source, (size_t)l->source_count + 1, sizeof *l->source);
    eae_journal_source *s = &l->source[l->source_count];
    *s = (eae_journal_source){.name = eae_strdup(name)};
    if (parse_name(name, &client, &number)) {
        s->chunk = client ? 0 : number;
        if (client && number > l->client_max)
            l->client_max = (int)number;
    }
    if (id) {
        s->id = (eae_writer_id){.host = eae_strdup(id->host),
                                .boot = eae_strdup(id->boot),
                                .identity = eae_strdup(id->identity),
                                .pid = id->pid,
                                .ticks = id->ticks};
        s->identified = true;
    }
    return l->source_count++;
}

static int read_source(eae_ledger *l, int i)
{
    eae_journal_source *s = &l->source[i];
    char *path = eae_sprintf("%s/journal/%s", l->batch->path, s->name);
    l->reading = i;
    int status = eae_journal_read(path, &s->offset, &s->damaged, hear, l);
    free(path);
    return status;
}

/* The directory is read again each time: on NFS, looking for a name may not find it for a while. */
static int read_matching(eae_ledger *l, int64_t chunk, bool all)
{
    char *path = eae_sprintf("%s/journal", l->batch->path);
    DIR *d = opendir(path);
    int status = d ? EAE_OK : eae_fail_errno("%s: cannot open", path);
    for (struct dirent *e; d && status == EAE_OK && (e = readdir(d));) {
        bool client;
        int64_t number;
        if (!parse_name(e->d_name, &client, &number) || (l->own && strcmp(l->own, e->d_name) == 0))
            continue;
        if (!all && (client ? 0 : number) != chunk)
            continue;
        int i = find_source(l, e->d_name);
        status = read_source(l, i >= 0 ? i : eae_ledger_add_source(l, e->d_name, NULL));
    }
    if (d)
        closedir(d);
    free(path);
    return status;
}

/* Intents come first: a handle or the end of a chunk may be in the file of a later client. */
int eae_ledger_read(eae_ledger *l)
{
    int status = read_matching(l, 0, false);
    free(l->cancel.job);
    eae_batch_cancel_list(l->batch, &l->cancel);
    return status == EAE_OK ? read_matching(l, 0, true) : status;
}

int eae_ledger_read_chunk(eae_ledger *l, int64_t chunk)
{
    return read_matching(l, chunk, false);
}

char *eae_ledger_data(const eae_ledger *l, const eae_entry *e)
{
    return eae_sprintf("%s/data/%s.%u", l->batch->path, l->source[e->writer].name,
                       (unsigned)e->record.lane);
}

void eae_ledger_check_data(eae_ledger *l)
{
    for (int64_t i = 0; i < l->batch->job_count; i++) {
        eae_entry *e = &l->entry[i];
        if (!e->done || e->record.output.length == 0)
            continue;
        char *path = eae_ledger_data(l, e);
        if (!eae_extent_good(path, &e->record.output))
            e->done = e->recorded = false;
        free(path);
    }
}

/* ---- what it says ------------------------------------------------------------------------------
 */

static bool may_be_alive(const eae_ledger *l, const eae_entry *e)
{
    const eae_writer_id *id = &l->source[e->begun_by].id;
    eae_writer_id here;
    eae_writer_id_now(&here, NULL);
    bool same_host = id->host && strcmp(id->host, here.host) == 0;
    eae_writer_id_free(&here);
    return !same_host || eae_writer_id_alive(id);
}

static bool cancel_asked(const eae_ledger *l, int64_t job)
{
    bool asked = l->cancel.all;
    for (int64_t i = 0; i < l->cancel.count && !asked; i++)
        asked = l->cancel.job[i] == job;
    return asked;
}

eae_job_state eae_ledger_state(const eae_ledger *l, int64_t job, bool client)
{
    const eae_entry *e = &l->entry[job];
    if (e->done)
        return EAE_JOB_DONE;
    if (e->given_up != EAE_JOB_STAGED)
        return e->given_up;
    if (!client && cancel_asked(l, job))
        return EAE_JOB_CANCELLED;
    switch (e->phase) {
    case EAE_PHASE_INTENDED: {
        const eae_intent *i = eae_ledger_intent(l, e->chunk);
        return i && !i->closed ? EAE_JOB_QUEUED : EAE_JOB_STAGED;
    }
    case EAE_PHASE_BEGUN:
        return may_be_alive(l, e) ? EAE_JOB_RUNNING : EAE_JOB_LOST;
    case EAE_PHASE_LOST:
        return EAE_JOB_LOST;
    case EAE_PHASE_ENDED:
        return client ? EAE_JOB_QUEUED : EAE_JOB_STAGED; /* it will be tried again */
    default:
        return EAE_JOB_STAGED;
    }
}

bool eae_ledger_delivered(const eae_ledger *l)
{
    for (int i = 0; i < l->source_count; i++) {
        if (l->source[i].delivered)
            return true;
    }
    return false;
}

bool eae_batch_has_client(const eae_batch *b)
{
    char *path = eae_sprintf("%s/lock", b->path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    free(path);
    return held;
}
