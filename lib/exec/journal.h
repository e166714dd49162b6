/*
 * journal.h - an append-only file of one writer, and reading what writers wrote.
 *
 * Adding is cheap: frames are written to the file together, before the writer waits for anything,
 * so that they outlive the process; and made durable together, by a thread of the journal, 100 ms
 * later at the latest, so that they outlive the machine. What must be durable before something
 * happens elsewhere waits for eae_journal_sync().
 *
 * A torn tail is dropped by the reader. What is lost that way is done again, never skipped. After
 * a failed write the journal takes nothing more, since frames behind a torn one could not be read.
 *
 * Threads: one thread adds.
 */
#ifndef EAE_EXEC_JOURNAL_H
#define EAE_EXEC_JOURNAL_H

#include "base/status.h"
#include "exec/record.h"

typedef enum eae_journal_type {
    EAE_JOURNAL_WRITER = 0x31454157, /* host boot identity pid ticks: always the first frame */
    EAE_JOURNAL_INTENT,   /* chunk i64, back end, name, count u32, then job i64 and attempt u32 of
                             each: about to be submitted */
    EAE_JOURNAL_HANDLE,   /* chunk i64, handle: was submitted */
    EAE_JOURNAL_CLOSED,   /* chunk i64: nothing more comes of it */
    EAE_JOURNAL_BEGAN,    /* job i64, attempt u32, pid i64, time f64 */
    EAE_JOURNAL_ENDED,    /* record.h */
    EAE_JOURNAL_LOST,     /* job i64, attempt u32: gone without a record */
    EAE_JOURNAL_GIVEN_UP, /* job i64, attempt u32, state u32: final by decision of the client */
    EAE_JOURNAL_OVER      /* delivered u32: this client has ended in order */
} eae_journal_type;

typedef struct eae_journal eae_journal;

/* A new file `path`, which must not be there; the first frame is who writes. Durable on return. */
int eae_journal_create(eae_journal **j, const char *path, const eae_writer_id *id);
/* A frame for the next flush; fails with the first error of any earlier one. */
int eae_journal_add(eae_journal *j, eae_journal_type type, const eae_buffer *payload);
/* What was added goes to the file; fails with the first error of this or any earlier write or sync.
 * To be called before every wait. */
int eae_journal_flush(eae_journal *j);
/* All that was added is on the disk. */
int eae_journal_sync(eae_journal *j);
/* A file of data that is made durable with the journal, before it. It may be closed only after the
 * journal. */
void eae_journal_attach(eae_journal *j, int fd);
/* Sync and close; frees it whether it succeeds or not. */
int eae_journal_close(eae_journal *j);

/* ---- reading ---- */

typedef int (*eae_journal_fn)(void *context, uint32_t type, eae_cursor *payload);

/* Call fn for every whole frame from *offset on, and move *offset behind the last one. Stops,
 * without an error, before a frame that is torn or damaged: *damaged says that what is there cannot
 * become a frame by waiting. The error of fn ends it. */
int eae_journal_read(const char *path, uint64_t *offset, bool *damaged, eae_journal_fn fn,
                     void *context);

void eae_writer_id_put(eae_buffer *b, const eae_writer_id *id);
void eae_writer_id_get(eae_cursor *c, eae_writer_id *id);

#endif
