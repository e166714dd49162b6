/*
 * archive_load.h - libarchive, loaded when it is first needed: for archives, and for bzip2, xz and
 * zstd.
 *
 * Linked in the usual way it would be loaded, with the libraries that it needs in turn, whenever a
 * program starts: that takes longer than all else that a small job does.
 */
#ifndef EAE_BASE_ARCHIVE_LOAD_H
#define EAE_BASE_ARCHIVE_LOAD_H

#include <archive.h>
#include <archive_entry.h>

#include "base/status.h"

/* archive_read_new is lib->read_new, and so on. */
#define EAE_ARCHIVE_FUNCTIONS(X) \
    X(read_new) \
    X(read_free) \
    X(read_support_format_tar) \
    X(read_support_format_raw) \
    X(read_support_filter_bzip2) \
    X(read_support_filter_gzip) \
    X(read_support_filter_zstd) \
    X(read_support_filter_xz) \
    X(read_open_filename) \
    X(read_open_memory) \
    X(filter_code) \
    X(read_next_header) \
    X(read_data) \
    X(write_new) \
    X(write_free) \
    X(write_close) \
    X(write_open) \
    X(write_header) \
    X(write_data) \
    X(write_set_format_pax_restricted) \
    X(write_set_bytes_in_last_block) \
    X(write_add_filter_gzip) \
    X(write_add_filter_zstd) \
    X(error_string) \
    X(set_error) \
    X(entry_new) \
    X(entry_free) \
    X(entry_pathname) \
    X(entry_filetype) \
    X(entry_hardlink) \
    X(entry_symlink) \
    X(entry_size) \
    X(entry_set_pathname) \
    X(entry_set_filetype) \
    X(entry_set_perm) \
    X(entry_set_size)

#define EAE_ARCHIVE_MEMBER(name) __typeof__(archive_##name) *name;
typedef struct eae_archive_library {
    EAE_ARCHIVE_FUNCTIONS(EAE_ARCHIVE_MEMBER)
} eae_archive_library;

/* EAE_FAIL with a message where it is not installed. It stays loaded. */
int eae_archive_load(eae_archive_library *lib);

#endif
