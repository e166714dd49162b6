/* slots.c - see slots.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_OFD_SETLKW */
#endif
#include "exec/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

enum { WAKE = SIGURG };      /* what is sent to the thread that waits for a lock */
enum { FIRST_TICKET = 8 };   /* behind the counter */
enum { LOOK_AGAIN_MS = 50 }; /* where inotify is silent, and if a wake-up was missed */

struct eae_slots {
    int count;
    char *dir;
    int *fd;     /* slot.0 ..., open all the time */
    int tickets; /* our description: our locks */
    int ready;   /* eventfd: a slot was granted */
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t changed;
    bool *held;   /* slot i is ours, granted or taken */
    bool wanted;  /* the thread is to stand in line */
    bool in_line; /* it does */
    atomic_bool closing;
    int granted; /* a slot nobody has taken yet, or -1 */
};

/* ---- the directory ----------------------------------------------------------------------------
 */

/* A directory of ours that nobody else may enter; made where it is not there. */
static int own_directory(const char *path)
{
    struct stat st;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return eae_fail_errno("%s: cannot create", path);
    if (lstat(path, &st) != 0)
        return eae_fail_errno("%s: cannot look at it", path);
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
        return eae_fail("%s: not a directory of this user that is closed to others (mode 0700)",
                        path);
    return EAE_OK;
}

char *eae_slots_directory(void)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct stat st;
    bool usable = runtime && *runtime == '/' && stat(runtime, &st) == 0 && S_ISDIR(st.st_mode) &&
                  st.st_uid == geteuid() && access(runtime, W_OK) == 0;
    char *base = usable ? eae_sprintf("%s/eae", runtime)
                        : eae_sprintf("/tmp/eae-%lu", (unsigned long)geteuid());
    char *dir = eae_sprintf("%s/slots", base);
    int status = own_directory(base);
    if (status == EAE_OK)
        status = own_directory(dir);
    free(base);
    if (status == EAE_OK)
        return dir;
    free(dir);
    return NULL;
}

/* ---- tickets: locks of our description on bytes of one file ------------------------------------
 */

/* 0 when it is done (for GETLK: nobody else holds any of them), 1 when another holds one (GETLK),
 * -1 when it failed, or a signal came while it waited. */
static int lock_bytes(int fd, int command, short type, int64_t first, int64_t count)
{
    struct flock f = {.l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = count};
    if (fcntl(fd, command, &f) != 0)
        return -1;
    return command == F_OFD_GETLK && f.l_type != F_UNLCK;
}

/* The number is in the first eight bytes; locks lie behind them. -1: the file cannot be used. */
static int64_t draw_ticket(int fd)
{
    int64_t next = FIRST_TICKET;
    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR)
            return -1;
    }
    if (pread(fd, &next, sizeof next, 0) != sizeof next || next < FIRST_TICKET ||
        next > INT64_MAX / 2)
        next = FIRST_TICKET;
    int64_t after = next + 1;
    bool drawn = lock_bytes(fd, F_OFD_SETLK, F_WRLCK, next, 1) == 0 &&
                 pwrite(fd, &after, sizeof after, 0) == sizeof after;
    flock(fd, LOCK_UN);
    return drawn ? next : -1;
}

/* Until no lower ticket is held: first that just before, which is released in its turn, or at once
 * when its owner dies; then, for that case, all others. */
static bool await_turn(eae_slots *s, int64_t ticket)
{
    const int64_t from[] = {ticket - 1, FIRST_TICKET};
    bool locked = true;
    for (int i = 0; i < 2 && ticket > FIRST_TICKET && locked; i++) {
        do
            locked = lock_bytes(s->tickets, F_OFD_SETLKW, F_RDLCK, from[i], ticket - from[i]) == 0;
        while (!locked && errno == EINTR && !atomic_load(&s->closing));
    }
    if (ticket > FIRST_TICKET) /* a length of 0 would be all there is */
        lock_bytes(s->tickets, F_OFD_SETLK, F_UNLCK, FIRST_TICKET, ticket - FIRST_TICKET);
    return !atomic_load(&s->closing);
}

bool eae_slots_contended(const eae_slots *s)
{
    return lock_bytes(s->tickets, F_OFD_GETLK, F_WRLCK, FIRST_TICKET, 0) == 1;
}

/* ---- slots ------------------------------------------------------------------------------------
 */

