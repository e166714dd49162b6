/* weight_scan.c - see weight_scan.h. */
#include "model/weight_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"

/* HORIZON: calls that those that are near are chosen for. */
enum { CHUNK = 256, ROUGH_CHUNK = 256, HORIZON = 6, MUCH = 1 << 20 };
/* Rounding of a size, relative to |z| |B|; and of a number that is kept in f32. */
static const double slack = 1e-12, narrow = 1.2e-7;

/* ---- opening --------------------------------------------------------------------------------- */

/* Constant features are 0 whatever B is. */
static void describe_features(eae_weight_scan *scan)
{
    const eae_features *f = scan->features;
    const eae_rough *r = &scan->all.rough;
    for (int64_t j = 0; j < f->cols; j++) {
        double shift = f->shift ? f->shift[j] : 0, inverse = f->inverse ? f->inverse[j] : 1;
        double left = r->left[j] * fabs(inverse) * (1 + narrow);
        eae_scan_feature known = {.offset = (float)((r->middle[j] - shift) * inverse),
                                  .step = (float)(r->step[j] * inverse),
                                  .left = (float)(left < 1e30 ? left : 1e30)};
        if (scan->norm[j] == 0)
            known = (eae_scan_feature){0};
        scan->all.known[j] = known;
    }
}

static bool open_lists(eae_weight_scan *scan, size_t cols)
{
    scan->near = eae_try_alloc(cols, sizeof *scan->near, "weights of features");
    scan->far = eae_try_alloc(cols, sizeof *scan->far, "weights of features");
    scan->some = eae_try_alloc(cols, sizeof *scan->some, "weights of features");
    scan->pick = eae_try_alloc(cols, sizeof *scan->pick, "weights of features");
    scan->list = eae_try_alloc(cols, sizeof *scan->list, "weights of features");
    scan->returned = eae_try_alloc(cols, sizeof *scan->returned, "weights of features");
    bool have = scan->near && scan->far && scan->some && scan->pick && scan->list && scan->returned;
    if (have)
        memset(scan->returned, 0, cols * sizeof *scan->returned);
    return have;
}

int eae_weight_scan_open(eae_weight_scan *scan, const eae_kernels *kernels,
                         const eae_features *features, const eae_rough *rough, int sides,
                         const double *norm)
{
    size_t cols = (size_t)features->cols, each = cols * (size_t)sides;
    size_t width = (size_t)(features->rows * sides);
    *scan = (eae_weight_scan){.kernels = kernels,
                              .features = features,
                              .all = {.rough = *rough},
                              .packed = {.rough = {.ld = rough->ld}},
                              .sides = sides,
                              .root_rows = sqrt((double)features->rows),
                              .norm = norm,
                              .age = HORIZON};
    scan->set = &scan->all;
    scan->all.known = eae_try_alloc(cols, sizeof *scan->all.known, "weights of features");
    scan->all.weight = eae_try_alloc(each, sizeof(double), "weights of features");
    scan->value = eae_try_alloc(each, sizeof(double), "weights of features");
    scan->near_model = EAE_NEW_ARRAY(double, 2 * width);
    scan->far_model = scan->near_model + width;
    int status = eae_weight_step_open(&scan->step, features->rows, features->ld, sides);
    if (!open_lists(scan, cols) || status != EAE_OK || !scan->all.known || !scan->all.weight ||
        !scan->value) {
        eae_weight_scan_close(scan);
        return EAE_FAIL;
    }
    describe_features(scan);
    return EAE_OK;
}

static void free_packed(eae_scan_set *p)
{
    free(p->feature);
    free(p->known);
    free(p->weight);
    free(p->rough.value);
    *p = (eae_scan_set){.rough = {.ld = p->rough.ld}};
}

void eae_weight_scan_close(eae_weight_scan *scan)
{
    free(scan->all.known);
    free(scan->all.weight);
    free_packed(&scan->packed);
    free(scan->near);
    free(scan->far);
    free(scan->some);
    free(scan->pick);
    free(scan->list);
    free(scan->value);
    free(scan->returned);
    free(scan->near_model);
    eae_weight_step_close(&scan->step);
    *scan = (eae_weight_scan){0};
}

/* ---- weights ---------------------------------------------------------------------------------
 */

static int64_t feature_of(const eae_weight_scan *scan, int64_t i)
{
    return scan->set->feature ? scan->set->feature[i] : i;
}

