/*
 * backend_ssh.c - chunks on hosts that are reached by ssh, without a shared file system; backend.h.
 *
 * Each host has one connection with a servant at its other end (ssh_host.h, remote.h). What a
 * worker there writes into its journal and data files comes by itself, and is written to the same
 * places of the files here; so there is nothing to collect. A host that is silent is not dead:
 * its chunks are UNKNOWN until it is back, or until --host-timeout has passed; then their jobs run
 * elsewhere, and if the host comes back after all, its workers are ended.
 */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/files.h"
#include "exec/backends/client.h"
#include "exec/backends/ssh_session.h"

enum { ANSWER_SECONDS = 10, LATE_HOSTS_MS = 1000, LEAVE_MS = 500 };

/* ---- connections ----------------------------------------------------------------------------- */

static void retry_hosts(eae_ssh_session *s)
{
    double now = eae_ssh_now();
    for (int i = 0; i < s->hosts; i++) {
        eae_ssh_host *h = &s->host[i];
        if (h->state == EAE_SSH_DOWN && h->retry_at > 0 && now >= h->retry_at)
            eae_ssh_connect(h, &s->ssh);
        else if (h->state == EAE_SSH_CONNECTING && h->pid > 0 &&
                 now - h->begun > s->ssh.connect_seconds + ANSWER_SECONDS)
            eae_ssh_drop(h, "it takes too long to answer");
        else
            eae_ssh_check(h, s->quiet);
    }
}

/* Wait for news of the hosts, at most so long, and take it in. */
static void step(eae_ssh_session *s, int wait_ms)
{
    struct pollfd *p = EAE_NEW_ARRAY(struct pollfd, 3 * s->hosts);
    bool *was_ready = EAE_NEW_ARRAY(bool, s->hosts);
    for (int i = 0; i < s->hosts; i++)
        eae_ssh_wait_for(&s->host[i], p + (ptrdiff_t)3 * i);
    if (poll(p, 3 * (nfds_t)s->hosts, wait_ms) < 0)
        memset(p, 0, 3 * (size_t)s->hosts * sizeof *p);
    for (int i = 0; i < s->hosts; i++) {
        was_ready[i] = s->host[i].state == EAE_SSH_READY;
        eae_ssh_step(&s->host[i], p + (ptrdiff_t)3 * i, &s->ssh, eae_ssh_take, s);
    }
    free(p);
    retry_hosts(s);
    for (int i = 0; i < s->hosts; i++) {
        const eae_ssh_host *h = &s->host[i];
        if (was_ready[i] && h->state == EAE_SSH_DOWN && h->retry_at > 0)
            eae_detail("%s: %s; it is tried again", h->name, h->why);
    }
    free(was_ready);
    eae_ssh_ask_about_chunks(s);
}

static bool settled(const eae_ssh_host *h)
{
    return h->state == EAE_SSH_READY || h->state == EAE_SSH_DOWN;
}

static int count_ready(const eae_ssh_session *s)
{
    int n = 0;
    for (int i = 0; i < s->hosts; i++)
        n += s->host[i].state == EAE_SSH_READY;
    return n;
}

/* Until all hosts are there, or have failed; with one of them there, the others may come later. */
static void connect_all(eae_ssh_session *s, bool wait_for_all)
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

static int check_connected(eae_ssh_session *s)
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
static bool has_nothing(const eae_ssh_session *s, int host)
{
    bool nothing = s->host[host].state == EAE_SSH_READY;
    for (size_t i = 0; i < s->count; i++)
        nothing = nothing && (s->chunk[i].host != host || s->chunk[i].state == EAE_CHUNK_GONE);
    return nothing;
}

/* Closes connections as soon as everything is sent; true while some are open. */
static bool close_sent(eae_ssh_session *s)
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
static void take_leave(eae_ssh_session *s)
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
    eae_ssh_session *s = (eae_ssh_session *)session;
    if (s->config.batch)
        take_leave(s);
    while (s->count > 0)
        eae_ssh_uncarry(s, &s->chunk[0]);
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
    eae_ssh_session *s = EAE_NEW(eae_ssh_session);
    s->config = *config;
    int status =
        eae_client_there("ssh") ? eae_ssh_take_settings(s) : eae_fail("there is no ssh on PATH");
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

static int64_t free_slots(const eae_ssh_session *s, int host)
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
    eae_ssh_session *s = (eae_ssh_session *)session;
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

static int send_chunk(eae_ssh_session *s, int host, const eae_chunk *c)
{
    char *path = eae_sprintf("%s/chunks/%lld", s->config.batch->path, (long long)c->number);
    char *name = eae_sprintf("chunks/%lld", (long long)c->number), *bytes = NULL;
    size_t n;
    int status = eae_read_file(path, &bytes, &n);
    if (status == EAE_OK) {
        eae_ssh_put(&s->host[host], name, bytes, n);
        eae_ssh_send_about(&s->host[host], EAE_REMOTE_START, c->number);
    }
    free(bytes);
    free(name);
    free(path);
    return status;
}

static int submit(eae_session *session, eae_chunk *const *chunk, int n)
{
    eae_ssh_session *s = (eae_ssh_session *)session;
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
        eae_carried *c = eae_ssh_carry(s, chunk[i]->number, best);
        c->state = chunk[i]->state = EAE_CHUNK_QUEUED;
        c->asked = true;
        set_text(&chunk[i]->handle, s->host[best].name);
        set_text(&chunk[i]->host, s->host[best].name);
    }
    step(s, 0);
    return status;
}

