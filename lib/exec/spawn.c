/* spawn.c - see spawn.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* execvpe, vfork, pipe2 */
#endif
#include "exec/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

extern char **environ;

/* The descriptor becomes `to` and loses close-on-exec. */
static int become(int fd, int to)
{
    return fd == to ? fcntl(fd, F_SETFD, 0) : dup2(fd, to);
}

/* The parent may have died before it could be told. */
static bool tie(const eae_spawn *how, pid_t parent)
{
    if (how->detached)
        return setsid() > 0;
    return prctl(PR_SET_PDEATHSIG, how->death ? how->death : SIGKILL) == 0 && getppid() == parent &&
           (!how->group || setpgid(0, 0) == 0);
}

/* In the child, which shares the memory of the parent until exec: system calls only, and nothing is
 * written but *error. Handlers are those of the parent until exec resets them, so no signal may
 * come in before; what this program ignores for itself is reset, what it was told to ignore (nohup)
 * stays. */
static void run(const eae_spawn *how, pid_t parent, volatile int *error)
{
    static const int ignored[] = {SIGPIPE, SIGXFSZ, SIGCHLD};
    sigset_t none;
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        sigaction(ignored[i], &plain, NULL);
    sigemptyset(&none);
    if (tie(how, parent) && become(how->input, 0) >= 0 && become(how->output, 1) >= 0 &&
        become(how->errors, 2) >= 0 && (!how->directory || chdir(how->directory) == 0) &&
        sigprocmask(SIG_SETMASK, &none, NULL) == 0)
        execvpe(how->argv[0], how->argv, how->environment ? how->environment : environ);
    *error = errno;
    _exit(127);
}

static void keep_endings(void)
{
    struct sigaction now;
    if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
        signal(SIGCHLD, SIG_DFL);
}

pid_t eae_spawn_start(const eae_spawn *how, int *error)
{
    sigset_t all, before;
    volatile int failed = 0;
    int ending;
    pid_t parent = getpid();
    keep_endings();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0)
        run(how, parent, &failed);
    if (pid < 0)
        failed = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid > 0 && failed)
        eae_spawn_wait(pid, &ending);
    *error = failed;
    return failed ? -1 : pid;
}

bool eae_spawn_wait(pid_t pid, int *how)
{
    pid_t got;
    *how = 0;
    do
        got = waitpid(pid, how, 0);
    while (got < 0 && errno == EINTR);
    return got == pid;
}

bool eae_spawn_pipe(int ends[2])
{
    int low[2];
    ends[0] = ends[1] = -1;
    if (pipe2(low, O_CLOEXEC) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        ends[i] = low[i] > 2 ? low[i] : fcntl(low[i], F_DUPFD_CLOEXEC, 3);
        if (low[i] <= 2)
            close(low[i]);
    }
    return ends[0] >= 0 && ends[1] >= 0;
}

void eae_spawn_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

char **eae_spawn_words(const eae_names *words)
{
    char **argv = EAE_NEW_ARRAY(char *, words->count + 1);
    for (int64_t i = 0; i < words->count; i++)
        argv[i] = (char *)eae_name(words, i);
    return argv;
}

int eae_spawn_become(const eae_names *words)
{
    char **argv = eae_spawn_words(words);
    signal(SIGXFSZ, SIG_DFL);
    execvp(argv[0], argv);
    int status = eae_fail_errno("cannot run %s", argv[0]);
    signal(SIGXFSZ, SIG_IGN);
    free(argv);
    return status;
}