/* The estimate of number i of the set, and how far from it the size may be. */
static double size_of(const eae_weight_scan *scan, int64_t i)
{
    const double *w = scan->set->weight + i * scan->sides;
    if (scan->sides == 1)
        return fabs(w[0]);
    double square = 0;
    for (int q = 0; q < scan->sides; q++)
        square += w[q] * w[q];
    return sqrt(square);
}

static double error_of(const eae_weight_scan *scan, int64_t i)
{
    return (double)scan->set->known[i].error;
}

typedef struct {
    eae_weight_scan *scan;
    const double *b;
    eae_scan_set *set;
    const int32_t *number; /* in the set: brought on, or */
    int64_t count;         /* scan->list is computed */
} job;

/* A thread takes longer to start than little work does. */
static int in_chunks(eae_task_fn chunk, job *g, int64_t size, int threads)
{
    int64_t chunks = (g->count + size - 1) / size;
    if (threads > 1 && g->count * g->scan->features->ld > MUCH)
        return eae_parallel(threads, chunks, chunk, g);
    int status = EAE_OK;
    for (int64_t c = 0; c < chunks && status == EAE_OK; c++)
        status = chunk(g, c, 0);
    return status;
}

static int compute_chunk(void *context, int64_t task, int worker)
{
    const job *g = context;
    eae_weight_scan *scan = g->scan;
    int64_t first = task * CHUNK, left = g->count - first;
    (void)worker;
    return scan->kernels->feature_weights(scan->features, scan->list + first,
                                          left < CHUNK ? left : CHUNK, g->b, scan->sides,
                                          scan->value + first * scan->sides);
}

/* The weights of pick[0 .. count-1] in f64. */
static int compute(eae_weight_scan *scan, const double *b, int64_t count, int threads)
{
    job g = {.scan = scan, .b = b, .count = count};
    int sides = scan->sides;
    for (int64_t k = 0; k < count; k++)
        scan->list[k] = feature_of(scan, scan->pick[k]);
    int status = in_chunks(compute_chunk, &g, CHUNK, threads);
    for (int64_t k = 0; k < count && status == EAE_OK; k++) {
        int64_t i = scan->pick[k];
        bool nothing = scan->norm[scan->list[k]] == 0; /* not what rounding left */
        for (int q = 0; q < sides; q++)
            scan->set->weight[i * sides + q] = nothing ? 0 : scan->value[k * sides + q];
        scan->set->known[i].error = 0;
        if (isnan(size_of(scan, i)))
            status = eae_fail("a weight that is not a number");
    }
    return status;
}

/* Estimates of some features from one model to the next. */
static int bring_chunk(void *context, int64_t task, int worker)
{
    const job *g = context;
    const eae_weight_scan *scan = g->scan;
    const eae_weight_step *s = &scan->step;
    int64_t first = task * ROUGH_CHUNK, left = g->count - first, sides = scan->sides;
    int64_t n = left < ROUGH_CHUNK ? left : ROUGH_CHUNK;
    const int32_t *number = g->number + first;
    int32_t dot[ROUGH_CHUNK];
    (void)worker;
    for (int64_t q = 0; q < sides; q++) {
        double sum = s->sum[q], unit = s->unit[q], by = s->by;
        scan->kernels->rough_dots(&g->set->rough, number, n, s->vector + q * s->ld, dot);
        for (int64_t k = 0; k < n; k++) {
            const eae_scan_feature *f = &g->set->known[number[k]];
            double *w = g->set->weight + number[k] * sides + q;
            *w = by * *w + ((double)f->offset * sum + (double)f->step * (unit * (double)dot[k]));
        }
    }
    /* |z| is at most root_rows (offset + 127 step) + left */
    double rounding = slack * s->size, most = 127 * scan->root_rows, by = fabs(s->by);
    double of_left = s->length + rounding;
    double of_step = most * (s->left + narrow * (s->length + s->left) + rounding);
    double of_offset = narrow * s->sum_size + scan->root_rows * rounding;
    for (int64_t k = 0; k < n; k++) {
        eae_scan_feature *f = &g->set->known[number[k]];
        double error = by * (double)f->error + of_left * (double)f->left +
                       of_step * fabs((double)f->step) + of_offset * fabs((double)f->offset);
        f->error = error > 0 ? (float)(error * (1 + narrow) + 1e-36) : (float)error;
    }
    return EAE_OK;
}

static int bring(eae_weight_scan *scan, eae_scan_set *set, const int32_t *number, int64_t count,
                 const double *b, const double *old, int threads)
{
    job g = {.scan = scan, .set = set, .number = number, .count = count};
    eae_weight_step_make(&scan->step, b, old);
    return in_chunks(bring_chunk, &g, ROUGH_CHUNK, threads);
}

