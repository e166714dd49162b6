/*
 * surroundings.h - what decides which numerical library a program would load, and which of its
 * kernels would be chosen, found out without loading any.
 *
 * The run identity (backend, instruction set, BLAS and its core type) is known exactly only after a
 * library was loaded, which costs more than a hit. So it is remembered under this text.
 */
#ifndef EAE_CACHE_SURROUNDINGS_H
#define EAE_CACHE_SURROUNDINGS_H

#include "cache/store.h"

/* Appends: this program and its plugins, the processor, the state of the loader's cache, and the
 * variables that the loader and OpenBLAS read. */
int eae_surroundings(const eae_store *s, eae_buffer *text);

/* Appends the run identity: what is remembered, else what `ask` says. */
int eae_run_identity(const eae_store *s, int (*ask)(void *context, eae_buffer *text), void *context,
                     eae_buffer *text);

#endif
