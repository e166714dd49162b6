/* starts.c - many support vector machines on their way to the device. See cuda.h. */
#include "kernels/cuda/cuda.h"

#include <stdlib.h>
#include <string.h>

/* A start need not be exact: what finishes it takes the vectors at their bounds from it. */
static const double eps = 1e-3;

static bool takes(const eae_svm_start *start, int64_t count)
{
    for (int64_t s = 0; s < count; s++) {
        if (start[s].n < 1 || start[s].n > EAE_CUDA_SVM_MOST)
            return false;
    }
    return count > 0;
}

/* By the shape of one problem, as if there were many: how many there are depends on shards. */
static bool spares(int64_t n, int64_t rows)
{
    enum { MANY = 256 };
    double size = (double)n, all = (double)rows;
    return eae_cuda_spares(MANY * size * size * size, 8 * (all * all + 4 * MANY * size),
                           8 * MANY * size);
}

typedef struct {
    int64_t *begin, *row;
    double *ratio, *y, *cost, *b;
} lists;

/* The same lists on the host and on the device, one part after the other. */
static bool take_lists(lists *l, int64_t count, int64_t total, eae_cuda_space *space)
{
    l->begin = eae_cuda_part(space, count + 1, sizeof *l->begin);
    l->row = eae_cuda_part(space, total, sizeof *l->row);
    l->ratio = eae_cuda_part(space, count, sizeof *l->ratio);
    l->y = eae_cuda_part(space, total, sizeof *l->y);
    l->cost = eae_cuda_part(space, total, sizeof *l->cost);
    l->b = eae_cuda_part(space, total, sizeof *l->b);
    return l->b != NULL;
}

static void fill_lists(const lists *l, const eae_svm_start *start, int64_t count)
{
    int64_t at = 0;
    for (int64_t s = 0; s < count; s++) {
        size_t bytes = (size_t)start[s].n * sizeof(double);
        l->begin[s] = at;
        l->ratio[s] = start[s].ratio;
        memcpy(l->row + at, start[s].row, bytes);
        memcpy(l->y + at, start[s].y, bytes);
        memcpy(l->cost + at, start[s].cost, bytes);
        at += start[s].n;
    }
    l->begin[count] = at;
}

static int run(const lists *there, const double *gram, bool squared, int64_t rows, int64_t count)
{
    eae_cuda_svms s = {.count = count, .gram = gram, .rows = rows, .squared = squared, .eps = eps};
    s.begin = there->begin;
    s.row = there->row;
    s.ratio = there->ratio;
    s.y = there->y;
    s.cost = there->cost;
    s.b = there->b;
    return eae_cuda_svm_starts(&s);
}

bool eae_cuda_starts(const double *gram, int64_t rows, bool squared, const eae_svm_start *start,
                     int64_t count)
{
    int64_t total = 0, panel;
    if (!takes(start, count) || spares(start[0].n, rows))
        return false;
    for (int64_t s = 0; s < count; s++)
        total += start[s].n;
    double lists_bytes = 8.0 * (double)(2 * count + 1 + 4 * total);
    eae_cuda_need need = {.fixed = 8.0 * (double)rows * (double)rows + lists_bytes};
    eae_cuda_space space;
    if (eae_cuda_begin(&need, 1, &space, &panel) != EAE_OK)
        return false;
    eae_cuda_space host = {.size = (int64_t)lists_bytes + 8 * EAE_CUDA_ALIGN};
    host.base = eae_cuda_alloc(host.size, 1, "support vector machines");
    lists here, there;
    double *all = eae_cuda_part(&space, rows * rows, sizeof *all);
    bool done = host.base && take_lists(&here, count, total, &host) &&
                take_lists(&there, count, total, &space);
    if (done) {
        fill_lists(&here, start, count);
        done = eae_cuda_copy_in(all, gram, rows * rows * 8) == EAE_OK &&
               eae_cuda_copy_in(there.begin, here.begin, (count + 1) * 8) == EAE_OK &&
               eae_cuda_copy_in(there.row, here.row, total * 8) == EAE_OK &&
               eae_cuda_copy_in(there.ratio, here.ratio, count * 8) == EAE_OK &&
               eae_cuda_copy_in(there.y, here.y, total * 8) == EAE_OK &&
               eae_cuda_copy_in(there.cost, here.cost, total * 8) == EAE_OK &&
               run(&there, all, squared, rows, count) == EAE_OK &&
               eae_cuda_copy_out(here.b, there.b, total * 8) == EAE_OK;
    }
    for (int64_t s = 0; s < count && done; s++)
        memcpy(start[s].b, here.b + here.begin[s], (size_t)start[s].n * sizeof(double));
    free(host.base);
    eae_cuda_end(EAE_OK);
    return done;
}
