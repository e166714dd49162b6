/* partner.c - see partner.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 */
#endif
#include "exec/partner.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

static void close_both(int ends[2])
{
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0)
            close(ends[i]);
        ends[i] = -1;
    }
}

/* Above the three of the child. */
static bool open_pipe(int ends[2])
{
    int low[2];
    if (pipe2(low, O_CLOEXEC) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 3);
        close(low[i]);
    }
    return ends[0] >= 0 && ends[1] >= 0;
}

static void become(char **argv, int in, int out, pid_t parent)
{
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent && dup2(in, 0) == 0 &&
        dup2(out, 1) == 1)
        execvp(argv[0], argv);
    static const char message[] = "eae: cannot run the program that connects\n";
    ssize_t said = write(2, message, sizeof message - 1);
    _exit(said < 0 ? 126 : 127);
}

int eae_partner_start(eae_partner *p, const eae_names *words)
{
    int to[2] = {-1, -1}, from[2] = {-1, -1};
    pid_t parent = getpid();
    char **argv = EAE_NEW_ARRAY(char *, words->count + 1);
    for (int64_t i = 0; i < words->count; i++)
        argv[i] = (char *)eae_name(words, i);
    *p = (eae_partner){.pid = -1, .to = -1, .from = -1};
    signal(SIGPIPE, SIG_IGN);
    bool opened = open_pipe(to) && open_pipe(from);
    if (opened)
        p->pid = fork();
    if (p->pid == 0)
        become(argv, to[0], from[1], parent);
    int status = p->pid > 0 ? EAE_OK : eae_fail_errno("cannot run %s", argv[0]);
    if (status == EAE_OK) {
        p->to = to[1];
        p->from = from[0];
        to[1] = from[0] = -1;
    }
    close_both(to);
    close_both(from);
    free(argv);
    return status;
}

int eae_partner_end(eae_partner *p, const char *name, int status)
{
    int how = 0;
    pid_t got;
    int ends[2] = {p->to, p->from};
    close_both(ends);
    do
        got = waitpid(p->pid, &how, 0);
    while (got < 0 && errno == EINTR);
    *p = (eae_partner){.pid = -1, .to = -1, .from = -1};
    if (status != EAE_OK)
        return status;
    if (got < 0)
        return eae_fail_errno("%s: cannot wait for the connection", name);
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return EAE_OK;
    if (WIFEXITED(how))
        return eae_fail("%s: the connection ended with status %d", name, WEXITSTATUS(how));
    return eae_fail("%s: the connection was killed by signal %d", name, WTERMSIG(how));
}

int eae_partner_check_host(const char *host)
{
    bool good = isalnum((unsigned char)host[0]);
    for (const char *p = host; *p && good; p++)
        good = isalnum((unsigned char)*p) || strchr("._:@-", *p);
    return good ? EAE_OK
                : eae_fail_usage("'%s' is not a host: letters, digits and . _ : @ -, the first a "
                                 "letter or digit",
                                 host);
}

void eae_partner_ssh(eae_names *words, const char *host, const char *command)
{
    const char *const all[] = {"ssh",  "-T",
                               "-o",   "BatchMode=yes",
                               "-o",   "ServerAliveInterval=15",
                               "-o",   "ServerAliveCountMax=4",
                               "-o",   "ConnectTimeout=30",
                               "--",   host,
                               command};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        eae_names_add(words, all[i], strlen(all[i]));
}
