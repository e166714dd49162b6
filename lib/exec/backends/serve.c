/* serve.c - see serve.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 */
#endif
#include "exec/backends/serve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "exec/machine.h"
#include "exec/backends/serve_parts.h"

enum { TICK_MIN = 5, TICK_MAX = 200 }; /* milliseconds between looks at the files */

typedef struct {
    eae_link link;
    eae_store store;
    eae_watch *watch;
    size_t count, capacity;
    const char *(*identify)(void);
    const char *version;
    bool greeted;
    char *cwd; /* where jobs run */
    int tick;
} servant;

static int wake[2] = {-1, -1}; /* SIGCHLD writes to it */

static void on_child(int sig)
{
    int saved = errno;
    (void)sig;
    if (write(wake[1], "", 1) < 0) {
        /* full: it will wake up anyway */
    }
    errno = saved;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void say(servant *s, eae_remote_message type, eae_buffer *b)
{
    eae_link_send(&s->link, type, b);
    eae_buffer_free(b);
}

static void say_trouble(servant *s)
{
    eae_buffer b = {0};
    eae_put_text(&b, eae_message());
    say(s, EAE_REMOTE_TROUBLE, &b);
}

static void say_state(servant *s, const eae_watch *w)
{
    eae_buffer b = {0};
    eae_put_u64(&b, (uint64_t)w->chunk);
    eae_put_u32(&b, w->ended ? EAE_CHUNK_GONE : EAE_CHUNK_RUNNING);
    eae_put_text(&b, w->note ? w->note : "");
    say(s, EAE_REMOTE_STATE, &b);
}

/* Where jobs run: in the directory of that name, if it is here; else in one of the batch's own. */
static char *place_to_run(const servant *s, const char *wanted)
{
    struct stat st;
    if (!s->store.folder || (stat(wanted, &st) == 0 && S_ISDIR(st.st_mode)))
        return eae_strdup(wanted);
    char *own = eae_sprintf("%s/cwd", s->store.folder);
    mkdir(own, 0700);
    return own;
}

static void say_welcome(servant *s, const char *wanted, bool identify)
{
    char *cwd = place_to_run(s, wanted);
    free(s->cwd);
    eae_buffer b = {0};
    eae_put_u32(&b, EAE_REMOTE_PROTOCOL);
    eae_put_text(&b, s->version);
    eae_put_text(&b, identify && s->identify ? s->identify() : "");
    eae_put_text(&b, cwd);
    s->cwd = cwd;
    eae_put_u32(&b, (uint32_t)eae_machine_cores());
    say(s, EAE_REMOTE_WELCOME, &b);
}

static void say_has(servant *s, const eae_hash *hash, bool there)
{
    eae_buffer b = {0};
    eae_put_hash(&b, hash);
    eae_put_u32(&b, there);
    say(s, EAE_REMOTE_HAS, &b);
}

static uint32_t count_gpus(void)
{
    DIR *d = opendir("/proc/driver/nvidia/gpus");
    const struct dirent *e;
    uint32_t n = 0;
    while (d && (e = readdir(d)))
        n += *e->d_name != '.';
    if (d)
        closedir(d);
    return n;
}

static void say_info(servant *s)
{
    eae_buffer b = {0};
    double load = -1;
    if (getloadavg(&load, 1) != 1)
        load = -1;
    eae_put_u32(&b, (uint32_t)eae_machine_cores());
    eae_put_real(&b, load);
    eae_put_u64(&b, (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
    eae_put_u64(&b, eae_memory_available());
    eae_put_u32(&b, count_gpus());
    say(s, EAE_REMOTE_INFO, &b);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* What programs of jobs will see decides which kernels they choose, so it decides the identity. */
static void take_environment(eae_cursor *c)
{
    eae_names all = {0};
    eae_get_words(c, &all);
    for (int64_t i = 0; i < all.count && !c->bad; i++) {
        char *name = eae_strdup(eae_name(&all, i)), *equals = strchr(name, '=');
        bool counts = strncmp(name, "EAE_", 4) == 0 || strncmp(name, "OPENBLAS_", 9) == 0;
        if (counts && equals) {
            *equals = '\0';
            setenv(name, equals + 1, 1);
        }
        free(name);
    }
    eae_names_free(&all);
}

static int hello(servant *s, eae_cursor *c)
{
    uint32_t protocol = eae_get_u32(c);
    char *folder = eae_get_text(c), *cwd = eae_get_text(c);
    bool identify = eae_get_u32(c);
    take_environment(c);
    int status = EAE_OK;
    s->greeted = protocol == EAE_REMOTE_PROTOCOL && eae_cursor_ok(c);
    if (s->greeted)
        status = eae_store_open(&s->store, folder);
    if (status == EAE_OK)
        say_welcome(s, cwd, identify); /* the client says what it thinks of another protocol */
    free(folder);
    free(cwd);
    return status;
}

static eae_watch *watch_of(servant *s, int64_t chunk)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->watch[i].chunk == chunk)
            return &s->watch[i];
    }
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 16;
        s->watch = eae_realloc(s->watch, s->capacity, sizeof *s->watch);
    }
    eae_watch_init(&s->watch[s->count], chunk);
    return &s->watch[s->count++];
}