static int host_named(const eae_ssh_session *s, const char *name)
{
    for (int i = 0; i < s->hosts && name; i++) {
        if (strcmp(s->host[i].name, name) == 0)
            return i;
    }
    return -1;
}

/* What is known of a chunk on its host. */
static void bring_up_to_date(eae_ssh_session *s, eae_chunk *c)
{
    int host = host_named(s, c->handle);
    if (host < 0) {
        c->state = EAE_CHUNK_GONE;
        set_text(&c->note, "its host is not among --hosts any more");
        return;
    }
    eae_carried *k = eae_ssh_carry(s, c->number, host);
    const eae_ssh_host *h = &s->host[host];
    if (h->state == EAE_SSH_READY) {
        if (k->state != EAE_CHUNK_NEW)
            c->state = k->state;
        set_text(&c->note, k->note);
    } else if (eae_ssh_now() - h->heard < s->patience && (h->retry_at > 0 || !settled(h))) {
        c->state = EAE_CHUNK_UNKNOWN;
        set_text(&c->note, h->why);
    } else {
        c->state = EAE_CHUNK_GONE;
        set_text(&c->note, h->why);
        k->given_up = true;
    }
    if (c->state == EAE_CHUNK_GONE && !k->given_up)
        eae_ssh_uncarry(s, k);
}

/* Chunks that nobody asks about any more, since all of their jobs have records. */
static void forget_finished(eae_ssh_session *s, eae_chunk *const *chunk, int n)
{
    for (size_t i = 0; i < s->count;) {
        bool wanted = s->chunk[i].state != EAE_CHUNK_GONE || s->chunk[i].given_up;
        for (int k = 0; k < n && !wanted; k++)
            wanted = chunk[k]->number == s->chunk[i].number;
        if (wanted)
            i++;
        else
            eae_ssh_uncarry(s, &s->chunk[i]);
    }
}

static int poll_chunks(eae_session *session, eae_chunk *const *chunk, int n, int wait_ms)
{
    eae_ssh_session *s = (eae_ssh_session *)session;
    for (int i = 0; i < n; i++) {
        if (host_named(s, chunk[i]->handle) >= 0)
            eae_ssh_carry(s, chunk[i]->number, host_named(s, chunk[i]->handle));
    }
    eae_ssh_ask_about_chunks(s);
    step(s, wait_ms);
    for (int i = 0; i < n; i++) {
        if (chunk[i]->state != EAE_CHUNK_GONE)
            bring_up_to_date(s, chunk[i]);
    }
    forget_finished(s, chunk, n);
    return s->trouble == EAE_OK ? EAE_OK : eae_fail("%s", s->trouble_text);
}

/* No answer about chunk `number` is outstanding from a host that is there. */
static bool all_answered(eae_ssh_session *s, int64_t number)
{
    bool all = true;
    for (int i = 0; i < s->hosts; i++) {
        const eae_carried *k = eae_ssh_find(s, number, i);
        all = all && (s->host[i].state == EAE_SSH_DOWN || (k && k->state != EAE_CHUNK_NEW));
    }
    return all;
}

/* Every host is asked; those that do not have it answer that it is gone. */
static int lookup(eae_session *session, eae_chunk *c)
{
    eae_ssh_session *s = (eae_ssh_session *)session;
    double begin = eae_ssh_now();
    const eae_ssh_host *silent = NULL;
    int found = -1, had = -1;
    for (int i = 0; i < s->hosts; i++)
        eae_ssh_carry(s, c->number, i);
    while (!all_answered(s, c->number) && eae_ssh_now() - begin < ANSWER_SECONDS)
        step(s, 50);
    for (int i = 0; i < s->hosts; i++) {
        eae_carried *k = eae_ssh_find(s, c->number, i);
        if (k->state == EAE_CHUNK_NEW && eae_ssh_now() - s->host[i].heard < s->patience)
            silent = &s->host[i];
        if (k->fd[0] >= 0)
            had = i; /* its journal came from there */
        if (k->state == EAE_CHUNK_RUNNING)
            found = i;
        else
            eae_ssh_uncarry(s, k);
    }
    if (found < 0 && silent)
        return eae_fail("%s does not answer: it may have chunk %lld", silent->name,
                        (long long)c->number);
    c->state = found < 0 ? EAE_CHUNK_GONE : EAE_CHUNK_RUNNING;
    if (found < 0 && eae_ssh_size_here(s, "journal/chunk.", c->number, "") > 0)
        found = had >= 0 ? had : 0;
    if (found >= 0) {
        set_text(&c->handle, s->host[found].name);
        set_text(&c->host, s->host[found].name);
    }
    return EAE_OK;
}

static int cancel(eae_session *session, eae_chunk *const *chunk, int n)
{
    eae_ssh_session *s = (eae_ssh_session *)session;
    for (int i = 0; i < n; i++) {
        int host = host_named(s, chunk[i]->handle);
        if (host < 0)
            continue;
        if (s->host[host].state == EAE_SSH_READY)
            eae_ssh_send_about(&s->host[host], EAE_REMOTE_STOP, chunk[i]->number);
        else
            eae_ssh_carry(s, chunk[i]->number, host)->given_up = true;
    }
    step(s, 0);
    return EAE_OK;
}

/* The worker looks for that file. */
static int cancel_job(eae_session *session, eae_chunk *c, int64_t job)
{
    eae_ssh_session *s = (eae_ssh_session *)session;
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
    eae_ssh_session *s = (eae_ssh_session *)session;
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
    const eae_ssh_session *s = (eae_ssh_session *)session;
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