/* ---- near and far ----------------------------------------------------------------------------
 */

/* The near ones back to where all are. */
static void unpack(eae_weight_scan *scan)
{
    const eae_scan_set *from = scan->set;
    size_t bytes = (size_t)scan->sides * sizeof(double);
    for (int64_t k = 0; k < scan->near_count && from->feature; k++) {
        int32_t i = scan->near[k], j = from->feature[i];
        scan->all.known[j] = from->known[i];
        memcpy(scan->all.weight + j * scan->sides, from->weight + i * scan->sides, bytes);
        scan->near[k] = j;
    }
    scan->set = &scan->all;
}

static int packed_room(eae_weight_scan *scan)
{
    eae_scan_set *p = &scan->packed;
    size_t n = (size_t)scan->near_count;
    if (scan->near_count <= scan->packed_room)
        return EAE_OK;
    free_packed(p);
    p->feature = eae_try_alloc(n, sizeof *p->feature, "features side by side");
    p->known = eae_try_alloc(n, sizeof *p->known, "features side by side");
    p->weight = eae_try_alloc(n, (size_t)scan->sides * sizeof(double), "features side by side");
    p->rough.value = eae_try_alloc(n, (size_t)p->rough.ld, "features side by side");
    scan->packed_room = scan->near_count;
    return p->feature && p->known && p->weight && p->rough.value ? EAE_OK : EAE_FAIL;
}

/* They are looked at many times, and memory is read fastest in its order. */
static int pack(eae_weight_scan *scan)
{
    eae_scan_set *p = &scan->packed;
    size_t bytes = (size_t)scan->sides * sizeof(double), ld = (size_t)p->rough.ld;
    if (packed_room(scan) != EAE_OK)
        return EAE_FAIL;
    for (int64_t i = 0; i < scan->near_count; i++) {
        int64_t j = p->feature[i] = scan->near[i];
        if (i + 8 < scan->near_count) {
            const int8_t *ahead = scan->all.rough.value + scan->near[i + 8] * p->rough.ld;
            for (size_t k = 0; k < ld; k += 64)
                __builtin_prefetch(ahead + k);
        }
        p->known[i] = scan->all.known[j];
        memcpy(p->weight + i * scan->sides, scan->all.weight + j * scan->sides, bytes);
        memcpy(p->rough.value + (size_t)i * ld, scan->all.rough.value + (size_t)j * ld, ld);
        scan->near[i] = (int32_t)i;
    }
    scan->set = p;
    return EAE_OK;
}

/* Everything is near. */
static void join(eae_weight_scan *scan)
{
    unpack(scan);
    int64_t i = scan->near_count, k = scan->far_count, at = i + k;
    scan->joined = scan->joined || k > 0;
    scan->near_count = at;
    scan->far_count = 0;
    while (k > 0) { /* from behind, in place */
        bool far = i == 0 || scan->far[k - 1] > scan->near[i - 1];
        scan->near[--at] = far ? scan->far[--k] : scan->near[--i];
    }
}

/* Leave out those that were returned. */
static void drop_returned(eae_weight_scan *scan)
{
    int64_t n = 0;
    for (int64_t k = 0; k < scan->near_count; k++) {
        int32_t i = scan->near[k];
        scan->near[n] = i;
        n += !scan->returned[feature_of(scan, i)];
    }
    scan->near_count = n;
}

static void drop_inactive(eae_weight_scan *scan, const int64_t *active, int64_t count)
{
    int64_t n = 0;
    for (int64_t k = 0; k < scan->near_count && n < count; k++) {
        int32_t j = scan->near[k];
        scan->near[n] = j;
        scan->returned[j] = false;
        n += j == active[n];
    }
    scan->near_count = n;
}

static int bring_far(eae_weight_scan *scan, const double *b, int threads)
{
    int status = bring(scan, &scan->all, scan->far, scan->far_count, b, scan->far_model, threads);
    join(scan);
    return status;
}

/* Estimates at B of all that are near. */
static int start(eae_weight_scan *scan, const int64_t *active, int64_t count, const double *b,
                 int threads)
{
    if (!scan->started) {
        scan->started = true;
        scan->near_count = count;
        for (int64_t k = 0; k < count; k++)
            scan->near[k] = scan->pick[k] = (int32_t)active[k];
        return compute(scan, b, count, threads);
    }
    bool other = scan->near_count + scan->far_count - scan->returned_count != count;
    scan->joined = false;
    if (!other)
        drop_returned(scan);
    int status = bring(scan, scan->set, scan->near, scan->near_count, b, scan->near_model, threads);
    if (other && status == EAE_OK) {
        status = bring_far(scan, b, threads);
        drop_inactive(scan, active, count);
    }
    return status;
}

