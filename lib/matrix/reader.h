/*
 * reader.h - the frames in the bytes of a stream: the one parser of untrusted binary bytes.
 *
 * Everything but the payload's hash is checked while parsing; the payloads are checked by
 * eae_frames_verify(), many at a time, the large ones of mapped files also later, behind the
 * caller's back: eae_frames_verify_later(). Messages name the input and the byte:
 *
 *     x.eae: byte 4096: the stream ends inside the payload
 */
#ifndef EAE_MATRIX_READER_H
#define EAE_MATRIX_READER_H

#include "matrix/frame.h"
#include "matrix/source.h"

/* A frame that was parsed: what its footer promises, and where it was, for messages. */
typedef struct eae_parsed_frame {
    eae_frame *frame;
    int shares_columns; /* the number of the earlier frame whose columns are this one's, which then
                         * has a count but no names and annotations; -1: it has its own */
    bool is_checked;    /* no payload hash to check: it was imported, or is checked later */
    eae_hash payload;
    uint64_t offset; /* of the payload in the input */
    const char *name;
} eae_parsed_frame;

typedef struct eae_parsed {
    eae_parsed_frame *frame;
    int count;
    int room;
} eae_parsed;

void eae_parsed_add(eae_parsed *parsed, const eae_parsed_frame *one);
void eae_parsed_free(eae_parsed *parsed); /* and the frames in it, NULL where taken out */

bool eae_is_stream(const char *bytes, size_t n);
/* Append the frames of `s`; their payloads lie in its region. What was appended before a failure
 * stays in `parsed`. */
int eae_frames_parse(const eae_source *s, eae_parsed *parsed);
/* Check the hashes of the payloads. */
int eae_frames_verify(const eae_parsed *parsed, int threads);

/* Payloads that are still to be checked. They keep their mappings, whatever becomes of the frames;
 * names of inputs must stay. */
typedef struct eae_unverified eae_unverified;

/* Takes payloads that are long enough to be worth a thread, and lie in mapped files, out of what
 * eae_frames_verify() checks, and begins to check them on a thread of its own. NULL if there are
 * none. */
eae_unverified *eae_frames_verify_later(eae_parsed *parsed);
int eae_unverified_wait(eae_unverified *u);  /* EAE_OK for NULL; again and again the same */
void eae_unverified_free(eae_unverified *u); /* waits; NULL is allowed */

#endif
