/*
 * slots.h - how many jobs run on this machine at once, over all clients of a user, without a
 * server.
 *
 *     DIR/slot.0 ... slot.<n-1>   a job runs while its client holds flock() on one of them
 *     DIR/tickets                 the line of those who wait
 *
 * DIR is $XDG_RUNTIME_DIR/eae/slots, or /tmp/eae-<uid>/slots where there is none; it must belong to
 * this user and be closed to all others.
 *
 * Who wants a slot and finds none takes a ticket: the next number of a counter in `tickets`, with
 * an open-file-description lock on the byte of that number. It then waits for the lock of the
 * number before its own, and for those of all lower ones: so exactly one process at a time, that
 * with the lowest ticket, looks for a free slot. Locks go with their process, however it ends: a
 * dead client loses its place and its slots, and nobody has to notice.
 *
 * A slot is kept for the next job of the same client for `EAE_SLOT_TURN_MS`, and longer while
 * nobody waits: short jobs of many clients then do not spend their time handing slots over.
 *
 * Threads: one thread uses an eae_slots; it has a thread of its own that stands in line.
 */
#ifndef EAE_EXEC_SLOTS_H
#define EAE_EXEC_SLOTS_H

#include <stdbool.h>

#include "base/status.h"

enum { EAE_SLOTS_MAX = 4096, EAE_SLOT_TURN_MS = 20 };

typedef struct eae_slots eae_slots;

/* The directory, made where it is not there and checked; NULL with a message. The caller frees. */
char *eae_slots_directory(void);

/* The first `count` slots of pool `dir`. */
int eae_slots_open(eae_slots **s, const char *dir, int count);
/* The number of a slot that is ours from now on, or -1: none is free, or others are before us; with
 * `wait` we then stand in line, and eae_slots_fd() becomes readable when it is worth trying again.
 */
int eae_slots_take(eae_slots *s, bool wait);
void eae_slots_release(eae_slots *s, int slot);
/* Leave the line. */
void eae_slots_unwant(eae_slots *s);
/* Somebody else stands in line. */
bool eae_slots_contended(const eae_slots *s);
/* For poll(). */
int eae_slots_fd(const eae_slots *s);
/* Slots of the pool that are in use now, by anybody. */
int eae_slots_used(const char *dir, int count);
void eae_slots_close(eae_slots *s);

#endif
