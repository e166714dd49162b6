/* partner.c - see partner.h. */
#include "exec/partner.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/spawn.h"

int eae_partner_start(eae_partner *p, const eae_names *words)
{
    int to[2] = {-1, -1}, from[2] = {-1, -1}, error = 0;
    char **argv = eae_spawn_words(words);
    *p = (eae_partner){.pid = -1, .to = -1, .from = -1};
    signal(SIGPIPE, SIG_IGN);
    if (eae_spawn_pipe(to) && eae_spawn_pipe(from)) {
        eae_spawn how = {.argv = argv,
                         .input = to[0],
                         .output = from[1],
                         .errors = STDERR_FILENO,
                         .death = SIGTERM};
        p->pid = eae_spawn_start(&how, &error);
        errno = error;
    }
    int status = p->pid > 0 ? EAE_OK : eae_fail_errno("cannot run %s", argv[0]);
    if (status == EAE_OK) {
        p->to = to[1];
        p->from = from[0];
        to[1] = from[0] = -1;
    }
    for (int i = 0; i < 2; i++) {
        eae_spawn_close(&to[i]);
        eae_spawn_close(&from[i]);
    }
    free(argv);
    return status;
}

int eae_partner_end(eae_partner *p, const char *name, int status)
{
    int how;
    eae_spawn_close(&p->to);
    eae_spawn_close(&p->from);
    bool known = eae_spawn_wait(p->pid, &how);
    *p = (eae_partner){.pid = -1, .to = -1, .from = -1};
    if (status != EAE_OK)
        return status;
    if (!known)
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