/* May one that is far have a size up to the cut? */
static bool far_matters(const eae_weight_scan *scan, const double *b, double cut)
{
    double by, length;
    if (scan->far_count == 0)
        return false;
    length = eae_weight_step_length(b, scan->far_model, scan->features->rows * scan->sides, &by);
    return !(length <= fabs(by) * scan->far_reach && cut <= fabs(by) * scan->far_least);
}

/* Choose anew who is near. `pace`: |D| of a call. */
static int choose_near(eae_weight_scan *scan, const double *b, double pace)
{
    double least = scan->cut + 1.5 * HORIZON * scan->grown;
    double reach = 1.5 * sqrt(HORIZON) * pace;
    int64_t near = 0, far = 0;
    unpack(scan);
    scan->age = 0;
    for (int64_t k = 0; k < scan->near_count; k++) {
        int32_t j = scan->near[k];
        bool is_far = size_of(scan, j) - error_of(scan, j) - reach * scan->norm[j] > least;
        scan->far[far] = j;
        scan->some[near] = j;
        far += is_far;
        near += !is_far;
    }
    if (4 * near <= 3 * scan->near_count) {
        memcpy(scan->near, scan->some, (size_t)near * sizeof *scan->near);
        scan->near_count = near;
        scan->far_count = far;
        scan->far_least = least;
        scan->far_reach = reach;
        memcpy(scan->far_model, b, (size_t)(scan->features->rows * scan->sides) * sizeof *b);
    }
    return pack(scan);
}

/* ---- which ones ------------------------------------------------------------------------------ */

/* The k-th smallest (k = 0: the smallest) of n numbers, none of them NaN; they change places. */
static double nth_smallest(double *a, int64_t n, int64_t k)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        double pivot = a[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot)
                i++;
            while (a[j] > pivot)
                j--;
            if (i > j)
                break;
            double t = a[i];
            a[i++] = a[j];
            a[j--] = t;
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            break;
    }
    return a[k];
}

/* The need-th smallest upper bound of those that are near, or infinity. */
static double upper_bound(eae_weight_scan *scan, int64_t need)
{
    double expected = scan->cut + 2 * scan->grown; /* few are below, and one of these is wanted */
    for (int round = 0; round < 2; round++, expected = INFINITY) {
        int64_t n = 0;
        for (int64_t k = 0; k < scan->near_count; k++) {
            double value = size_of(scan, scan->near[k]) + error_of(scan, scan->near[k]);
            scan->value[n] = value;
            n += value <= expected;
        }
        if (n >= need)
            return nth_smallest(scan->value, n, need - 1);
    }
    return INFINITY;
}

/* Those among some[0 .. count-1] that are not known and whose size may be up to the cut, computed;
 * `by_estimate`: whose estimate is. */
static int compute_some(eae_weight_scan *scan, const double *b, int64_t count, double cut,
                        bool by_estimate, int threads)
{
    int64_t n = 0;
    for (int64_t k = 0; k < count; k++) {
        int32_t i = scan->some[k];
        double error = error_of(scan, i);
        bool wanted = error != 0 && !(size_of(scan, i) - (by_estimate ? 0 : error) > cut);
        scan->pick[n] = i;
        n += wanted;
    }
    return compute(scan, b, n, threads);
}

/* Sizes of all features that may be among the `need` smallest; they are within some[0 .. *count-1]
 * and have sizes up to *cut. */
static int look(eae_weight_scan *scan, const double *b, int64_t need, int threads, int64_t *count,
                double *cut)
{
    *cut = upper_bound(scan, need);
    if (far_matters(scan, b, *cut)) {
        if (bring_far(scan, b, threads) != EAE_OK)
            return EAE_FAIL;
        *cut = upper_bound(scan, need);
    }
    int64_t n = 0;
    for (int64_t k = 0; k < scan->near_count; k++) {
        int32_t i = scan->near[k];
        scan->some[n] = i;
        n += !(size_of(scan, i) - error_of(scan, i) > *cut);
    }
    *count = n;
    /* first those that are probably among them, which brings the cut down for the others */
    for (int64_t k = 0; k < n; k++)
        scan->value[k] = fmin(size_of(scan, scan->some[k]), *cut);
    double estimate = nth_smallest(scan->value, n, need - 1);
    int status = compute_some(scan, b, n, estimate, true, threads);
    for (int64_t k = 0; k < n && status == EAE_OK; k++) {
        int32_t i = scan->some[k];
        scan->value[k] = fmin(size_of(scan, i) + error_of(scan, i), *cut);
    }
    if (status == EAE_OK) {
        *cut = nth_smallest(scan->value, n, need - 1);
        status = compute_some(scan, b, n, *cut, false, threads);
    }
    return status;
}

