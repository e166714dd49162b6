/*
 * archive.h - entries and their objects as a tar file, and back.
 *
 * Members are called objects/<hash> and entries/<key>; an object comes before the entries that name
 * it. On import a member is taken only if it is a regular file of such a name and its content has
 * that hash, and an entry only if its objects are there; anything else (other names, absolute ones,
 * "..", links, devices) ends the import with an error that names it. What was imported before
 * stays: it is whole. Compression is by gzip or zstd where the name of the file ends in .gz, .tgz
 * or .zst, and found out by itself on import.
 */
#ifndef EAE_CACHE_ARCHIVE_H
#define EAE_CACHE_ARCHIVE_H

#include "cache/catalog.h"

/* Entries 0 .. n-1 of `keys`, or all where it is NULL, to a file that appears whole or not at all;
 * NULL or "-": standard output. Each object is verified as it goes. */
int eae_archive_export(const eae_store *s, const eae_keys *keys, const char *path,
                       int64_t *entries);
/* `path` "-": standard input. *entries: how many came that are new or the same. */
int eae_archive_import(const eae_store *s, const char *path, int64_t *entries);

#endif
