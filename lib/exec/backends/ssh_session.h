/*
 * ssh_session.h - the ssh back end's own: its hosts, and the chunks that they have. Used by
 * backend_ssh.c, ssh_settings.c and ssh_carry.c only.
 */
#ifndef EAE_EXEC_SSH_SESSION_H
#define EAE_EXEC_SSH_SESSION_H

#include "exec/backend.h"
#include "exec/backends/ssh_host.h"

/* A chunk that a host has, or may have. */
typedef struct eae_carried {
    int64_t number;
    int host;
    eae_chunk_state state; /* NEW: nothing was heard of it yet */
    bool asked;            /* over the present connection */
    bool given_up;         /* its jobs run elsewhere: it is to be ended */
    char *note;
    int fd[2]; /* journal, data; -1 */
} eae_carried;

typedef struct eae_ssh_session {
    eae_exec_config config;
    eae_ssh_config ssh;
    eae_ssh_host *host;
    int hosts;
    double patience; /* seconds that a host may be silent */
    double quiet;    /* seconds after which one that is ready is asked for a sign of life */
    eae_carried *chunk;
    size_t count, capacity;
    eae_site *site; /* being filled by hosts() */
    int answers;
    int trouble; /* of writing here */
    char *trouble_text;
} eae_ssh_session;

/* ---- ssh_settings.c ---- */
/* Hosts, and all else that options say. */
int eae_ssh_take_settings(eae_ssh_session *s);

/* ---- ssh_carry.c ---- */
/* What is known of that chunk on that host; NULL: nothing. */
eae_carried *eae_ssh_find(eae_ssh_session *s, int64_t number, int host);
/* The same, made where there is none. */
eae_carried *eae_ssh_carry(eae_ssh_session *s, int64_t number, int host);
/* Forget it; another takes its place in the list. */
void eae_ssh_uncarry(eae_ssh_session *s, eae_carried *c);
/* What hosts tell (eae_ssh_fn); the context is the session. */
void eae_ssh_take(void *context, eae_ssh_host *h, uint32_t type, eae_cursor *c);
/* A request that is about a chunk. */
void eae_ssh_send_about(eae_ssh_host *h, eae_remote_message type, int64_t number);
/* Ask hosts that are there (again) about the chunks that they have. */
void eae_ssh_ask_about_chunks(eae_ssh_session *s);
/* Bytes of a file of a chunk that are here: "journal/chunk.", N, "". */
uint64_t eae_ssh_size_here(const eae_ssh_session *s, const char *form, int64_t number,
                           const char *end);

#endif
