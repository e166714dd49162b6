/*
 * status.h - how every library function reports failure.
 *
 * Functions that can fail return a status: EAE_OK (0) or one of the others. The text that goes
 * with a failure is kept per thread and lives until the next failure on that thread:
 *
 *     if (rows == 0)
 *         return eae_fail("%s: no rows", path);
 *
 * The statuses are the exit statuses of the programs. The library never prints and never exits;
 * the one exception is eae_malloc() and its kin (memory.h), which end the program when a small
 * allocation fails.
 *
 * Threads: the message is thread-local. eae_parallel() (threads.h) carries the message of the
 * lowest failing task index to the caller, so that the text does not depend on timing.
 */
#ifndef EAE_BASE_STATUS_H
#define EAE_BASE_STATUS_H

#include <stdarg.h>

#define EAE_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

enum {
    EAE_OK = 0,    /* done */
    EAE_FAIL = 1,  /* data, input or output, resources */
    EAE_USAGE = 2, /* a wrong command line */
    EAE_MISS = 3   /* eae-cache only: no such entry */
};

/* Set the message and return EAE_FAIL. */
int eae_fail(const char *fmt, ...) EAE_PRINTF(1, 2);
/* The same, with ": " and the text of errno at the end. */
int eae_fail_errno(const char *fmt, ...) EAE_PRINTF(1, 2);
/* Set the message and return EAE_USAGE. */
int eae_fail_usage(const char *fmt, ...) EAE_PRINTF(1, 2);
/* Put "<text>: " before the present message; returns `status` unchanged. */
int eae_fail_within(int status, const char *fmt, ...) EAE_PRINTF(2, 3);

/* The message of the last failure on this thread; "" if there was none. */
const char *eae_message(void);
/* Replace it: used to carry a message from one thread to another. */
void eae_set_message(const char *message);

#endif
