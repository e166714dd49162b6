/*
 * solver.cu - many support vector machines at once, a block of threads for each, solved to the end.
 * See device.h.
 *
 * Minimise 1/2 b'Hb - p'b, sum b = 0, lo <= b <= hi, all in f64. Stages of two methods that both go
 * only downhill: pairs that violate most and gain most ("WSS 2": Fan, Chen and Lin 2005), which
 * find out what lies at its bound; then conjugate gradients among the free entries, which end at
 * the first bound that is met and begin anew without that entry (Polyak 1969; the pairs take the
 * part of the gradient projections of More and Toraldo 1991). Pairs alone need thousands of steps
 * for the last digits; conjugate gradients some tens of products. Each stage begins with a gradient
 * that is made anew, and only such a one is believed at the end.
 *
 * Rows of H come from a matrix that machines share and that stays in the device's cache. b and what
 * goes with it lie in shared memory: 44 n bytes and a little. Every number is the work of one
 * thread or of a sum in fixed order; every choice is made by all threads alike.
 */
#include "kernels/cuda/device.cuh"

enum { THREADS = 128, LANES = 32, WARPS = THREADS / LANES, SMALL = 256, STAGES = 24 };

/* A curvature below this is none (as in gram_smo.c). */
static const double tiny_curvature = 1e-12;

typedef struct {
    double value;
    int index;
} choice;

/* What a block keeps of its machine. */
template <int MOST> struct memory {
    double b[MOST], g[MOST], d[MOST], q[MOST], diagonal[MOST];
    int row[MOST];
};

enum { CHOICES = 2, SUMS = 2 };

/* What warps tell one another. */
typedef struct {
    double value[CHOICES][WARPS], sum[SUMS][WARPS];
    int index[CHOICES][WARPS];
} exchange;

typedef struct {
    int n;
    double ratio;
    const double *gram;
    int64_t ld;
    const double *lo, *hi, *linear, *ridge;
    /* shared: the point, its gradient, a direction (or a row of H) and H times it */
    double *b, *g, *d, *q, *diagonal;
    int *row;
    exchange *common;
} machine;

/* ---- from all threads to all ------------------------------------------------------------------
 */

/* The larger one; of equals the first. The same whatever the order of comparing. */
static __device__ inline choice better(choice a, choice b)
{
    bool second = b.value > a.value || (b.value == a.value && b.index < a.index);
    return second ? b : a;
}

/* Each of the choices becomes the best of all threads', each sum the sum of all. Lanes exchange
 * both ways, so that all of them have the same bits. */
template <int BEST, int SUM>
static __device__ void gather(const machine &p, choice *best, double *sum)
{
    exchange *e = p.common;
    for (int half = LANES / 2; half > 0; half /= 2) {
        for (int c = 0; c < BEST; c++) {
            choice other;
            other.value = __shfl_xor_sync(0xffffffffU, best[c].value, half);
            other.index = __shfl_xor_sync(0xffffffffU, best[c].index, half);
            best[c] = better(best[c], other);
        }
        for (int c = 0; c < SUM; c++)
            sum[c] += __shfl_xor_sync(0xffffffffU, sum[c], half);
    }
    __syncthreads(); /* the last result has been read */
    int warp = threadIdx.x / LANES;
    bool tells = threadIdx.x % LANES == 0;
    for (int c = 0; c < BEST && tells; c++) {
        e->value[c][warp] = best[c].value;
        e->index[c][warp] = best[c].index;
    }
    for (int c = 0; c < SUM && tells; c++)
        e->sum[c][warp] = sum[c];
    __syncthreads();
    for (int w = 0; w < WARPS; w++) {
        for (int c = 0; c < BEST; c++) {
            choice next = {e->value[c][w], e->index[c][w]};
            best[c] = w == 0 ? next : better(best[c], next);
        }
        for (int c = 0; c < SUM; c++)
            sum[c] = w == 0 ? e->sum[c][w] : sum[c] + e->sum[c][w];
    }
}

/* ---- H ----------------------------------------------------------------------------------------
 */

/* H(i, j), for one j after the other: a row of H. */
static __device__ inline double entry(const machine &p, int i, int j)
{
    double h = p.ratio * p.gram[p.row[i] * p.ld + p.row[j]];
    return i == j ? h + p.ridge[i] : h;
}

/* to = H v; threads read along the rows of H. Entries of v that are 0 are read too: the loads must
 * not wait for one another. */
static __device__ void multiply(const machine &p, const double *v, double *to)
{
    __syncthreads(); /* v is there */
    for (int i = threadIdx.x; i < p.n; i += THREADS) {
        const double *column = p.gram + p.row[i];
        double sum = 0;
#pragma unroll 8
        for (int j = 0; j < p.n; j++)
            sum = fma(column[p.row[j] * p.ld], v[j], sum);
        to[i] = p.ratio * sum + p.ridge[i] * v[i];
    }
}

