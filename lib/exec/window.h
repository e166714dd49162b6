/*
 * window.h - hours in which jobs may start: "20:00-07:00", local time.
 *
 * The end is not part of it. A window whose end is not behind its beginning goes over midnight;
 * equal times are the whole day. Hours are what the clock on the wall shows, so a night in which it
 * is set forward is shorter.
 */
#ifndef EAE_EXEC_WINDOW_H
#define EAE_EXEC_WINDOW_H

#include <stdbool.h>
#include <time.h>

typedef struct eae_window {
    int from, to; /* minutes after midnight */
} eae_window;

/* EAE_USAGE with a message where the text is not HH:MM-HH:MM. */
int eae_window_parse(const char *text, eae_window *w);
bool eae_window_open(const eae_window *w, time_t now);

#endif
