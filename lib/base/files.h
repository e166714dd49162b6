/*
 * files.h - output that appears whole or not at all, and temporary files that never stay behind.
 *
 * eae_output_open("x.eae") writes to a temporary name beside x.eae and renames at close; anything
 * that is not a regular file or a new name (/dev/stdout, a FIFO, /dev/full) is written through,
 * and "-" is standard output. Every write and the close are checked. A program that ends early,
 * by eae_die() or by SIGINT, SIGTERM, SIGHUP, SIGQUIT, leaves no temporary file.
 *
 * A closed pipe (EPIPE) ends the process silently by SIGPIPE, as other filters do.
 */
#ifndef EAE_BASE_FILES_H
#define EAE_BASE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/status.h"

typedef struct eae_output eae_output;

/* path "-" or NULL: standard output. `binary` output to a terminal is refused. */
int eae_output_open(eae_output **out, const char *path, bool binary);
/* On a descriptor that is open for writing and becomes the output's; written through. */
eae_output *eae_output_fd(int fd, const char *name);
int eae_output_write(eae_output *out, const void *bytes, size_t n);
/* Give what was written to the file or pipe now: for one that is read while it grows. */
int eae_output_flush(eae_output *out);
/* Bytes written so far. */
uint64_t eae_output_offset(const eae_output *out);
/* "standard output" or the path, for messages. */
const char *eae_output_name(const eae_output *out);
/* Flush, check, rename. Frees `out` whether it succeeds or not. */
int eae_output_close(eae_output *out);
/* Give up: removes the temporary file, frees `out`. NULL is allowed. */
void eae_output_discard(eae_output *out);

/* All of it in one call: text, to a path as above. */
int eae_output_whole(const char *path, const char *text, size_t n);

/* Remove every temporary file of this process; async-signal-safe. */
void eae_files_discard_all(void);
/* Install the handlers that call it and then die by the same signal; a file that grows beyond its
 * limit is an error of write(), not a signal. eae_options_parse() does it for every program. */
void eae_files_handle_signals(void);
/* Where one of descriptors 0 to 2 is closed, keep its place, so that no file that is opened later
 * is taken for standard input or output: reading and writing it fails as before.
 * eae_options_parse() does it for every program. */
void eae_files_hold_standard(void);

/* An unnamed read-write temporary file in `dir` (NULL: $TMPDIR, else /tmp); its space goes when
 * it is closed, whatever happens to the process. Returns the descriptor or -1, message set. */
int eae_temp_file(const char *dir);
/* The folder that `dir` stands for there. */
const char *eae_temp_folder(const char *dir);

/* A new file dir/eae.XXXXXX<suffix> (dir as above) that other programs can open by its path, for
 * the owner alone. It goes with eae_temp_remove(), or when the program ends early. The descriptor,
 * open for writing, and the path are the caller's; -1 with the message set. Safe from any thread.
 */
int eae_temp_named(const char *dir, const char *suffix, char **path);
/* Remove it and free the path; NULL is allowed. */
void eae_temp_remove(char *path);

/* Write all of it, over EINTR and short writes. */
int eae_write_all(int fd, const void *bytes, size_t n, const char *name);

/* All that comes from a descriptor, from where it is to its end, piece by piece and over EINTR, to
 * `take`, which ends it by anything but EAE_OK: that is the status then. */
typedef int (*eae_take_fn)(void *context, const void *bytes, size_t n);
int eae_read_each(int fd, const char *name, eae_take_fn take, void *context);

/* The whole of a small file (gene lists, plans), as text with a zero byte at the end. */
int eae_read_file(const char *path, char **text, size_t *length);
/* Hash of the bytes of a regular file; false, without a message, of anything else. */
bool eae_hash_file(const char *path, eae_hash *hash);

#endif