/* ---- pairs ------------------------------------------------------------------------------------
 */

/* The entry that most wants to grow, in *up; returns by how much the pair that is furthest from
 * agreeing disagrees: the violation. 0 where nothing can move, NAN where a gradient is not finite.
 */
static __device__ double first_of_pair(const machine &p, choice *up)
{
    enum { GROW, SHRINK };
    choice best[2] = {{-INFINITY, p.n}, {-INFINITY, p.n}};
    double wrong = 0;
    for (int k = threadIdx.x; k < p.n; k += THREADS) {
        wrong += 0 * p.g[k];
        choice more = {-p.g[k], k}, less = {p.g[k], k};
        if (p.b[k] < p.hi[k])
            best[GROW] = better(best[GROW], more);
        if (p.b[k] > p.lo[k])
            best[SHRINK] = better(best[SHRINK], less);
    }
    gather<2, 1>(p, best, &wrong);
    *up = best[GROW];
    bool moves = best[GROW].index < p.n && best[SHRINK].index < p.n;
    return wrong + (moves ? best[GROW].value + best[SHRINK].value : 0);
}

/* The partner that gains most. d is left as row i of H. */
static __device__ choice second_of_pair(const machine &p, choice up)
{
    choice best = {-INFINITY, p.n};
    double hii = p.diagonal[up.index];
    for (int k = threadIdx.x; k < p.n; k += THREADS) {
        p.d[k] = entry(p, up.index, k);
        double apart = up.value + p.g[k];
        if (!(p.b[k] > p.lo[k] && apart > 0))
            continue;
        choice next = {apart * apart / fmax(hii + p.diagonal[k] - 2 * p.d[k], tiny_curvature), k};
        best = better(best, next);
    }
    gather<1, 0>(p, &best, NULL);
    return best;
}

/* Move along the pair as far as it gains and the box allows, onto a bound exactly; the gradient
 * follows. */
static __device__ void move_pair(const machine &p, int i, int j)
{
    double curve = fmax(p.diagonal[i] + p.diagonal[j] - 2 * p.d[j], tiny_curvature);
    double step = (p.g[j] - p.g[i]) / curve, bi = p.b[i], bj = p.b[j];
    double room_i = p.hi[i] - bi, room_j = bj - p.lo[j];
    step = fmin(step, fmin(room_i, room_j));
    __syncthreads(); /* all have read */
    for (int k = threadIdx.x; k < p.n; k += THREADS) {
        p.g[k] += step * (p.d[k] - entry(p, j, k));
        if (k == i)
            p.b[k] = step >= room_i ? p.hi[k] : fmin(bi + step, p.hi[k]);
        if (k == j)
            p.b[k] = step >= room_j ? p.lo[k] : fmax(bj - step, p.lo[k]);
    }
}

/* Until the violation is at most eps, or for so many steps; what it is then. */
static __device__ double pairs(const machine &p, double eps, int steps)
{
    for (;;) {
        choice up;
        double violation = first_of_pair(p, &up);
        if (!(violation > eps) || steps-- == 0)
            return violation;
        choice down = second_of_pair(p, up);
        if (down.index == p.n)
            return violation;
        move_pair(p, up.index, down.index);
    }
}

/* ---- conjugate gradients -----------------------------------------------------------------------
 */

static __device__ inline bool is_free(const machine &p, int k)
{
    return p.b[k] > p.lo[k] && p.b[k] < p.hi[k];
}

/* Of the gradient among the free entries: its mean, the sum of squares about that, and the largest.
 */
typedef struct {
    double mean, square, largest;
} slope;

static __device__ slope slope_of(const machine &p)
{
    double sum[2] = {0, 0}, square = 0; /* sum: of the gradient, and how many there are */
    for (int k = threadIdx.x; k < p.n; k += THREADS) {
        sum[0] += is_free(p, k) ? p.g[k] : 0;
        sum[1] += is_free(p, k);
    }
    gather<0, 2>(p, NULL, sum);
    double mean = sum[1] > 0 ? sum[0] / sum[1] : 0;
    choice largest = {0, 0};
    for (int k = threadIdx.x; k < p.n; k += THREADS) {
        double apart = is_free(p, k) ? p.g[k] - mean : 0;
        choice next = {fabs(apart), k};
        square += apart * apart;
        largest = better(largest, next);
    }
    gather<1, 1>(p, &largest, &square);
    slope s = {mean, square, largest.value};
    return s;
}

/* d: down the slope, and `keep` of the direction before; by which the objective falls at first. */
static __device__ double direction(const machine &p, slope s, double keep)
{
    double gain = 0;
    for (int k = threadIdx.x; k < p.n; k += THREADS) {
        double down = s.mean - p.g[k];
        p.d[k] = is_free(p, k) ? down + (keep > 0 ? keep * p.d[k] : 0) : 0;
        gain += is_free(p, k) ? p.d[k] * down : 0;
    }
    return gain;
}

