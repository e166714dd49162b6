/* spawn.c - see spawn.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* execvpe, vfork */
#endif
#include "exec/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptor becomes `to` and loses close-on-exec. */
static int become(int fd, int to)
{
    return fd == to ? fcntl(fd, F_SETFD, 0) : dup2(fd, to);
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
    /* the parent may have died before it could be told */
    bool begun = how->detached ? setsid() > 0
                               : prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
                                     setpgid(0, 0) == 0;
    sigemptyset(&none);
    if (begun && become(how->input, 0) >= 0 && become(how->output, 1) >= 0 &&
        become(how->errors, 2) >= 0 && (!how->directory || chdir(how->directory) == 0) &&
        sigprocmask(SIG_SETMASK, &none, NULL) == 0)
        execvpe(how->argv[0], how->argv, how->environment);
    *error = errno;
    _exit(127);
}

pid_t eae_spawn_start(const eae_spawn *how, int *error)
{
    sigset_t all, before;
    volatile int failed = 0;
    pid_t parent = getpid();
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0)
        run(how, parent, &failed);
    if (pid < 0)
        failed = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid > 0 && failed) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    *error = failed;
    return failed ? -1 : pid;
}
