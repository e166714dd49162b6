/* dispatch_parts.h - the dispatcher's own; shared by dispatch*.c only. */
#ifndef EAE_EXEC_DISPATCH_PARTS_H
#define EAE_EXEC_DISPATCH_PARTS_H

#include "exec/dispatch.h"

typedef struct eae_flight {
    eae_chunk *chunk;
    double gone; /* when it was first seen to be gone; 0: it is not */
    bool ended;  /* all of its jobs have been heard of */
} eae_flight;

typedef struct eae_dispatcher {
    const eae_batch *batch;
    const eae_dispatch_config *config;
    const eae_exec_backend *backend;
    eae_session *session;
    eae_ledger *ledger;
    eae_journal *journal;
    char *writer;                       /* client.K */
    int source;                         /* it, in the ledger */
    uint8_t *state, *failures, *losses; /* of each job */
    int64_t next;                       /* jobs before it were handed over at least once */
    int64_t *again;                     /* jobs to run again, in this order, from again_first on */
    int64_t again_first, again_count, again_room;
    int64_t unfinished;
    eae_flight *flight;
    int flight_count, flight_room;
    int64_t handed;       /* jobs in flight */
    int64_t chunk_next;   /* number of the next chunk */
    bool accepted;        /* the back end took a chunk in this run */
    bool stopping;        /* start nothing more */
    bool cancelled;       /* the batch is */
    bool interrupted;     /* a signal came */
    bool after_done;      /* nothing is waited for any more */
    double pause, ask_at; /* between polls (seconds); when the next one is due */
    double asked;         /* when the cancel folder was looked at */
    double read_at;       /* when records are read again without asking */
    double refused_until, refused_pause;
    double seconds; /* that recorded jobs took, and how many there are */
    int64_t timed;
    eae_buffer frame;
    int status; /* of what callbacks found */
} eae_dispatcher;

double eae_dispatch_clock(void); /* monotonic seconds */

/* ---- dispatch.c: jobs ---- */
bool eae_dispatch_has_ready(const eae_dispatcher *d);
int64_t eae_dispatch_take_ready(eae_dispatcher *d);
void eae_dispatch_record(eae_dispatcher *d, const eae_record *r);
void eae_dispatch_lost(eae_dispatcher *d, int64_t job, int attempt);
void eae_dispatch_write(eae_dispatcher *d, eae_journal_type type);

/* ---- dispatch_chunks.c: chunks in flight ---- */
int eae_dispatch_adopt(eae_dispatcher *d);
int eae_dispatch_start(eae_dispatcher *d);
int eae_dispatch_look(eae_dispatcher *d);
void eae_dispatch_cancel_all(eae_dispatcher *d);
void eae_dispatch_cancel_job(eae_dispatcher *d, int64_t job);
void eae_dispatch_drop_flights(eae_dispatcher *d);

#endif