/* How far b can go along d: minus that, and which entry ends it (n: none). */
static __device__ inline choice room_along(const machine &p, choice nearest, int k)
{
    if (p.d[k] == 0)
        return nearest;
    double room = ((p.d[k] > 0 ? p.hi[k] : p.lo[k]) - p.b[k]) / p.d[k];
    choice next = {-room, k};
    return room < INFINITY ? better(nearest, next) : nearest;
}

/* b and the gradient a step along d, entry `hit` onto its bound. */
static __device__ void move_along(const machine &p, double step, int hit)
{
    for (int k = threadIdx.x; k < p.n; k += THREADS) {
        double to = fmin(fmax(p.b[k] + step * p.d[k], p.lo[k]), p.hi[k]);
        if (k == hit)
            to = p.d[k] > 0 ? p.hi[k] : p.lo[k];
        p.b[k] = p.d[k] == 0 ? p.b[k] : to;
        p.g[k] += step * p.q[k];
    }
}

/* Until the gradient among the free entries is constant to eps, or for so many products. */
static __device__ void conjugate(const machine &p, double eps, int products)
{
    double before = 0; /* 0: no direction to be conjugate to */
    while (products-- > 0) {
        slope s = slope_of(p);
        if (!(s.largest > eps))
            return;
        double sum[2] = {direction(p, s, before > 0 ? s.square / before : 0), 0};
        multiply(p, p.d, p.q);
        choice nearest = {-INFINITY, p.n};
        for (int k = threadIdx.x; k < p.n; k += THREADS) {
            sum[1] += p.d[k] * p.q[k];
            nearest = room_along(p, nearest, k);
        }
        gather<1, 2>(p, &nearest, sum);
        double step = sum[1] > 0 ? sum[0] / sum[1] : INFINITY; /* gain over curvature */
        bool ends = nearest.index < p.n && -nearest.value <= step;
        step = ends ? -nearest.value : step;
        if (!(sum[0] > 0) || !(step < INFINITY))
            return;
        move_along(p, step, ends ? nearest.index : p.n);
        before = ends ? 0 : s.square;
    }
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

/* To `goal`, or to eps where another stage does not halve the residual: then rounding is in the
 * way. */
static __device__ double solve(const machine &p, double eps, double goal)
{
    double level = 0.1, last = INFINITY;
    for (int stage = 0;; stage++) {
        multiply(p, p.b, p.g);
        for (int k = threadIdx.x; k < p.n; k += THREADS)
            p.g[k] -= p.linear[k];
        double residual = pairs(p, goal, 0);
        bool stuck = residual <= eps && residual > last / 2;
        if (!(residual > goal) || stuck || stage == STAGES)
            return residual;
        last = residual;
        pairs(p, fmax(level, goal), 2 * p.n);
        conjugate(p, goal / 4, 64 + p.n / 8);
        level *= 0.1;
    }
}

/* Shared memory is below the 48 KiB that need no asking; how many run at once is in cuda.h. */
template <int MOST> static __global__ void __launch_bounds__(THREADS) svm_kernel(eae_cuda_svms s)
{
    __shared__ memory<MOST> m;
    __shared__ exchange common;
    int64_t at = blockIdx.x, from = s.begin[at];
    machine p;
    p.n = (int)(s.begin[at + 1] - from);
    p.ratio = s.ratio[at];
    p.gram = s.gram + s.matrix[at];
    p.ld = s.ld[at];
    p.lo = s.lo + from;
    p.hi = s.hi + from;
    p.linear = s.linear + from;
    p.ridge = s.ridge + from;
    p.b = m.b;
    p.g = m.g;
    p.d = m.d;
    p.q = m.q;
    p.diagonal = m.diagonal;
    p.row = m.row;
    p.common = &common;
    for (int k = threadIdx.x; k < p.n; k += THREADS) {
        p.row[k] = (int)s.row[from + k];
        p.b[k] = s.b[from + k];
        p.diagonal[k] = entry(p, k, k);
    }
    double residual = solve(p, s.eps, s.goal);
    for (int k = threadIdx.x; k < p.n; k += THREADS)
        s.b[from + k] = p.b[k];
    if (threadIdx.x == 0)
        s.residual[at] = residual;
}

int eae_cuda_svm_solve(const eae_cuda_svms *svms)
{
    eae_cuda_svms s = *svms;
    cudaError_t error =
        s.most <= SMALL
            ? EAE_CUDA_LAUNCH(svm_kernel<SMALL>, (unsigned)s.count, THREADS, s)
            : EAE_CUDA_LAUNCH(svm_kernel<EAE_CUDA_SVM_MOST>, (unsigned)s.count, THREADS, s);
    return eae_cuda_check(error, "support vector machines");
}
