/*
 * backend_ssh.c - chunks on hosts that are reached by ssh, without a shared file system; backend.h.
 *
 * Each host has one connection with a servant at its other end (ssh_host.h, remote.h). What a
 * worker there writes into its journal and data files comes by itself, and is written to the same
 * places of the files here; so there is nothing to collect. A host that is silent is not dead:
 * its chunks are UNKNOWN until it is back, or until --host-timeout has passed; then their jobs run
 * elsewhere, and if the host comes back after all, its workers are ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/files.h"
#include "base/number.h"
#include "exec/backend.h"
#include "exec/client.h"
#include "exec/spans.h"
#include "exec/ssh_host.h"

enum {
    CONNECT_SECONDS = 10,
    HOST_SECONDS = 60,
    ANSWER_SECONDS = 10,
    LATE_HOSTS_MS = 1000,
    LEAVE_MS = 500
};

/* A chunk that a host has, or may have. */
typedef struct {
    int64_t number;
    int host;
    eae_chunk_state state; /* NEW: nothing was heard of it yet */
    bool asked;            /* over the present connection */
    bool given_up;         /* its jobs run elsewhere: it is to be ended */
    char *note;
    int fd[2]; /* journal, data; -1 */
} carried;

typedef struct {
    eae_exec_config config;
    eae_ssh_config ssh;
    eae_ssh_host *host;
    int hosts;
    double patience; /* seconds that a host may be silent */
    carried *chunk;
    size_t count, capacity;
    eae_site *site; /* being filled by hosts() */
    int answers;
    int trouble; /* of writing here */
    char *trouble_text;
} ssh;

/* ---- settings -------------------------------------------------------------------------------- */

static int seconds_setting(const eae_exec_config *config, const char *name, double otherwise,
                           double *seconds)
{
    const char *text = eae_config_setting(config, name);
    *seconds = otherwise;
    if (!text)
        return EAE_OK;
    if (eae_parse_double(text, strlen(text), seconds) && *seconds > 0 && *seconds < 1e6)
        return EAE_OK;
    return eae_fail_usage("--%s: \"%s\" is not a number of seconds", name, text);
}

static int parse_hosts(ssh *s, const char *list)
{
    int status = EAE_OK;
    if (!list || !*list)
        return eae_fail_usage("--on ssh needs --hosts NAME,...");
    for (const char *p = list; status == EAE_OK;) {
        const size_t n = strcspn(p, ",");
        s->host = eae_realloc(s->host, (size_t)s->hosts + 1, sizeof *s->host);
        status = eae_ssh_parse(&s->host[s->hosts], p, n);
        for (int i = 0; i < s->hosts && status == EAE_OK; i++) {
            if (strcmp(s->host[i].name, s->host[s->hosts].name) == 0)
                status = eae_fail_usage("--hosts: %s is there twice", s->host[i].name);
        }
        if (s->host[s->hosts].name)
            s->hosts++;
        if (p[n] == '\0')
            break;
        p += n + 1;
    }
    return status;
}

static void set_slots(ssh *s)
{
    const char *text = eae_config_setting(&s->config, "slots");
    int64_t slots;
    if (!text || !eae_parse_int(text, strlen(text), &slots) || slots < 1)
        return;
    for (int i = 0; i < s->hosts; i++) {
        if (s->host[i].slots == 0)
            s->host[i].slots = slots;
    }
}

/* What a batch is called on the hosts: two clients may have the same command line, each its own
 * batch. */
static char *folder_name(const eae_batch *b)
{
    struct utsname u;
    char text[EAE_HASH_TEXT];
    eae_buffer key = {0};
    if (!b)
        return eae_strdup("");
    eae_put_text(&key, uname(&u) == 0 ? u.nodename : "");
    eae_put_text(&key, b->path);
    eae_put_real(&key, b->created);
    eae_hash hash = eae_hash_bytes(key.data, key.length);
    eae_buffer_free(&key);
    return eae_sprintf("%s-%.8s", b->id, eae_hash_text(&hash, text));
}

