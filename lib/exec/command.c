/* command.c - see command.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2, execvpe */
#endif
#include "exec/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/status.h"

enum { ERRORS_MAX = 1 << 18, CHUNK = 1 << 16, SAID_MAX = 400, PIPE_HOLDS = 4096 };

extern char **environ;

typedef struct {
    char **argv;
    char **environment;
    int input;     /* an open descriptor */
    int output[2]; /* read end, write end */
    int errors[2];
    int report[2]; /* errno of a failed exec; closed by a successful one */
    pid_t parent;
    pid_t pid;
    bool group; /* a process group of its own */
} child;

/* ---- before the fork: everything that needs memory --------------------------------------------
 */

static char **words_of(const eae_names *words)
{
    char **argv = EAE_NEW_ARRAY(char *, words->count + 1);
    for (int64_t i = 0; i < words->count; i++)
        argv[i] = (char *)eae_name(words, i);
    return argv;
}

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

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* To a number that is none of the child's three. */
static bool move_up(int *fd)
{
    int high = *fd < 0 ? -1 : fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    close_fd(fd);
    *fd = high;
    return high >= 0;
}

static bool open_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC) == 0 && move_up(&ends[0]) && move_up(&ends[1]);
}

/* The text waits in a pipe: nobody has to be there to write it. */
static bool open_text(child *c, const char *text)
{
    int ends[2] = {-1, -1};
    size_t n = strlen(text);
    bool written = n <= PIPE_HOLDS && open_pipe(ends) && write(ends[1], text, n) == (ssize_t)n;
    close_fd(&ends[1]);
    c->input = ends[0];
    return written;
}

static bool open_input(child *c, const eae_command *command)
{
    if (command->input_text)
        return open_text(c, command->input_text);
    if (command->input >= 0) {
        c->input = fcntl(command->input, F_DUPFD_CLOEXEC, 3);
        return c->input >= 0;
    }
    c->input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return move_up(&c->input);
}

static int open_pipes(child *c, const eae_command *command)
{
    if (!open_input(c, command) || !open_pipe(c->output) || !open_pipe(c->errors) ||
        !open_pipe(c->report))
        return eae_fail_errno("cannot run %s", c->argv[0]);
    return EAE_OK;
}

static void close_child(child *c)
{
    close_fd(&c->input);
    for (int i = 0; i < 2; i++) {
        close_fd(&c->output[i]);
        close_fd(&c->errors[i]);
        close_fd(&c->report[i]);
    }
    free(c->argv);
    free(c->environment);
}

/* ---- in the child: async-signal-safe calls only -----------------------------------------------
 */

static void become(const child *c)
{
    static const int ignored[] = {SIGPIPE, SIGXFSZ};
    sigset_t none;
    sigemptyset(&none);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (c->group)
        setpgid(0, 0);
    /* the parent may have died before it could be told */
    bool attached = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == c->parent;
    if (attached && dup2(c->input, 0) == 0 && dup2(c->output[1], 1) == 1 &&
        dup2(c->errors[1], 2) == 2)
        execvpe(c->argv[0], c->argv, c->environment);
    int error = errno;
    ssize_t told = write(c->report[1], &error, sizeof error);
    _exit(told == sizeof error ? 127 : 126);
}

/* ---- in the parent -----------------------------------------------------------------------------
 */

/* Where somebody before us ignored them, the kernel would not keep how children end. */
static void keep_endings(void)
{
    struct sigaction now;
    if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
        signal(SIGCHLD, SIG_DFL);
}

static int start(child *c)
{
    int error = 0;
    ssize_t got;
    keep_endings();
    c->parent = getpid();
    c->pid = fork();
    if (c->pid == 0)
        become(c);
    if (c->pid < 0)
        return eae_fail_errno("cannot run %s", c->argv[0]);
    close_fd(&c->output[1]);
    close_fd(&c->errors[1]);
    close_fd(&c->report[1]);
    do
        got = read(c->report[0], &error, sizeof error);
    while (got < 0 && errno == EINTR);
    if (got != sizeof error)
        return EAE_OK;
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    errno = error;
    return eae_fail_errno("cannot run %s", c->argv[0]);
}

/* What has arrived; closes *fd at the end. Beyond `limit` it is read and forgotten. */
static int take(int *fd, eae_buffer *b, size_t limit)
{
    char chunk[CHUNK];
    ssize_t got = read(*fd, chunk, sizeof chunk);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? EAE_OK : eae_fail_errno("cannot read a pipe");
    if (got == 0)
        close_fd(fd);
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
            close_fd(&c->output[0]);
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
    int how = 0;
    pid_t got;
    do
        got = waitpid(c->pid, &how, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return eae_fail_errno("cannot wait for %s", c->argv[0]);
    r->signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    r->status = WIFEXITED(how) ? WEXITSTATUS(how) : 0;
    return EAE_OK;
}

int eae_command_run(const eae_command *command, eae_command_result *r)
{
    child c = {.argv = words_of(command->words),
               .environment = environment_with(command->environment, command->bare),
               .input = -1,
               .output = {-1, -1},
               .errors = {-1, -1},
               .report = {-1, -1}};
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