/* ---- the smallest ---------------------------------------------------------------------------- */

typedef struct {
    double size;
    int64_t feature;
} sized;

/* By size into a (n entries; scratch the same); equal ones stay in their order. Numbers that are
 * not negative sort as their bits do. */
static void sort_by_size(sized *a, sized *scratch, int64_t n)
{
    sized *const result = a;
    for (int shift = 0; shift < 64; shift += 8) {
        int64_t at[256] = {0}, sum = 0;
        for (int64_t k = 0; k < n; k++) {
            uint64_t bits;
            memcpy(&bits, &a[k].size, sizeof bits);
            at[bits >> shift & 255]++;
        }
        bool same = false; /* in all of them */
        for (int v = 0; v < 256; v++) {
            int64_t here = at[v];
            same = same || here == n;
            at[v] = sum;
            sum += here;
        }
        if (same)
            continue;
        for (int64_t k = 0; k < n; k++) {
            uint64_t bits;
            memcpy(&bits, &a[k].size, sizeof bits);
            scratch[at[bits >> shift & 255]++] = a[k];
        }
        sized *swap = a;
        a = scratch;
        scratch = swap;
    }
    if (a != result)
        memcpy(result, a, (size_t)n * sizeof *a);
}

/* Of some[0 .. count-1] those whose size is known and up to the cut, by size; returns how many. */
static int64_t sort_within(const eae_weight_scan *scan, int64_t count, double cut, sized *all)
{
    int64_t n = 0;
    for (int64_t k = 0; k < count; k++) {
        int64_t i = scan->some[k];
        double size = size_of(scan, i);
        if (error_of(scan, i) == 0 && size <= cut)
            all[n++] = (sized){size, feature_of(scan, i)};
    }
    sort_by_size(all, all + count, n);
    return n;
}

/* What the next call begins with. */
static int remember(eae_weight_scan *scan, const double *b, const int64_t *smallest, int64_t r,
                    double next)
{
    int64_t width = scan->features->rows * scan->sides;
    double by, pace = eae_weight_step_length(b, scan->near_model, width, &by);
    scan->grown = fmax(next - scan->cut, 0);
    scan->cut = next;
    for (int64_t k = 0; k < r; k++)
        scan->returned[smallest[k]] = true;
    scan->returned_count = r;
    memcpy(scan->near_model, b, (size_t)width * sizeof *b);
    scan->age++;
    bool choose = scan->far_count == 0 && by != 0 && (scan->joined || scan->age > HORIZON);
    return choose ? choose_near(scan, b, pace) : EAE_OK;
}

int eae_weight_scan_smallest(eae_weight_scan *scan, const int64_t *active, int64_t count,
                             const double *b, int64_t r, int64_t *smallest, double *gap,
                             int threads)
{
    int64_t near;
    double cut;
    if (start(scan, active, count, b, threads) != EAE_OK ||
        look(scan, b, r < count ? r + 1 : count, threads, &near, &cut) != EAE_OK)
        return EAE_FAIL;
    sized *all = eae_malloc(2 * (size_t)near, sizeof *all);
    sort_within(scan, near, cut, all);
    for (int64_t k = 0; k < r; k++)
        smallest[k] = all[k].feature;
    double last = all[r - 1].size, next = r < count ? all[r].size : INFINITY;
    if (gap)
        *gap = r == count ? INFINITY : next > 0 ? (next - last) / next * ((next + last) / next) : 0;
    free(all);
    return remember(scan, b, smallest, r, r < count ? next : last);
}

void eae_feature_norms(const eae_features *s, const int64_t *row, int64_t n, double *norm)
{
    for (int64_t j = 0; j < s->cols; j++) {
        double shift = s->shift ? s->shift[j] : 0, square = 0;
        for (int64_t i = 0; i < n; i++) {
            int64_t at = j * s->ld + (row ? row[i] : i);
            double x = s->is_f64 ? ((const double *)s->x)[at] : (double)((const float *)s->x)[at];
            square += (x - shift) * (x - shift);
        }
        norm[j] = sqrt(square) * fabs(s->inverse ? s->inverse[j] : 1) * (1 + 1e-9);
    }
}
