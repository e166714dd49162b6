/* command.c - see command.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* waitid, strsignal */
#endif
#include "exec/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/status.h"
#include "exec/spawn.h"

enum { ERRORS_MAX = 1 << 18, CHUNK = 1 << 16, SAID_MAX = 400, PIPE_HOLDS = 4096 };

extern char **environ;

typedef struct {
    char **argv;
    char **environment;
    int input;     /* an open descriptor */
    int output[2]; /* read end, write end */
    int errors[2];
    pid_t pid;
    bool group; /* a process group of its own */
} child;

/* ---- what the child gets -----------------------------------------------------------------------
 */

static bool same_variable(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");
    return n == strcspn(b, "=") && memcmp(a, b, n) == 0;
}

/* Pointers only: the strings are those of `environ` and of `more`. */
static char **environment_with(const eae_names *more, bool bare)
{
    size_t own = 0, n = 0;
    int64_t added = more ? more->count : 0;
    while (environ[own] && !bare)
        own++;
    char **all = EAE_NEW_ARRAY(char *, own + (size_t)added + 1);
    for (size_t i = 0; i < own; i++) {
        bool replaced = false;
        for (int64_t k = 0; k < added; k++)
            replaced = replaced || same_variable(environ[i], eae_name(more, k));
        if (!replaced)
            all[n++] = environ[i];
    }
    for (int64_t k = 0; k < added; k++)
        all[n++] = (char *)eae_name(more, k);
    return all;
}

/* The text waits in a pipe: nobody has to be there to write it. */
static bool open_text(child *c, const char *text)
{
    int ends[2] = {-1, -1};
    size_t n = strlen(text);
    bool written = n <= PIPE_HOLDS && eae_spawn_pipe(ends) && write(ends[1], text, n) == (ssize_t)n;
    eae_spawn_close(&ends[1]);
    c->input = ends[0];
    return written;
}

static bool open_input(child *c, const eae_command *command)
{
    if (command->input_text)
        return open_text(c, command->input_text);
    c->input = command->input >= 0 ? fcntl(command->input, F_DUPFD_CLOEXEC, 3)
                                   : open("/dev/null", O_RDONLY | O_CLOEXEC);
    return c->input >= 0;
}

static int open_pipes(child *c, const eae_command *command)
{
    if (!open_input(c, command) || !eae_spawn_pipe(c->output) || !eae_spawn_pipe(c->errors))
        return eae_fail_errno("cannot run %s", c->argv[0]);
    return EAE_OK;
}

static void close_child(child *c)
{
    eae_spawn_close(&c->input);
    for (int i = 0; i < 2; i++) {
        eae_spawn_close(&c->output[i]);
        eae_spawn_close(&c->errors[i]);
    }
    free(c->argv);
    free(c->environment);
}

/* ---- in the parent -----------------------------------------------------------------------------
 */

static int start(child *c)
{
    int error;
    eae_spawn how = {.argv = c->argv,
                     .environment = c->environment,
                     .input = c->input,
                     .output = c->output[1],
                     .errors = c->errors[1],
                     .group = c->group};
    c->pid = eae_spawn_start(&how, &error);
    eae_spawn_close(&c->output[1]);
    eae_spawn_close(&c->errors[1]);
    errno = error;
    return c->pid > 0 ? EAE_OK : eae_fail_errno("cannot run %s", c->argv[0]);
}

/* What has arrived; closes *fd at the end. Beyond `limit` it is read and forgotten. */
static int take(int *fd, eae_buffer *b, size_t limit)
{
    char chunk[CHUNK];
    ssize_t got = read(*fd, chunk, sizeof chunk);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? EAE_OK : eae_fail_errno("cannot read a pipe");
    if (got == 0)
        eae_spawn_close(fd);
    size_t room = limit - b->length;
    eae_buffer_add(b, chunk, (size_t)got < room ? (size_t)got : room);
    return EAE_OK;
}

