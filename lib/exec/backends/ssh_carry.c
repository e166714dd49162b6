/* ssh_carry.c - the chunks that ssh hosts have, and what comes of them; see ssh_session.h. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "exec/backends/ssh_session.h"

/* ---- chunks that hosts have ------------------------------------------------------------------ */

eae_carried *eae_ssh_find(eae_ssh_session *s, int64_t number, int host)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->chunk[i].number == number && s->chunk[i].host == host)
            return &s->chunk[i];
    }
    return NULL;
}

eae_carried *eae_ssh_carry(eae_ssh_session *s, int64_t number, int host)
{
    eae_carried *c = eae_ssh_find(s, number, host);
    if (c)
        return c;
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 16;
        s->chunk = eae_realloc(s->chunk, s->capacity, sizeof *s->chunk);
    }
    s->chunk[s->count] =
        (eae_carried){.number = number, .host = host, .state = EAE_CHUNK_NEW, .fd = {-1, -1}};
    return &s->chunk[s->count++];
}

void eae_ssh_uncarry(eae_ssh_session *s, eae_carried *c)
{
    for (int i = 0; i < 2; i++) {
        if (c->fd[i] >= 0)
            close(c->fd[i]);
    }
    free(c->note);
    *c = s->chunk[--s->count];
}

/* ---- what comes ------------------------------------------------------------------------------ */

static int file_of(eae_ssh_session *s, eae_carried *c, int file)
{
    if (c->fd[file] >= 0)
        return EAE_OK;
    char *path =
        eae_sprintf("%s/%s/chunk.%lld%s", s->config.batch->path, file == 0 ? "journal" : "data",
                    (long long)c->number, file == 0 ? "" : ".0");
    c->fd[file] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int status = c->fd[file] >= 0 ? EAE_OK : eae_fail_errno("%s: cannot write", path);
    free(path);
    return status;
}

/* Only what follows: the files grow, and what came twice is left out. */
static int add_bytes(eae_ssh_session *s, eae_carried *c, int file, uint64_t offset,
                     const char *bytes, size_t n)
{
    struct stat st;
    int status = file_of(s, c, file);
    if (status == EAE_OK && fstat(c->fd[file], &st) != 0)
        status = eae_fail_errno("%s: cannot read", s->config.batch->path);
    if (status != EAE_OK || offset > (uint64_t)st.st_size || offset + n <= (uint64_t)st.st_size)
        return status;
    uint64_t known = (uint64_t)st.st_size - offset;
    if (lseek(c->fd[file], 0, SEEK_END) < 0)
        return eae_fail_errno("%s: cannot write", s->config.batch->path);
    return eae_write_all(c->fd[file], bytes + known, n - known, s->config.batch->path);
}

static void take_bytes(eae_ssh_session *s, int host, eae_cursor *c)
{
    size_t n;
    int64_t number = (int64_t)eae_get_u64(c);
    uint32_t file = eae_get_u32(c);
    uint64_t offset = eae_get_u64(c);
    const char *bytes = eae_get_bytes(c, &n);
    eae_carried *k = eae_ssh_find(s, number, host);
    if (!eae_cursor_ok(c) || !k || k->given_up || file > 1)
        return;
    if (add_bytes(s, k, (int)file, offset, bytes, n) != EAE_OK && s->trouble == EAE_OK) {
        s->trouble = EAE_FAIL;
        s->trouble_text = eae_strdup(eae_message());
    }
}

static void take_state(eae_ssh_session *s, int host, eae_cursor *c)
{
    int64_t number = (int64_t)eae_get_u64(c);
    uint32_t state = eae_get_u32(c);
    char *note = eae_get_text(c);
    eae_carried *k = eae_ssh_find(s, number, host);
    if (eae_cursor_ok(c) && k && state < EAE_CHUNK_STATES) {
        free(k->note);
        k->note = *note ? eae_strdup(note) : NULL;
        k->state = (eae_chunk_state)state;
        for (int i = 0; i < 2 && state == EAE_CHUNK_GONE; i++) {
            if (k->fd[i] >= 0)
                fdatasync(k->fd[i]);
        }
    }
    free(note);
}

static void take_info(eae_ssh_session *s, int host, eae_cursor *c)
{
    eae_host_info *info = s->site ? eae_site_host(s->site, s->host[host].name) : NULL;
    if (!info)
        return;
    info->state = eae_strdup("alive");
    uint32_t cores = eae_get_u32(c);
    double load = eae_get_real(c);
    info->slots = s->host[host].slots > 0 ? s->host[host].slots : cores;
    info->load = load >= 0 ? load : NAN;
    info->memory = (int64_t)eae_get_u64(c);
    info->memory_free = (int64_t)eae_get_u64(c);
    info->gpus = eae_get_u32(c);
    s->answers++;
}

void eae_ssh_take(void *context, eae_ssh_host *h, uint32_t type, eae_cursor *c)
{
    eae_ssh_session *s = context;
    int host = (int)(h - s->host);
    if (type == EAE_REMOTE_BYTES)
        take_bytes(s, host, c);
    else if (type == EAE_REMOTE_STATE)
        take_state(s, host, c);
    else if (type == EAE_REMOTE_INFO)
        take_info(s, host, c);
}

/* ---- what is asked --------------------------------------------------------------------------- */

void eae_ssh_send_about(eae_ssh_host *h, eae_remote_message type, int64_t number)
{
    eae_buffer b = {0};
    eae_put_u64(&b, (uint64_t)number);
    eae_link_send(&h->link, type, &b);
    eae_buffer_free(&b);
}

uint64_t eae_ssh_size_here(const eae_ssh_session *s, const char *form, int64_t number,
                           const char *end)
{
    struct stat st;
    char *path = eae_sprintf("%s/%s%lld%s", s->config.batch->path, form, (long long)number, end);
    uint64_t size = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    free(path);
    return size;
}

static void send_watch(eae_ssh_session *s, eae_carried *c)
{
    eae_buffer b = {0};
    eae_put_u64(&b, (uint64_t)c->number);
    eae_put_u64(&b, eae_ssh_size_here(s, "journal/chunk.", c->number, ""));
    eae_put_u64(&b, eae_ssh_size_here(s, "data/chunk.", c->number, ".0"));
    eae_link_send(&s->host[c->host].link, EAE_REMOTE_WATCH, &b);
    eae_buffer_free(&b);
}

/* Ask hosts that are there (again) about what they have. */
void eae_ssh_ask_about_chunks(eae_ssh_session *s)
{
    for (size_t i = 0; i < s->count;) {
        eae_carried *c = &s->chunk[i];
        bool ready = s->host[c->host].state == EAE_SSH_READY;
        if (ready && !c->asked && c->given_up) {
            eae_ssh_send_about(&s->host[c->host], EAE_REMOTE_STOP, c->number);
            eae_ssh_uncarry(s, c);
            continue;
        }
        if (ready && !c->asked)
            send_watch(s, c);
        c->asked = ready;
        i++;
    }
}
