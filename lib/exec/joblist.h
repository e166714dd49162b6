/*
 * joblist.h - the jobs of a batch from what a person writes: lines, an array of numbers, a grid of
 * values, or the shards of a filter.
 *
 * Words are data from here on: nothing is pasted into text that a shell reads.
 */
#ifndef EAE_EXEC_JOBLIST_H
#define EAE_EXEC_JOBLIST_H

#include "exec/batch.h"

/* A command per line, cut into words (words.h); with b->shell the line itself. Quotes and a
 * backslash at the end of a line go on over it; blank lines, and lines that begin with #, are
 * passed over. `name` is that of the file, for messages. */
int eae_jobs_from_lines(eae_batch *b, const char *text, size_t length, const char *name);

/* "1-31", "1,3,5-9:2": the numbers; `{}` inside the words becomes the number. */
int eae_jobs_from_array(eae_batch *b, const char *numbers, const eae_names *words);

/* "k=1:5,c=a,b": every combination, the last name fastest; A:B and A:B:STEP are whole numbers.
 * `{k}` inside the words becomes the value; every name must be used. */
int eae_jobs_from_grid(eae_batch *b, const char *grid, const eae_names *words);

/* --shard I/N right after the program, for I = 1 ... N. The program must be called eae-<something>,
 * and have neither --shard nor --output already. */
int eae_jobs_from_shards(eae_batch *b, int64_t shards, const eae_names *words);

/* The words of a job as a person would type them to a shell; for --dry-run and messages. Bytes that
 * could confuse a terminal are written as $'\x..'. */
void eae_words_quote(const eae_names *words, eae_buffer *text);

#endif
