/*
 * solver.cu - many support vector machines at once, a block of threads for each. See device.h.
 *
 * Sequential minimal optimisation on the dual: with b_i = y_i a_i minimise 1/2 b'Hb - y'b, sum b =
 * 0, 0 <= y_i b_i <= cost_i; the pair that violates most and gains most (Fan, Chen and Lin 2005,
 * "WSS 2"), b and the gradient in f64 and in shared memory. H is a part of one matrix that all
 * problems share and that stays in the device's cache: nothing is sent for a problem but its rows.
 */
#include "kernels/cuda/device.cuh"

enum { THREADS = 128, MOST = EAE_CUDA_SVM_MOST };

typedef struct {
    double value;
    int index;
} choice;

/* The larger one; of equals the first. The same whatever the order of comparing. */
static __device__ inline choice better(choice a, choice b)
{
    bool second = b.value > a.value || (b.value == a.value && b.index < a.index);
    return second ? b : a;
}

/* The best of all threads' choices, to all of them. */
static __device__ choice best_of(choice own, choice *shared)
{
    __syncthreads(); /* the last result has been read */
    shared[threadIdx.x] = own;
    for (int half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if ((int)threadIdx.x < half)
            shared[threadIdx.x] = better(shared[threadIdx.x], shared[threadIdx.x + half]);
    }
    __syncthreads();
    return shared[0];
}

typedef struct {
    int n;
    double ratio;
    const double *gram; /* of all rows */
    int64_t rows;
    const int64_t *row;
    const double *y, *cost;
    bool squared;
} problem;

static __device__ inline double entry(const problem &p, int i, int j)
{
    double h = p.ratio * p.gram[p.row[i] * p.rows + p.row[j]];
    return p.squared && i == j ? h + 0.5 / p.cost[i] : h;
}

/* How far b_i can grow, or shrink (down). */
static __device__ inline double way(const problem &p, const double *b, int i, bool down)
{
    bool inwards = down == (p.y[i] > 0);
    if (inwards)
        return fabs(b[i]);
    return p.squared ? INFINITY : p.cost[i] - fabs(b[i]);
}

static __device__ choice first_of_pair(const problem &p, const double *b, const double *g,
                                       choice *shared)
{
    choice own = {-INFINITY, MOST};
    for (int i = threadIdx.x; i < p.n; i += THREADS) {
        choice next = {-g[i], i};
        if (way(p, b, i, false) > 0)
            own = better(own, next);
    }
    return best_of(own, shared);
}

/* The partner that gains most; *least: the least of -g among all that can shrink. */
static __device__ choice second_of_pair(const problem &p, const double *b, const double *g,
                                        choice first, choice *shared, double *least)
{
    choice own = {-INFINITY, MOST}, low = {-INFINITY, MOST};
    double hii = entry(p, first.index, first.index);
    for (int j = threadIdx.x; j < p.n; j += THREADS) {
        if (!(way(p, b, j, true) > 0))
            continue;
        double apart = first.value + g[j];
        choice lower = {g[j], j};
        low = better(low, lower);
        if (!(apart > 0))
            continue;
        double curve = hii + entry(p, j, j) - 2 * entry(p, first.index, j);
        choice next = {apart * apart / fmax(curve, 1e-12), j};
        own = better(own, next);
    }
    *least = -best_of(low, shared).value;
    return best_of(own, shared);
}

/* Move along the pair as far as it gains and the box allows; the gradient follows. */
static __device__ void move_pair(const problem &p, double *b, double *g, int i, int j)
{
    double curve = entry(p, i, i) + entry(p, j, j) - 2 * entry(p, i, j);
    double step = (g[j] - g[i]) / fmax(curve, 1e-12);
    step = fmin(step, fmin(way(p, b, i, false), way(p, b, j, true)));
    __syncthreads(); /* all have read */
    if (threadIdx.x == 0) {
        b[i] += step;
        b[j] -= step;
    }
    for (int k = threadIdx.x; k < p.n; k += THREADS)
        g[k] += step * (entry(p, k, i) - entry(p, k, j));
    __syncthreads();
}

static __global__ void __launch_bounds__(THREADS) svm_kernel(eae_cuda_svms s)
{
    __shared__ double b[MOST], g[MOST];
    __shared__ choice shared[THREADS];
    int64_t from = s.begin[blockIdx.x];
    problem p;
    p.n = (int)(s.begin[blockIdx.x + 1] - from);
    p.ratio = s.ratio[blockIdx.x];
    p.gram = s.gram;
    p.rows = s.rows;
    p.row = s.row + from;
    p.y = s.y + from;
    p.cost = s.cost + from;
    p.squared = s.squared;
    for (int i = threadIdx.x; i < p.n; i += THREADS) {
        b[i] = 0;
        g[i] = -p.y[i];
    } /* a thread reads its own of them until the first choice is made: no barrier */
    for (int step = 0; step < 4 * p.n + p.n * p.n / 30; step++) {
        double least;
        choice i = first_of_pair(p, b, g, shared);
        if (i.index == MOST)
            break;
        choice j = second_of_pair(p, b, g, i, shared, &least);
        if (j.index == MOST || i.value - least <= s.eps)
            break;
        move_pair(p, b, g, i.index, j.index);
    }
    for (int i = threadIdx.x; i < p.n; i += THREADS)
        s.b[from + i] = b[i];
}

int eae_cuda_svm_starts(const eae_cuda_svms *svms)
{
    eae_cuda_svms s = *svms;
    return eae_cuda_check(EAE_CUDA_LAUNCH(svm_kernel, (unsigned)s.count, THREADS, s),
                          "support vector machines");
}