static void end_child(const child *c)
{
    kill(c->group ? -c->pid : c->pid, SIGKILL);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* Milliseconds that are left until `deadline`; -1: there is none. */
static int left_until(int64_t deadline)
{
    int64_t now = deadline ? now_ms() : 0;
    return deadline == 0 ? -1 : now < deadline ? (int)(deadline - now) : 0;
}

static int collect(child *c, size_t output_limit, int64_t deadline, eae_command_result *r)
{
    int status = EAE_OK;
    while (status == EAE_OK && !r->late && (c->output[0] >= 0 || c->errors[0] >= 0)) {
        struct pollfd p[2] = {{.fd = c->output[0], .events = POLLIN},
                              {.fd = c->errors[0], .events = POLLIN}};
        int ready = poll(p, 2, left_until(deadline));
        if (ready < 0 && errno != EINTR)
            status = eae_fail_errno("cannot wait for %s", c->argv[0]);
        if (ready > 0 && p[0].revents)
            status = take(&c->output[0], &r->output, output_limit + 1);
        if (status == EAE_OK && ready > 0 && p[1].revents)
            status = take(&c->errors[0], &r->errors, ERRORS_MAX);
        if (r->output.length > output_limit && !r->overrun) {
            r->overrun = true;
            end_child(c);
            eae_spawn_close(&c->output[0]);
        }
        r->late = ready == 0;
    }
    if (status != EAE_OK || r->late)
        end_child(c);
    return status;
}

/* It has closed its output, and may still be there. */
static void await_until(const child *c, int64_t deadline, eae_command_result *r)
{
    siginfo_t info;
    while (deadline && !r->late) {
        info.si_pid = 0;
        if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid)
            return;
        r->late = left_until(deadline) == 0;
        if (r->late)
            end_child(c);
        else
            poll(NULL, 0, 1);
    }
}

static int await_end(const child *c, eae_command_result *r)
{
    int how;
    if (!eae_spawn_wait(c->pid, &how))
        return eae_fail_errno("cannot wait for %s", c->argv[0]);
    r->signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    r->status = WIFEXITED(how) ? WEXITSTATUS(how) : 0;
    return EAE_OK;
}

int eae_command_run(const eae_command *command, eae_command_result *r)
{
    child c = {.argv = eae_spawn_words(command->words),
               .environment = environment_with(command->environment, command->bare),
               .input = -1,
               .output = {-1, -1},
               .errors = {-1, -1}};
    int64_t deadline = command->limit_ms > 0 ? now_ms() + command->limit_ms : 0;
    c.group = command->limit_ms > 0;
    *r = (eae_command_result){0};
    int status = open_pipes(&c, command);
    if (status == EAE_OK)
        status = start(&c);
    if (status == EAE_OK) {
        status = collect(&c, command->output_limit, deadline, r);
        await_until(&c, deadline, r);
        int ended = await_end(&c, r);
        status = status == EAE_OK ? ended : status;
    }
    close_child(&c);
    return status;
}

void eae_command_result_free(eae_command_result *r)
{
    eae_buffer_free(&r->output);
    eae_buffer_free(&r->errors);
    *r = (eae_command_result){0};
}

/* ---- what went wrong ---------------------------------------------------------------------------
 */

/* The line that tells most, without its end; empty where nothing was said. */
static const char *telling_line(const eae_buffer *errors, size_t *length)
{
    static const char traceback[] = "Traceback (most recent call last)";
    const char *p = errors->data ? errors->data : "", *line = p;
    bool last = false;
    *length = 0;
    while (*p) {
        size_t n = strcspn(p, "\r\n");
        bool blank = strspn(p, " \t") >= n;
        if (!blank && (last || *length == 0)) {
            line = p;
            *length = n;
            last = strncmp(p, traceback, sizeof traceback - 1) == 0 || last;
        }
        p += n + strspn(p + n, "\r\n");
    }
    return line;
}

char *eae_command_failure(const eae_command_result *r)
{
    size_t n;
    const char *said = telling_line(&r->errors, &n);
    eae_buffer b = {0};
    if (!r->overrun && !r->late && r->signal == 0 && r->status == 0)
        return NULL;
    if (r->late)
        eae_buffer_puts(&b, "did not answer in time");
    else if (r->overrun)
        eae_buffer_printf(&b, "wrote more than %zu bytes", r->output.length - 1);
    else if (r->signal)
        eae_buffer_printf(&b, "was killed by signal %d (%s)", r->signal, strsignal(r->signal));
    else
        eae_buffer_printf(&b, "ended with status %d", r->status);
    if (n > 0)
        eae_buffer_printf(&b, ": %.*s", (int)(n < SAID_MAX ? n : SAID_MAX), said);
    return b.data;
}
