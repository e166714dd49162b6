/*
 * share.h - files that come with the programs and are read when they run (share/).
 */
#ifndef EAE_BASE_SHARE_H
#define EAE_BASE_SHARE_H

/* The folder share/ROOM that has `file` in it: $EAE_SHARE/ROOM where that is set, else
 * ../share/eae/ROOM or ../share/ROOM seen from the program at `program` (an absolute path), or from
 * the folders above it. The caller frees; NULL, without a message, where there is none. */
char *eae_share_folder(const char *program, const char *room, const char *file);

#endif
