/*
 * partner.h - a program to talk with: our pipe is its standard input, its standard output is ours
 * to read. Its standard error is ours. It dies with us; no shell takes part on this side. From the
 * start on SIGPIPE is ignored, so that its going away is an error of write(2) here.
 */
#ifndef EAE_EXEC_PARTNER_H
#define EAE_EXEC_PARTNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/names.h"
#include "base/status.h"

typedef struct eae_partner {
    pid_t pid;
    int to, from; /* close-on-exec */
} eae_partner;

int eae_partner_start(eae_partner *p, const eae_names *words);
/* Closes both pipes and waits. `status` is that of the talk: where it failed it is given back, and
 * the message stays; else EAE_FAIL with a message if the program did not end well. */
int eae_partner_end(eae_partner *p, const char *name, int status);

/* Letters, digits and . _ : @ -, of which the first is a letter or digit: no option of ssh, and
 * nothing that its configuration or a shell would take for something else. EAE_USAGE if not. */
int eae_partner_check_host(const char *host);
/* "ssh ... -- HOST COMMAND": no questions asked, and silence noticed after a minute. */
void eae_partner_ssh(eae_names *words, const char *host, const char *command);

#endif
