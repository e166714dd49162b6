/* serve_watch.c - a chunk's worker on this host, and its files on their way to the client;
 * serve_parts.h. */
#include "exec/backends/serve_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "exec/spawn.h"

enum { NOTE_MAX = 300, STARTING = 5 };
static const double look_every = 0.2, stop_patience = 5;

double eae_watch_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void eae_watch_init(eae_watch *w, int64_t chunk)
{
    *w = (eae_watch){.chunk = chunk, .fd = {-1, -1}};
}

void eae_watch_free(eae_watch *w)
{
    for (int i = 0; i < 2; i++) {
        if (w->fd[i] >= 0)
            close(w->fd[i]);
    }
    free(w->note);
}

static char *path_of(const char *folder, const char *form, int64_t chunk)
{
    char *name = eae_sprintf("%s/%s%lld", folder, form, (long long)chunk);
    return name;
}

static bool there(const char *folder, const char *form, int64_t chunk, struct stat *st)
{
    char *path = path_of(folder, form, chunk);
    bool is = stat(path, st) == 0;
    free(path);
    return is;
}

/* ---- the worker ------------------------------------------------------------------------------ */

static int start_worker(eae_watch *w, const char *folder, int errors)
{
    char self[4096], number[32];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), error;
    if (n < 0 || null < 0)
        return eae_fail_errno("cannot start a worker");
    self[n] = '\0';
    snprintf(number, sizeof number, "%lld", (long long)w->chunk);
    char *argv[] = {self, (char *)"work", (char *)folder, number, NULL};
    eae_spawn how = {
        .argv = argv, .input = null, .output = null, .errors = errors, .detached = true};
    w->pid = eae_spawn_start(&how, &error);
    close(null);
    errno = error;
    return w->pid > 0 ? EAE_OK : eae_fail_errno("cannot start %s", self);
}

