/* synth_noise.c - deviates of cells, correlated in blocks and groups, and the cells; see synth.h.
 */
#include "eval/synth/synth_parts.h"

#include <math.h>

#include "base/clones.h"
#include "base/normal.h"

enum { TILE = 4096 }; /* columns made at a time: all of them stay in the cache */

/* Blocks of groups have indices beyond all rows. */
static const uint64_t group_blocks = UINT64_C(1) << 62;

__extension__ typedef unsigned __int128 wide;

int64_t eae_synth_part_of(int64_t i, int64_t n, int64_t parts)
{
    return (int64_t)((wide)i * (wide)parts / (wide)n);
}

int64_t eae_synth_part_begin(int64_t part, int64_t n, int64_t parts)
{
    return (int64_t)(((wide)part * (wide)n + (wide)parts - 1) / (wide)parts);
}

/* ---- deviates --------------------------------------------------------------------------- */

/* What a sample, or a group, has of its own. */
typedef struct {
    eae_purpose purpose;
    uint64_t index, block_index;
} source;

static source of_row(int64_t row)
{
    return (source){EAE_RANDOM_SYNTH_VALUE, (uint64_t)row, (uint64_t)row};
}

static source of_group(int64_t group)
{
    return (source){EAE_RANDOM_SYNTH_GROUP, (uint64_t)group, group_blocks + (uint64_t)group};
}

EAE_CLONES static void mix(float a, float *restrict x, float b, const float *restrict y, size_t n)
{
    for (size_t j = 0; j < n; j++)
        x[j] = a * x[j] + b * y[j];
}

EAE_CLONES static void add_shared(float a, float *x, float shared, size_t n)
{
    for (size_t j = 0; j < n; j++)
        x[j] = a * x[j] + shared;
}

static float block_share(const eae_synth *s, source from, int64_t block)
{
    float u =
        eae_normal_at(s->options.seed, EAE_RANDOM_SYNTH_BLOCK, from.block_index, (uint64_t)block);
    return s->block * u;
}

static void deviates(const eae_synth *s, source from, int64_t column, size_t n, float *x)
{
    eae_normals(s->options.seed, from.purpose, from.index, (uint64_t)column, n, x);
    if (s->options.blocks == 0)
        return;
    for (int64_t j = column, end = column + (int64_t)n; j < end;) {
        int64_t block = eae_synth_part_of(j, s->cols, s->options.blocks);
        int64_t next = eae_synth_part_begin(block + 1, s->cols, s->options.blocks);
        next = next < end ? next : end;
        add_shared(s->own, x + (j - column), block_share(s, from, block), (size_t)(next - j));
        j = next;
    }
}

float eae_synth_unit_deviate(const eae_synth *s, int64_t unit, int64_t column)
{
    source from = s->options.groups > 0 ? of_group(unit) : of_row(unit);
    float z = eae_normal_at(s->options.seed, from.purpose, from.index, (uint64_t)column);
    if (s->options.blocks == 0)
        return z;
    return s->own * z + block_share(s, from, eae_synth_part_of(column, s->cols, s->options.blocks));
}

/* ---- cells ------------------------------------------------------------------------------ */

EAE_CLONES static void scale_to(const float *restrict centre, const float *restrict scale,
                                float *restrict x, size_t n)
{
    for (size_t j = 0; j < n; j++)
        x[j] = centre[j] + scale[j] * x[j];
}

EAE_CLONES static void hide(const uint32_t *restrict word, uint32_t limit, float *restrict x,
                            size_t n)
{
    for (size_t j = 0; j < n; j++)
        x[j] = word[j] < limit ? NAN : x[j];
}

static void hide_cells(const eae_synth *s, int64_t row, int64_t column, size_t n, float *x)
{
    uint32_t word[TILE];
    eae_random_words(s->options.seed, EAE_RANDOM_SYNTH_OTHER, (uint64_t)row, (uint64_t)column, n,
                     word);
    hide(word, (uint32_t)s->missing, x, n);
}

/* The features among column .. column+n-1 that mark the sample's class. */
static void lift_marks(const eae_synth_marks *m, int64_t column, size_t n, float *x)
{
    int64_t low = 0, high = m->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (m->column[middle] < column)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < m->count && m->column[low] < column + (int64_t)n; low++)
        x[m->column[low] - column] += m->lift[low];
}

static void make_tile(const eae_synth *s, int64_t row, int64_t column, size_t n, float *x)
{
    deviates(s, of_row(row), column, n, x);
    if (s->options.groups > 0) {
        float shared[TILE];
        int64_t group = eae_synth_part_of(row, s->options.rows, s->options.groups);
        deviates(s, of_group(group), column, n, shared);
        mix(s->single, x, s->group, shared, n);
    }
    scale_to(s->centre + column, s->scale + column, x, n);
    if (s->marks)
        lift_marks(&s->marks[eae_synth_class_of(s, row)], column, n, x);
    if (s->missing > 0)
        hide_cells(s, row, column, n, x);
}

void eae_synth_cells(const eae_synth *s, int64_t first, int64_t n, float *values)
{
    int64_t row = first / s->cols, column = first % s->cols;
    while (n > 0) {
        int64_t take = s->cols - column < TILE ? s->cols - column : TILE;
        take = take < n ? take : n;
        make_tile(s, row, column, (size_t)take, values);
        values += take;
        n -= take;
        column += take;
        if (column == s->cols) {
            column = 0;
            row++;
        }
    }
}