static int about_chunk(servant *s, uint32_t type, eae_cursor *c)
{
    int64_t chunk = (int64_t)eae_get_u64(c);
    uint64_t journal = type == EAE_REMOTE_WATCH ? eae_get_u64(c) : 0;
    uint64_t data = type == EAE_REMOTE_WATCH ? eae_get_u64(c) : 0;
    if (!eae_cursor_ok(c) || chunk <= 0 || !s->store.folder)
        return eae_fail("a request arrived damaged");
    eae_watch *w = watch_of(s, chunk);
    if (type == EAE_REMOTE_START)
        eae_watch_start(w, s->store.folder);
    if (type == EAE_REMOTE_WATCH) {
        w->sent[0] = journal;
        w->sent[1] = data;
    }
    if (type == EAE_REMOTE_STOP)
        eae_watch_stop(w, s->store.folder);
    s->tick = TICK_MIN;
    return EAE_OK;
}

/* Only where nothing runs any more. */
static void forget(servant *s)
{
    if (s->store.folder && !eae_store_busy(&s->store))
        eae_batch_remove(s->store.folder);
}

static int answer_input(servant *s, eae_cursor *c)
{
    eae_hash hash;
    eae_get_hash(c, &hash);
    uint64_t size = eae_get_u64(c);
    char *name = eae_get_text(c);
    bool there = false;
    int status = EAE_OK;
    if (!eae_cursor_ok(c) || !s->store.folder)
        status = eae_fail("a request arrived damaged");
    else if (*name)
        status = eae_store_file(&s->store, s->cwd, name, &hash, size, &there);
    else
        there = eae_store_has(&s->store, &hash, size);
    if (status == EAE_OK)
        say_has(s, &hash, there);
    free(name);
    return status;
}

static int take_request(servant *s, uint32_t type, eae_cursor *c)
{
    if (!s->greeted && type != EAE_REMOTE_HELLO)
        return EAE_OK;
    switch (type) {
    case EAE_REMOTE_HELLO:
        return hello(s, c);
    case EAE_REMOTE_PUT:
        return eae_store_put(&s->store, c);
    case EAE_REMOTE_INPUT:
        return answer_input(s, c);
    case EAE_REMOTE_START:
    case EAE_REMOTE_WATCH:
    case EAE_REMOTE_STOP:
        return about_chunk(s, type, c);
    case EAE_REMOTE_ASK:
        say_info(s);
        return EAE_OK;
    case EAE_REMOTE_FORGET:
        forget(s);
        return EAE_OK;
    default:
        return eae_fail("a request of an unknown kind");
    }
}

/* A request that cannot be done is told; a stream that cannot be read is the end. */
static int take_requests(servant *s)
{
    uint32_t type;
    eae_cursor c;
    bool got = true;
    int status = eae_link_fill(&s->link);
    while (status == EAE_OK && got) {
        status = eae_link_next(&s->link, &type, &c, &got);
        if (status == EAE_OK && got && take_request(s, type, &c) != EAE_OK)
            say_trouble(s);
    }
    return status;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* Tells of one chunk; true when all is told and it can be forgotten. */
static bool serve_chunk(servant *s, eae_watch *w, bool *sent)
{
    bool all;
    eae_watch_look(w, s->store.folder);
    if (!w->said && !w->ended) {
        say_state(s, w);
        w->said = *sent = true;
    }
    eae_watch_send(w, s->store.folder, &s->link, sent, &all);
    if (!w->ended || !all)
        return false;
    say_state(s, w);
    *sent = true;
    return true;
}

static void serve_chunks(servant *s)
{
    bool sent = false;
    for (size_t i = 0; i < s->count;) {
        if (serve_chunk(s, &s->watch[i], &sent)) {
            eae_watch_free(&s->watch[i]);
            s->watch[i] = s->watch[--s->count];
        } else {
            i++;
        }
    }
    s->tick = sent ? TICK_MIN : s->tick < TICK_MAX / 2 ? s->tick * 2 : TICK_MAX;
}

static int serve_once(servant *s)
{
    char drain[64];
    struct pollfd p[3] = {{.fd = s->link.in, .events = POLLIN},
                          {.fd = wake[0], .events = POLLIN},
                          {.fd = eae_link_pending(&s->link) ? s->link.out : -1, .events = POLLOUT}};
    int status = EAE_OK;
    if (poll(p, 3, s->count > 0 ? s->tick : -1) < 0 && errno != EINTR)
        return eae_fail_errno("cannot wait for requests");
    if (p[1].revents && read(wake[0], drain, sizeof drain) > 0)
        s->tick = TICK_MIN;
    if (p[0].revents)
        status = take_requests(s);
    if (status == EAE_OK && s->count > 0)
        serve_chunks(s);
    if (status == EAE_OK)
        status = eae_link_flush(&s->link);
    return status;
}

static int prepare(void)
{
    struct sigaction child = {.sa_handler = on_child, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    sigemptyset(&child.sa_mask);
    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return eae_fail_errno("cannot begin to serve");
    sigaction(SIGCHLD, &child, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
    return EAE_OK;
}

int eae_serve(const char *(*identify)(void), const char *version)
{
    servant s = {.link = {.in = STDIN_FILENO, .out = STDOUT_FILENO, .greeted = true},
                 .store = {.fd = -1},
                 .identify = identify,
                 .version = version,
                 .tick = TICK_MIN};
    int status = prepare();
    if (status == EAE_OK)
        eae_buffer_puts(&s.link.outgoing, EAE_LINK_MAGIC);
    while (status == EAE_OK && !s.link.ended)
        status = serve_once(&s);
    for (size_t i = 0; i < s.count; i++)
        eae_watch_free(&s.watch[i]);
    free(s.watch);
    free(s.cwd);
    eae_store_close(&s.store);
    eae_link_free(&s.link);
    return status;
}
