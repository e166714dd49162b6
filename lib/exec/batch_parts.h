/* batch_parts.h - shared by batch.c, batch_files.c and ssh_host.c only. */
#ifndef EAE_EXEC_BATCH_PARTS_H
#define EAE_EXEC_BATCH_PARTS_H

#include "exec/batch.h"

enum { EAE_BATCH_ID_DIGITS = 12 };

/* Digits and lower-case letters up to f, perhaps with .N behind: never a path. */
bool eae_batch_id_good(const char *id);
/* The end of a job whose words were put into job_text. */
void eae_batch_add_end(eae_batch *b);
/* The bytes of DIR/batch, and back; `name` is for the message. */
void eae_batch_put(const eae_batch *b, eae_buffer *out);
int eae_batch_get(eae_batch *b, const char *bytes, size_t n, const char *name);
/* A small file that appears whole: temporary name, sync, rename, sync of the directory. */
int eae_write_whole(const char *path, const void *bytes, size_t n);

#endif
