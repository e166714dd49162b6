/*
 * ssh_host.h - one host: the ssh process that leads to it, and the servant behind it (remote.h).
 *
 * The remote command is `exec PATH serve`, and nothing else: whatever a user names or runs travels
 * as data. ssh never asks anything (BatchMode).
 *
 * A host that is ready and has said nothing for a while is asked for a sign of life; without one
 * the connection is given up, whatever froze: the network, sshd, the servant, or our own ssh.
 *
 * A host that was ready and is lost is tried again after 1, 2, 4, ... 30 seconds; one that could
 * not be reached at first is not.
 *
 * One thread at a time.
 */
#ifndef EAE_EXEC_SSH_HOST_H
#define EAE_EXEC_SSH_HOST_H

#include <poll.h>
#include <sys/types.h>

#include "exec/batch.h"
#include "exec/backends/link.h"
#include "exec/backends/remote.h"

typedef enum eae_ssh_state {
    EAE_SSH_CONNECTING,
    EAE_SSH_STAGING, /* it answers, and gets the batch and its input */
    EAE_SSH_READY,
    EAE_SSH_DOWN
} eae_ssh_state;

typedef struct eae_ssh_config {
    const eae_batch *batch; /* NULL: only questions */
    char *folder;           /* its name on the hosts; "" */
    const char *program;    /* path of eae-submit there */
    int connect_seconds;
    const char *identity; /* run identity that the hosts must have; NULL: any */
} eae_ssh_config;

typedef struct eae_ssh_host {
    char *name;
    int64_t slots; /* as the user says, else as the host does; 0: not known yet */
    eae_ssh_state state;
    bool was_ready;
    double heard;    /* when something came from it, or it was first looked for */
    double asked;    /* when it was asked for a sign of life that has not come yet; 0: it was not */
    double begun;    /* when the present connection was begun */
    double retry_at; /* DOWN: when to try again; 0: never */
    int tries;
    char *why; /* DOWN: what went wrong */
    char *version, *identity, *cwd;
    pid_t pid;
    eae_link link;
    int errors; /* its standard error, -1: none */
    eae_buffer said;
    /* the file that is on its way: */
    int push;              /* -1: it is push_bytes */
    eae_buffer push_bytes; /* the batch, as it is there */
    const char *push_name; /* NULL: none */
    eae_hash push_hash;
    uint64_t push_at, push_size;
    int item;         /* what of the batch's inputs comes next */
    bool pushed_item; /* and was sent */
} eae_ssh_host;

/* What comes from a host once it is READY, and is not about the connection itself. */
typedef void (*eae_ssh_fn)(void *context, eae_ssh_host *h, uint32_t type, eae_cursor *c);

/* [N/]HOST, with N slots. EAE_USAGE where a name is none; nothing is looked up. */
int eae_ssh_parse(eae_ssh_host *h, const char *text, size_t n);
/* A path without anything that a shell would look at. */
bool eae_ssh_plain_path(const char *path);

void eae_ssh_connect(eae_ssh_host *h, const eae_ssh_config *config);
/* READY: ask for a sign of life after `quiet` seconds of silence; after as many more without one,
 * give up the connection. */
void eae_ssh_check(eae_ssh_host *h, double quiet);
/* Gives up the connection: DOWN. */
void eae_ssh_drop(eae_ssh_host *h, const char *why);
/* Nothing more is asked: the servant ends, and with it the connection. */
void eae_ssh_finish(eae_ssh_host *h);
void eae_ssh_free(eae_ssh_host *h);

/* Descriptors to wait for: in, errors, out; unused ones are -1. */
void eae_ssh_wait_for(const eae_ssh_host *h, struct pollfd p[3]);
/* After the wait: reads, writes, goes on with what is to be done. */
void eae_ssh_step(eae_ssh_host *h, const struct pollfd p[3], const eae_ssh_config *config,
                  eae_ssh_fn fn, void *context);

/* A small file, whole: "chunks/3". */
void eae_ssh_put(eae_ssh_host *h, const char *name, const char *bytes, size_t n);

double eae_ssh_now(void);

#endif