static int try_all(eae_slots *s)
{
    int got = -1;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->count && got < 0; i++) {
        if (!s->held[i] && flock(s->fd[i], LOCK_EX | LOCK_NB) == 0) {
            s->held[i] = true;
            got = i;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return got;
}

void eae_slots_release(eae_slots *s, int slot)
{
    pthread_mutex_lock(&s->lock);
    flock(s->fd[slot], LOCK_UN);
    s->held[slot] = false;
    bool awaited = s->in_line;
    pthread_mutex_unlock(&s->lock);
    if (awaited || eae_slots_contended(s))
        futimens(s->fd[slot], NULL); /* wakes who is first in line */
}

/* At the head of the line: until a slot is free. The watch is set before the first look, so that
 * no release is missed between looking and waiting. */
static int await_slot(eae_slots *s)
{
    char events[4096];
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    struct pollfd p = {.fd = watch, .events = POLLIN};
    int slot;
    if (watch >= 0)
        inotify_add_watch(watch, s->dir, IN_ATTRIB | IN_CLOSE_WRITE);
    while ((slot = try_all(s)) < 0 && !atomic_load(&s->closing)) {
        poll(&p, 1, LOOK_AGAIN_MS);
        while (watch >= 0 && read(watch, events, sizeof events) > 0)
            continue;
    }
    if (watch >= 0)
        close(watch);
    return slot;
}

/* One slot for one ticket; -1: the pool is being closed. */
static int stand_in_line(eae_slots *s)
{
    int slot = -1;
    int64_t ticket = draw_ticket(s->tickets);
    if (ticket < 0 || await_turn(s, ticket))
        slot = await_slot(s);
    if (ticket >= 0)
        lock_bytes(s->tickets, F_OFD_SETLK, F_UNLCK, ticket, 1);
    return slot;
}

/* Until a slot is wanted; false: the pool is being closed. */
static bool await_wish(eae_slots *s)
{
    pthread_mutex_lock(&s->lock);
    while (!atomic_load(&s->closing) && !s->wanted)
        pthread_cond_wait(&s->changed, &s->lock);
    bool go = !atomic_load(&s->closing);
    s->in_line = go;
    pthread_mutex_unlock(&s->lock);
    return go;
}

static void *keep_standing(void *argument)
{
    eae_slots *s = argument;
    const uint64_t one = 1;
    while (await_wish(s)) {
        int slot = stand_in_line(s);
        if (slot < 0)
            break;
        pthread_mutex_lock(&s->lock);
        bool wanted = s->wanted;
        s->granted = wanted ? slot : -1;
        s->wanted = s->in_line = false;
        pthread_mutex_unlock(&s->lock);
        if (!wanted)
            eae_slots_release(s, slot);
        while (write(s->ready, &one, sizeof one) < 0 && errno == EINTR)
            continue;
    }
    return NULL;
}

/* ---- taking them ------------------------------------------------------------------------------
 */

/* Has the thread brought one? Takes back what made eae_slots_fd() readable. */
static int take_granted(eae_slots *s, bool *in_line)
{
    uint64_t times;
    pthread_mutex_lock(&s->lock);
    int slot = s->granted;
    s->granted = -1;
    *in_line = s->in_line || s->wanted;
    pthread_mutex_unlock(&s->lock);
    if (read(s->ready, &times, sizeof times) < 0)
        errno = 0; /* nothing was told, or not yet: another look does no harm */
    return slot;
}

static void stand(eae_slots *s)
{
    pthread_mutex_lock(&s->lock);
    s->wanted = true;
    if (!s->threaded)
        s->threaded = pthread_create(&s->thread, NULL, keep_standing, s) == 0;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

int eae_slots_take(eae_slots *s, bool wait)
{
    bool in_line;
    int slot = take_granted(s, &in_line);
    if (slot < 0 && !in_line && !eae_slots_contended(s))
        slot = try_all(s);
    if (slot < 0 && !in_line && wait)
        stand(s);
    return slot;
}

void eae_slots_unwant(eae_slots *s)
{
    bool in_line;
    int slot = take_granted(s, &in_line);
    pthread_mutex_lock(&s->lock);
    s->wanted = false;
    pthread_mutex_unlock(&s->lock);
    if (slot >= 0)
        eae_slots_release(s, slot);
}

int eae_slots_fd(const eae_slots *s)
{
    return s->ready;
}

/* ---- open and close ---------------------------------------------------------------------------
 */

static int open_file(const char *dir, const char *name)
{
    char *path = eae_sprintf("%s/%s", dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        eae_fail_errno("%s: cannot open", path);
    free(path);
    return fd;
}

static void on_wake(int sig)
{
    (void)sig;
}

int eae_slots_open(eae_slots **out, const char *dir, int count)
{
    eae_slots *s = EAE_NEW(eae_slots);
    char name[32];
    const struct sigaction wake = {.sa_handler = on_wake}; /* and no SA_RESTART */
    sigaction(WAKE, &wake, NULL);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->dir = eae_strdup(dir);
    s->granted = -1;
    s->fd = EAE_NEW_ARRAY(int, count);
    s->held = EAE_NEW_ARRAY(bool, count);
    s->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->tickets = open_file(dir, "tickets");
    bool opened = s->tickets >= 0 && s->ready >= 0;
    for (; opened && s->count < count; s->count += opened) {
        snprintf(name, sizeof name, "slot.%d", s->count);
        s->fd[s->count] = open_file(dir, name);
        opened = s->fd[s->count] >= 0;
    }
    *out = s;
    if (opened)
        return EAE_OK;
    eae_slots_close(s);
    *out = NULL;
    return EAE_FAIL;
}

/* The signal may come before it waits for a lock: so again and again. */
static void end_thread(eae_slots *s)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    while (pthread_tryjoin_np(s->thread, NULL) != 0) {
        pthread_kill(s->thread, WAKE);
        nanosleep(&pause, NULL);
    }
}

void eae_slots_close(eae_slots *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    atomic_store(&s->closing, true);
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (s->threaded)
        end_thread(s);
    for (int i = 0; i < s->count; i++)
        close(s->fd[i]);
    if (s->tickets >= 0)
        close(s->tickets);
    if (s->ready >= 0)
        close(s->ready);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s->fd);
    free(s->held);
    free(s->dir);
    free(s);
}

int eae_slots_used(const char *dir, int count)
{
    eae_slots *s;
    int used = 0;
    if (eae_slots_open(&s, dir, count) != EAE_OK)
        return -1;
    for (int i = 0; i < count; i++)
        used += flock(s->fd[i], LOCK_SH | LOCK_NB) != 0;
    eae_slots_close(s);
    return used;
}