static int take_settings(ssh *s)
{
    const char *program = eae_config_setting(&s->config, "remote-path");
    const char *list = eae_config_setting(&s->config, "hosts");
    double connect = CONNECT_SECONDS;
    s->ssh.batch = s->config.batch;
    s->ssh.folder = folder_name(s->config.batch);
    s->ssh.program = program ? program : "eae-submit";
    /* only what is merged must be of one kind */
    if (s->config.batch && s->config.batch->filter && !eae_config_setting(&s->config, "mixed"))
        s->ssh.identity = s->config.identity;
    int status = parse_hosts(s, list ? list : eae_config_setting(&s->config, "on-argument"));
    if (status == EAE_OK && !eae_ssh_plain_path(s->ssh.program))
        status = eae_fail_usage("--remote-path: \"%s\" is not a plain path", s->ssh.program);
    if (status == EAE_OK)
        status = seconds_setting(&s->config, "connect-timeout", CONNECT_SECONDS, &connect);
    if (status == EAE_OK)
        status = seconds_setting(&s->config, "host-timeout", HOST_SECONDS, &s->patience);
    s->ssh.connect_seconds = connect < 1 ? 1 : (int)connect;
    set_slots(s);
    return status;
}

/* ---- chunks that hosts have ------------------------------------------------------------------ */

static carried *find(ssh *s, int64_t number, int host)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->chunk[i].number == number && s->chunk[i].host == host)
            return &s->chunk[i];
    }
    return NULL;
}

static carried *carry(ssh *s, int64_t number, int host)
{
    carried *c = find(s, number, host);
    if (c)
        return c;
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 16;
        s->chunk = eae_realloc(s->chunk, s->capacity, sizeof *s->chunk);
    }
    s->chunk[s->count] =
        (carried){.number = number, .host = host, .state = EAE_CHUNK_NEW, .fd = {-1, -1}};
    return &s->chunk[s->count++];
}

static void drop(ssh *s, carried *c)
{
    for (int i = 0; i < 2; i++) {
        if (c->fd[i] >= 0)
            close(c->fd[i]);
    }
    free(c->note);
    *c = s->chunk[--s->count];
}

/* ---- what comes ------------------------------------------------------------------------------ */

static int file_of(ssh *s, carried *c, int file)
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
static int add_bytes(ssh *s, carried *c, int file, uint64_t offset, const char *bytes, size_t n)
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

static void take_bytes(ssh *s, int host, eae_cursor *c)
{
    size_t n;
    int64_t number = (int64_t)eae_get_u64(c);
    uint32_t file = eae_get_u32(c);
    uint64_t offset = eae_get_u64(c);
    const char *bytes = eae_get_bytes(c, &n);
    carried *k = find(s, number, host);
    if (!eae_cursor_ok(c) || !k || k->given_up || file > 1)
        return;
    if (add_bytes(s, k, (int)file, offset, bytes, n) != EAE_OK && s->trouble == EAE_OK) {
        s->trouble = EAE_FAIL;
        s->trouble_text = eae_strdup(eae_message());
    }
}

