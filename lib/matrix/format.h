/*
 * format.h - the bytes of a frame, as eae-matrix(5) defines them: constants, the fixed structures,
 * the two axis blocks, and what must hold for a frame of each kind. Used by the reader and the
 * writer only.
 *
 *     preamble | column block | row block | zeros | payload | zeros | footer ... end mark
 *     0          128                                ^ multiples of 64 ^
 *
 * All numbers are little-endian; the structures below are copied as they are.
 */
#ifndef EAE_MATRIX_FORMAT_H
#define EAE_MATRIX_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "matrix/frame.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the matrix stream is little-endian, and so must be the machine"
#endif

enum {
    EAE_FORMAT_MAJOR = 1,
    EAE_FORMAT_MINOR = 0,
    EAE_MAGIC_SIZE = 8,
    EAE_FRAME_ALIGN = 64,
    EAE_FLAG_COLUMNS_LEFT_OUT = 1
};

extern const uint8_t eae_frame_magic[EAE_MAGIC_SIZE];
extern const uint8_t eae_footer_magic[EAE_MAGIC_SIZE];
extern const uint8_t eae_end_magic[EAE_MAGIC_SIZE];

typedef struct eae_preamble {
    uint8_t magic[EAE_MAGIC_SIZE];
    uint16_t major;
    uint16_t minor;
    uint8_t kind;
    uint8_t type;
    uint16_t flags;
    uint64_t rows;
    uint64_t cols;
    uint64_t header_length;  /* column block and row block */
    uint64_t column_length;  /* of it, the column block; 0 when left out */
    uint64_t payload_offset; /* from the beginning of the frame */
    uint64_t payload_length;
    eae_hash column_digest;
    eae_hash row_digest;
    uint8_t reserved[16];
    eae_hash own; /* of the 112 bytes before */
} eae_preamble;

/* The fixed beginning of the footer; then the history, zeros, the XXH3-128 of all that, and the end
 * mark. */
typedef struct eae_footer {
    uint8_t magic[EAE_MAGIC_SIZE];
    uint64_t length; /* from the magic to the end of the frame */
    uint64_t history_length;
    uint64_t reserved;
    eae_hash payload;
    eae_hash content;
} eae_footer;

typedef struct eae_end_mark {
    uint8_t magic[EAE_MAGIC_SIZE];
    uint64_t frame_length;
} eae_end_mark;

_Static_assert(sizeof(eae_preamble) == 128, "no gaps in the preamble");
_Static_assert(sizeof(eae_footer) == 64, "no gaps in the footer");
_Static_assert(sizeof(eae_end_mark) == 16, "no gaps in the end mark");

/* n rounded up to a multiple of `align`, a power of two; n must leave room for it. */
static inline uint64_t eae_align_up(uint64_t n, uint64_t align)
{
    return (n + align - 1) & ~(align - 1);
}

/* Hash of kind, type, shape, the two blocks and the payload. */
eae_hash eae_content_identity(const eae_preamble *p, const eae_hash *payload);

/* The block of an axis, appended to `b`. */
void eae_block_encode(const eae_axis *axis, eae_buffer *b);
/* The same from untrusted bytes[0..n-1], which begin at byte `offset` of the input `name`; `count`
 * is what the preamble says. On failure nothing is left to free. */
int eae_block_decode(eae_axis *axis, uint64_t count, const uint8_t *bytes, size_t n,
                     const char *name, uint64_t offset);

/* What must hold for a frame beyond its bytes: names, leading annotations and element type of its
 * kind. Checked by the reader and by the writer; messages do not name the file. */
int eae_frame_check_rows(const eae_frame *f);
int eae_frame_check_columns(const eae_frame *f);

/* The payload bytes in canonical form: every NaN is 0x7fc00000 or 0x7ff8000000000000. Returns
 * `bytes`, or `scratch` (n bytes, may be `bytes` itself) when something had to be changed. */
const void *eae_payload_canonical(eae_type type, const void *bytes, size_t n, void *scratch);

#endif
