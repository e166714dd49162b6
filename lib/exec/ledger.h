/*
 * ledger.h - what all journals of a batch say together: the state of every job.
 *
 * Reading can be repeated while others write; only what is new is read. Events of one job are
 * ordered by attempt, and within an attempt by intended, begun, ended; so the order in which files
 * are read does not matter. The first good record of a job stands; what comes later about it is
 * void.
 */
#ifndef EAE_EXEC_LEDGER_H
#define EAE_EXEC_LEDGER_H

#include "exec/batch.h"
#include "exec/journal.h"

typedef enum eae_phase {
    EAE_PHASE_NONE,
    EAE_PHASE_INTENDED,
    EAE_PHASE_BEGUN,
    EAE_PHASE_ENDED,
    EAE_PHASE_LOST
} eae_phase;

typedef struct eae_entry {
    int attempt;     /* the highest that was heard of; 0: none */
    eae_phase phase; /* of that attempt */
    eae_job_state
        given_up;  /* final state by decision of a client after that attempt; staged: none */
    bool done;     /* `record` is a good one */
    bool recorded; /* there is a record: of the last attempt that has one, or the good one */
    int writer;    /* who wrote it */
    int begun_by;  /* who began the last attempt */
    int64_t chunk; /* that the last attempt was packed into; 0: none */
    double begun;  /* seconds since 1970 */
    eae_record record;
} eae_entry;

typedef struct eae_journal_source {
    char *name; /* of the writer */
    eae_writer_id id;
    int64_t chunk; /* its number, 0 for a client */
    uint64_t offset;
    bool identified, damaged;
    bool over;      /* a client that has ended in order */
    bool delivered; /* and has given all outputs to its user */
} eae_journal_source;

typedef struct eae_intent {
    int64_t number;
    char *backend, *name, *handle; /* handle NULL: not known to have been accepted */
    bool closed;                   /* nothing more comes of it */
} eae_intent;

typedef void (*eae_heard_fn)(void *context, const eae_record *r);

typedef struct eae_ledger {
    const eae_batch *batch;
    eae_entry *entry; /* of each job */
    eae_journal_source *source;
    int source_count;
    eae_intent *intent;
    int intent_count;
    eae_cancel_list cancel; /* what is asked for */
    int64_t chunk_max;      /* the highest chunk number that was heard of */
    int client_max;         /* the highest number of a client */
    const char *own;        /* name of a writer to pass over: the caller's */
    eae_heard_fn heard;     /* called for every record that is read; or NULL */
    void *context;
    int reading; /* the source that is being read */
} eae_ledger;

void eae_ledger_open(eae_ledger *l, const eae_batch *b);
/* Read what is new in all journals. */
int eae_ledger_read(eae_ledger *l);
/* Read only the journals of that chunk (0: those of clients). */
int eae_ledger_read_chunk(eae_ledger *l, int64_t chunk);
void eae_ledger_close(eae_ledger *l);

/* Records whose output is not there are forgotten: the jobs count as not done. */
void eae_ledger_check_data(eae_ledger *l);
/* What a client does itself, without reading it back. */
int eae_ledger_add_source(eae_ledger *l, const char *name, const eae_writer_id *id);
void eae_ledger_intend(eae_ledger *l, int64_t job, int attempt, int64_t chunk);
void eae_ledger_begin(eae_ledger *l, int source, int64_t job, int attempt);
void eae_ledger_end(eae_ledger *l, int source, const eae_record *r);
void eae_ledger_give_up(eae_ledger *l, int64_t job, int attempt, eae_job_state state);

/* The state that a person is shown; `client` says whether a client runs the batch now. */
eae_job_state eae_ledger_state(const eae_ledger *l, int64_t job, bool client);
eae_intent *eae_ledger_intent(const eae_ledger *l, int64_t chunk);
bool eae_ledger_delivered(const eae_ledger *l);
/* Path of the data file of a record; the caller frees. */
char *eae_ledger_data(const eae_ledger *l, const eae_entry *e);
/* A client holds the lock of the batch. */
bool eae_batch_has_client(const eae_batch *b);

#endif