static void take_state(ssh *s, int host, eae_cursor *c)
{
    int64_t number = (int64_t)eae_get_u64(c);
    uint32_t state = eae_get_u32(c);
    char *note = eae_get_text(c);
    carried *k = find(s, number, host);
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

static void take_info(ssh *s, int host, eae_cursor *c)
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

static void take(void *context, eae_ssh_host *h, uint32_t type, eae_cursor *c)
{
    ssh *s = context;
    int host = (int)(h - s->host);
    if (type == EAE_REMOTE_BYTES)
        take_bytes(s, host, c);
    else if (type == EAE_REMOTE_STATE)
        take_state(s, host, c);
    else if (type == EAE_REMOTE_INFO)
        take_info(s, host, c);
}

/* ---- what is asked --------------------------------------------------------------------------- */

static void send_about(eae_ssh_host *h, eae_remote_message type, int64_t number)
{
    eae_buffer b = {0};
    eae_put_u64(&b, (uint64_t)number);
    eae_link_send(&h->link, type, &b);
    eae_buffer_free(&b);
}

static uint64_t size_here(const ssh *s, const char *form, int64_t number, const char *end)
{
    struct stat st;
    char *path = eae_sprintf("%s/%s%lld%s", s->config.batch->path, form, (long long)number, end);
    uint64_t size = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    free(path);
    return size;
}

static void send_watch(ssh *s, carried *c)
{
    eae_buffer b = {0};
    eae_put_u64(&b, (uint64_t)c->number);
    eae_put_u64(&b, size_here(s, "journal/chunk.", c->number, ""));
    eae_put_u64(&b, size_here(s, "data/chunk.", c->number, ".0"));
    eae_link_send(&s->host[c->host].link, EAE_REMOTE_WATCH, &b);
    eae_buffer_free(&b);
}

/* Ask hosts that are there (again) about what they have. */
static void ask_about_chunks(ssh *s)
{
    for (size_t i = 0; i < s->count;) {
        carried *c = &s->chunk[i];
        bool ready = s->host[c->host].state == EAE_SSH_READY;
        if (ready && !c->asked && c->given_up) {
            send_about(&s->host[c->host], EAE_REMOTE_STOP, c->number);
            drop(s, c);
            continue;
        }
        if (ready && !c->asked)
            send_watch(s, c);
        c->asked = ready;
        i++;
    }
}

/* ---- connections ----------------------------------------------------------------------------- */

static void retry_hosts(ssh *s)
{
    double now = eae_ssh_now();
    for (int i = 0; i < s->hosts; i++) {
        eae_ssh_host *h = &s->host[i];
        if (h->state == EAE_SSH_DOWN && h->retry_at > 0 && now >= h->retry_at)
            eae_ssh_connect(h, &s->ssh);
        else if (h->state == EAE_SSH_CONNECTING && h->pid > 0 &&
                 now - h->begun > s->ssh.connect_seconds + ANSWER_SECONDS)
            eae_ssh_drop(h, "it takes too long to answer");
    }
}

/* Wait for news of the hosts, at most so long, and take it in. */
static void step(ssh *s, int wait_ms)
{
    struct pollfd *p = EAE_NEW_ARRAY(struct pollfd, 3 * s->hosts);
    for (int i = 0; i < s->hosts; i++)
        eae_ssh_wait_for(&s->host[i], p + (ptrdiff_t)3 * i);
    if (poll(p, 3 * (nfds_t)s->hosts, wait_ms) < 0)
        memset(p, 0, 3 * (size_t)s->hosts * sizeof *p);
    for (int i = 0; i < s->hosts; i++) {
        bool ready = s->host[i].state == EAE_SSH_READY;
        eae_ssh_step(&s->host[i], p + (ptrdiff_t)3 * i, &s->ssh, take, s);
        if (ready && s->host[i].state == EAE_SSH_DOWN && s->host[i].retry_at > 0)
            eae_detail("%s: %s; it is tried again", s->host[i].name, s->host[i].why);
    }
    free(p);
    retry_hosts(s);
    ask_about_chunks(s);
}

static bool settled(const eae_ssh_host *h)
{
    return h->state == EAE_SSH_READY || h->state == EAE_SSH_DOWN;
}

static int count_ready(const ssh *s)
{
    int n = 0;
    for (int i = 0; i < s->hosts; i++)
        n += s->host[i].state == EAE_SSH_READY;
    return n;
}

/* Until all hosts are there, or have failed; with one of them there, the others may come later. */
static void connect_all(ssh *s, bool wait_for_all)
{
    double begin = eae_ssh_now();
    bool waiting = true;
    for (int i = 0; i < s->hosts; i++)
        eae_ssh_connect(&s->host[i], &s->ssh);
    while (waiting) {
        step(s, 50);
        waiting = false;
        for (int i = 0; i < s->hosts; i++)
            waiting = waiting || !settled(&s->host[i]);
        if (!wait_for_all && count_ready(s) > 0 && eae_ssh_now() - begin > LATE_HOSTS_MS / 1e3)
            break;
    }
}

static int check_connected(ssh *s)
{
    int ready = count_ready(s);
    for (int i = 0; i < s->hosts && ready > 0; i++) {
        if (s->host[i].state == EAE_SSH_DOWN)
            eae_warn("%s: %s; going on without it", s->host[i].name, s->host[i].why);
    }
    if (ready > 0)
        return EAE_OK;
    if (s->hosts == 1)
        return eae_fail("%s: %s", s->host[0].name, s->host[0].why);
    return eae_fail("no host can be used: %s: %s", s->host[0].name, s->host[0].why);
}

/* ---- the table ------------------------------------------------------------------------------- */

/* Every chunk that the host had has ended, and what it wrote is here. */
static bool has_nothing(const ssh *s, int host)
{
    bool nothing = s->host[host].state == EAE_SSH_READY;
    for (size_t i = 0; i < s->count; i++)
        nothing = nothing && (s->chunk[i].host != host || s->chunk[i].state == EAE_CHUNK_GONE);
    return nothing;
}

/* Closes connections as soon as everything is sent; true while some are open. */
static bool close_sent(ssh *s)
{
    bool open = false;
    for (int i = 0; i < s->hosts; i++) {
        eae_ssh_host *h = &s->host[i];
        if (h->state == EAE_SSH_READY && eae_link_pending(&h->link) == 0)
            eae_ssh_finish(h);
        open = open || (h->state == EAE_SSH_READY && h->pid > 0);
    }
    return open;
}

/* Workers whose jobs have all been heard of may need a moment to end. Hosts that have nothing of
 * the batch any more forget it; what goes on running without us stays. */
static void take_leave(ssh *s)
{
    double begin = eae_ssh_now();
    bool waiting = true;
    while (waiting && eae_ssh_now() - begin < LEAVE_MS / 1e3) {
        waiting = false;
        for (int i = 0; i < s->hosts; i++)
            waiting = waiting || (s->host[i].state == EAE_SSH_READY && !has_nothing(s, i));
        if (waiting)
            step(s, 10);
    }
    for (int i = 0; i < s->hosts; i++) {
        if (has_nothing(s, i))
            eae_link_send(&s->host[i].link, EAE_REMOTE_FORGET, &(eae_buffer){0});
    }
    begin = eae_ssh_now();
    while (close_sent(s) && eae_ssh_now() - begin < 2 * LEAVE_MS / 1e3)
        step(s, 10);
}

static void ssh_close(eae_session *session)
{
    ssh *s = (ssh *)session;
    if (s->config.batch)
        take_leave(s);
    while (s->count > 0)
        drop(s, &s->chunk[0]);
    for (int i = 0; i < s->hosts; i++)
        eae_ssh_free(&s->host[i]);
    free(s->host);
    free(s->chunk);
    free(s->ssh.folder);
    free(s->trouble_text);
    free(s);
}

static int ssh_open(eae_session **session, const eae_exec_config *config)
{
    ssh *s = EAE_NEW(ssh);
    s->config = *config;
    int status = eae_client_there("ssh") ? take_settings(s) : eae_fail("there is no ssh on PATH");
    if (status == EAE_OK) {
        connect_all(s, !config->batch);
        status = config->batch ? check_connected(s) : EAE_OK;
    }
    *session = (eae_session *)s;
    if (status != EAE_OK) {
        ssh_close(*session);
        *session = NULL;
    }
    return status;
}

static int64_t free_slots(const ssh *s, int host)
{
    int64_t used = 0;
    if (s->host[host].state != EAE_SSH_READY)
        return 0;
    for (size_t i = 0; i < s->count; i++)
        used += s->chunk[i].host == host && s->chunk[i].state != EAE_CHUNK_GONE;
    return s->host[host].slots > used ? s->host[host].slots - used : 0;
}

static int64_t room(eae_session *session)
{
    ssh *s = (ssh *)session;
    int64_t sum = 0;
    step(s, 0);
    for (int i = 0; i < s->hosts; i++)
        sum += free_slots(s, i);
    return sum;
}

static void set_text(char **field, const char *text)
{
    if (*field && text && strcmp(*field, text) == 0)
        return;
    free(*field);
    *field = text ? eae_strdup(text) : NULL;
}

static int send_chunk(ssh *s, int host, const eae_chunk *c)
{
    char *path = eae_sprintf("%s/chunks/%lld", s->config.batch->path, (long long)c->number);
    char *name = eae_sprintf("chunks/%lld", (long long)c->number), *bytes = NULL;
    size_t n;
    int status = eae_read_file(path, &bytes, &n);
    if (status == EAE_OK) {
        eae_ssh_put(&s->host[host], name, bytes, n);
        send_about(&s->host[host], EAE_REMOTE_START, c->number);
    }
    free(bytes);
    free(name);
    free(path);
    return status;
}

static int submit(eae_session *session, eae_chunk *const *chunk, int n)
{
    ssh *s = (ssh *)session;
    int status = EAE_OK;
    for (int i = 0; i < n && status == EAE_OK; i++) {
        int best = 0;
        for (int k = 1; k < s->hosts; k++)
            best = free_slots(s, k) > free_slots(s, best) ? k : best;
        if (free_slots(s, best) == 0)
            return eae_fail("no host has a free slot");
        status = send_chunk(s, best, chunk[i]);
        if (status != EAE_OK)
            break;
        carried *c = carry(s, chunk[i]->number, best);
        c->state = chunk[i]->state = EAE_CHUNK_QUEUED;
        c->asked = true;
        set_text(&chunk[i]->handle, s->host[best].name);
        set_text(&chunk[i]->host, s->host[best].name);
    }
    step(s, 0);
    return status;
}

static int host_named(const ssh *s, const char *name)
{
    for (int i = 0; i < s->hosts && name; i++) {
        if (strcmp(s->host[i].name, name) == 0)
            return i;
    }
    return -1;
}

/* What is known of a chunk on its host. */
static void bring_up_to_date(ssh *s, eae_chunk *c)
{
    int host = host_named(s, c->handle);
    if (host < 0) {
        c->state = EAE_CHUNK_GONE;
        set_text(&c->note, "its host is not among --hosts any more");
        return;
    }
    carried *k = carry(s, c->number, host);
    const eae_ssh_host *h = &s->host[host];
    if (h->state == EAE_SSH_READY) {
        if (k->state != EAE_CHUNK_NEW)
            c->state = k->state;
        set_text(&c->note, k->note);
    } else if (eae_ssh_now() - h->since < s->patience && (h->retry_at > 0 || !settled(h))) {
        c->state = EAE_CHUNK_UNKNOWN;
        set_text(&c->note, h->why);
    } else {
        c->state = EAE_CHUNK_GONE;
        set_text(&c->note, h->why);
        k->given_up = true;
    }
    if (c->state == EAE_CHUNK_GONE && !k->given_up)
        drop(s, k);
}

/* Chunks that nobody asks about any more, since all of their jobs have records. */
static void forget_finished(ssh *s, eae_chunk *const *chunk, int n)
{
    for (size_t i = 0; i < s->count;) {
        bool wanted = s->chunk[i].state != EAE_CHUNK_GONE || s->chunk[i].given_up;
        for (int k = 0; k < n && !wanted; k++)
            wanted = chunk[k]->number == s->chunk[i].number;
        if (wanted)
            i++;
        else
            drop(s, &s->chunk[i]);
    }
}

static int poll_chunks(eae_session *session, eae_chunk *const *chunk, int n, int wait_ms)
{
    ssh *s = (ssh *)session;
    for (int i = 0; i < n; i++) {
        if (host_named(s, chunk[i]->handle) >= 0)
            carry(s, chunk[i]->number, host_named(s, chunk[i]->handle));
    }
    ask_about_chunks(s);
    step(s, wait_ms);
    for (int i = 0; i < n; i++) {
        if (chunk[i]->state != EAE_CHUNK_GONE)
            bring_up_to_date(s, chunk[i]);
    }
    forget_finished(s, chunk, n);
    return s->trouble == EAE_OK ? EAE_OK : eae_fail("%s", s->trouble_text);
}

/* No answer about chunk `number` is outstanding from a host that is there. */
static bool all_answered(ssh *s, int64_t number)
{
    bool all = true;
    for (int i = 0; i < s->hosts; i++) {
        const carried *k = find(s, number, i);
        all = all && (s->host[i].state == EAE_SSH_DOWN || (k && k->state != EAE_CHUNK_NEW));
    }
    return all;
}

/* Every host is asked; those that do not have it answer that it is gone. */
static int lookup(eae_session *session, eae_chunk *c)
{
    ssh *s = (ssh *)session;
    double begin = eae_ssh_now();
    const eae_ssh_host *silent = NULL;
    int found = -1, had = -1;
    for (int i = 0; i < s->hosts; i++)
        carry(s, c->number, i);
    while (!all_answered(s, c->number) && eae_ssh_now() - begin < ANSWER_SECONDS)
        step(s, 50);
    for (int i = 0; i < s->hosts; i++) {
        carried *k = find(s, c->number, i);
        if (k->state == EAE_CHUNK_NEW && eae_ssh_now() - s->host[i].since < s->patience)
            silent = &s->host[i];
        if (k->fd[0] >= 0)
            had = i; /* its journal came from there */
        if (k->state == EAE_CHUNK_RUNNING)
            found = i;
        else
            drop(s, k);
    }
    if (found < 0 && silent)
        return eae_fail("%s does not answer: it may have chunk %lld", silent->name,
                        (long long)c->number);
    c->state = found < 0 ? EAE_CHUNK_GONE : EAE_CHUNK_RUNNING;
    if (found < 0 && size_here(s, "journal/chunk.", c->number, "") > 0)
        found = had >= 0 ? had : 0;
    if (found >= 0) {
        set_text(&c->handle, s->host[found].name);
        set_text(&c->host, s->host[found].name);
    }
    return EAE_OK;
}

static int cancel(eae_session *session, eae_chunk *const *chunk, int n)
{
    ssh *s = (ssh *)session;
    for (int i = 0; i < n; i++) {
        int host = host_named(s, chunk[i]->handle);
        if (host < 0)
            continue;
        if (s->host[host].state == EAE_SSH_READY)
            send_about(&s->host[host], EAE_REMOTE_STOP, chunk[i]->number);
        else
            carry(s, chunk[i]->number, host)->given_up = true;
    }
    step(s, 0);
    return EAE_OK;
}

/* The worker looks for that file. */
static int cancel_job(eae_session *session, eae_chunk *c, int64_t job)
{
    ssh *s = (ssh *)session;
    int host = host_named(s, c->handle);
    if (host < 0 || s->host[host].state != EAE_SSH_READY)
        return eae_fail("%s does not answer", c->handle ? c->handle : "its host");
    char *name = eae_sprintf("cancel/%lld", (long long)job + 1);
    eae_ssh_put(&s->host[host], name, "", 0);
    free(name);
    step(s, 0);
    return EAE_OK;
}

static int hosts(eae_session *session, eae_site *site)
{
    ssh *s = (ssh *)session;
    double begin = eae_ssh_now();
    int asked = 0;
    s->site = site;
    s->answers = 0;
    for (int i = 0; i < s->hosts; i++) {
        if (s->host[i].state == EAE_SSH_READY && ++asked)
            eae_link_send(&s->host[i].link, EAE_REMOTE_ASK, &(eae_buffer){0});
    }
    while (s->answers < asked && eae_ssh_now() - begin < ANSWER_SECONDS)
        step(s, 50);
    s->site = NULL;
    for (int i = 0; i < s->hosts; i++) {
        bool there = false;
        for (int k = 0; k < site->host_count; k++)
            there = there || strcmp(site->host[k].name, s->host[i].name) == 0;
        if (there)
            continue;
        eae_host_info *info = eae_site_host(site, s->host[i].name);
        info->state = eae_strdup("down");
        info->note = eae_strdup(s->host[i].why ? s->host[i].why : "it does not answer");
    }
    return EAE_OK;
}

static int ping(eae_session *session, char **answer)
{
    const ssh *s = (ssh *)session;
    eae_buffer b = {0};
    int ready = 0;
    for (int i = 0; i < s->hosts; i++) {
        const eae_ssh_host *h = &s->host[i];
        bool up = h->state == EAE_SSH_READY;
        ready += up;
        eae_buffer_printf(&b, "%s%s %s%s", i ? "; " : "", h->name,
                          up ? "is alive: eae-submit " : "is down: ",
                          up       ? h->version
                          : h->why ? h->why
                                   : "no answer");
    }
    if (ready == s->hosts) {
        *answer = b.data;
        return EAE_OK;
    }
    int status = eae_fail("%s", b.data);
    eae_buffer_free(&b);
    return status;
}

const eae_exec_backend eae_exec_ssh = {
    .name = "ssh",
    .summary = "hosts that are reached by ssh, without a shared file system",
    .settings = "hosts,slots,remote-path,mixed,connect-timeout,host-timeout",
    .open = ssh_open,
    .room = room,
    .submit = submit,
    .lookup = lookup,
    .poll = poll_chunks,
    .cancel = cancel,
    .cancel_job = cancel_job,
    .hosts = hosts,
    .ping = ping,
    .poll_first = 0.02,
    .poll_longest = 0.1,
    .grace = 0.001,
    .close = ssh_close,
};