/* The marker says that a worker may be there before it has a journal. */
void eae_watch_start(eae_watch *w, const char *folder)
{
    struct stat st;
    if (there(folder, "site/started.", w->chunk, &st))
        return;
    char *marker = path_of(folder, "site/started.", w->chunk);
    char *said = path_of(folder, "site/worker.", w->chunk);
    int fd = open(marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int errors = open(said, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int status = fd >= 0 && errors >= 0 ? EAE_OK : eae_fail_errno("%s: cannot write", folder);
    if (status == EAE_OK)
        status = start_worker(w, folder, errors);
    if (status != EAE_OK) {
        w->ended = true;
        free(w->note);
        w->note = eae_strdup(eae_message());
        w->pid = 0;
    }
    if (fd >= 0)
        close(fd);
    if (errors >= 0)
        close(errors);
    free(marker);
    free(said);
}

/* What it said outside its journal: as a rule, why it could not begin. */
static void take_last_words(eae_watch *w, const char *folder)
{
    char *path = path_of(folder, "site/worker.", w->chunk), *text = NULL;
    if (!w->note && eae_read_file(path, &text, NULL) == EAE_OK && *text) {
        size_t n = strcspn(text, "\r\n");
        w->note = eae_strndup(text, n < NOTE_MAX ? n : NOTE_MAX);
    }
    unlink(path);
    free(text);
    free(path);
}

static int take_writer(void *context, uint32_t type, eae_cursor *payload)
{
    if (type == EAE_JOURNAL_WRITER)
        eae_writer_id_get(payload, context);
    return EAE_FAIL; /* the first frame is enough */
}

void eae_watch_writer(const char *path, eae_writer_id *id)
{
    uint64_t offset = 0;
    bool damaged;
    *id = (eae_writer_id){0};
    eae_journal_read(path, &offset, &damaged, take_writer, id);
}

static void writer_of(const eae_watch *w, const char *folder, eae_writer_id *id)
{
    char *path = path_of(folder, "journal/chunk.", w->chunk);
    eae_watch_writer(path, id);
    free(path);
}

static void look_at_other(eae_watch *w, const char *folder)
{
    eae_writer_id id;
    struct stat st;
    if (eae_watch_now() < w->look_at)
        return;
    w->look_at = eae_watch_now() + look_every;
    writer_of(w, folder, &id);
    if (id.pid > 0)
        w->ended = !eae_writer_id_alive(&id);
    else
        w->ended = !there(folder, "site/started.", w->chunk, &st) ||
                   difftime(time(NULL), st.st_mtime) > STARTING;
    eae_writer_id_free(&id);
}

void eae_watch_look(eae_watch *w, const char *folder)
{
    int how;
    if (w->ended)
        return;
    if (w->pid > 0)
        w->ended = waitpid(w->pid, &how, WNOHANG) == w->pid;
    else
        look_at_other(w, folder);
    if (w->kill_at > 0 && !w->ended && eae_watch_now() > w->kill_at)
        eae_watch_stop(w, folder);
    if (w->ended) {
        take_last_words(w, folder);
        w->target = 0; /* look at the files once more */
    }
}

void eae_watch_stop(eae_watch *w, const char *folder)
{
    eae_writer_id id = {0};
    pid_t pid = w->pid;
    if (w->ended)
        return;
    if (pid == 0) {
        writer_of(w, folder, &id);
        pid = eae_writer_id_alive(&id) ? (pid_t)id.pid : 0;
        eae_writer_id_free(&id);
    }
    if (pid > 0)
        kill(pid, w->kill_at > 0 ? SIGKILL : SIGTERM);
    w->kill_at = eae_watch_now() + stop_patience;
}

/* ---- its files ------------------------------------------------------------------------------- */

static void open_file(eae_watch *w, const char *folder, int file)
{
    if (w->fd[file] >= 0)
        return;
    char *path = eae_sprintf("%s/%s/chunk.%lld%s", folder, file == 0 ? "journal" : "data",
                             (long long)w->chunk, file == 0 ? "" : ".0");
    w->fd[file] = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
}

static uint64_t size_of(int fd)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void send_bytes(const eae_watch *w, int file, const char *bytes, size_t n, eae_link *link)
{
    eae_buffer b = {0};
    eae_put_u64(&b, (uint64_t)w->chunk);
    eae_put_u32(&b, (uint32_t)file);
    eae_put_u64(&b, w->sent[file]);
    eae_put_bytes(&b, bytes, n);
    eae_link_send(link, EAE_REMOTE_BYTES, &b);
    eae_buffer_free(&b);
}

/* Send the file up to `end`; false where the connection must first catch up. */
static bool send_up_to(eae_watch *w, int file, uint64_t end, eae_link *link, bool *sent)
{
    char *piece = NULL;
    while (w->sent[file] < end && eae_link_pending(link) < EAE_REMOTE_AHEAD) {
        uint64_t left = end - w->sent[file];
        piece = piece ? piece : eae_malloc(EAE_REMOTE_PIECE, 1);
        ssize_t got = pread(w->fd[file], piece, left < EAE_REMOTE_PIECE ? left : EAE_REMOTE_PIECE,
                            (off_t)w->sent[file]);
        if (got <= 0)
            break;
        send_bytes(w, file, piece, (size_t)got, link);
        w->sent[file] += (uint64_t)got;
        *sent = true;
    }
    free(piece);
    return w->sent[file] >= end;
}

void eae_watch_send(eae_watch *w, const char *folder, eae_link *link, bool *sent, bool *all)
{
    open_file(w, folder, 0);
    if (w->sent[0] >= w->target)
        w->target = size_of(w->fd[0]);
    open_file(w, folder, 1); /* after the size of the journal: what that speaks of is in the data */
    *all =
        send_up_to(w, 1, size_of(w->fd[1]), link, sent) && send_up_to(w, 0, w->target, link, sent);
}
