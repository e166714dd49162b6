/* svm_pool.c - see svm_pool.h. */
#include "model/svm_pool.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"
#include "base/threads.h"

enum { LEVELS = 3, GRID = 4, BLOCK = 256, LEAST_NEAR = 64 };

typedef struct entry {
    double score; /* a lower bound */
    double upper; /* an upper one */
    double norm;
    double key;
    int64_t feature;
    int64_t at;    /* its weights */
    int64_t place; /* among the near ones before, -1 */
} entry;

/* Set `level` against what is outside of it, up to the next larger set. */
typedef struct epoch {
    double *b;               /* n x sides: where the scores are from */
    double size;             /* |b|^2 */
    double x[GRID], f[GRID]; /* F at some values of |d| / a */
    bool everything;         /* nothing is outside */
    double a, r;             /* at the last look: |present - a b| <= r */
    double horizon;          /* |d| / a when it broke last */
    double target;           /* how many to keep */
    int64_t since;           /* the step at which it was made */
} epoch;

struct eae_svm_pool {
    eae_svm_pool_spec spec;
    int64_t ld, step, left;
    bool side_by_side;         /* the training rows are one after the other */
    int whole;                 /* the largest whole number: sums of products fit 31 bits */
    double *norm;              /* cols: |z_j| */
    double *raw;               /* cols: the largest value before z, in units of z: for rounding */
    double *across;            /* rows x sides: b at its rows */
    int64_t *list[LEVELS + 1]; /* [0] near, [k] in set k but not in k - 1 */
    int64_t count[LEVELS + 1];
    epoch epoch[LEVELS];
    int64_t *slot;   /* cols: place among the near ones, -1 */
    entry *work;     /* as many as there are features */
    double *w;       /* the same x sides */
    double *present; /* n x sides: b */
    /* the near ones, near_room of each */
    int64_t near_room;
    int16_t *q; /* x ld: z = scale q */
    double *scale;
    double *size;   /* a bound of |scale q| */
    double *margin; /* rounding of w */
    double *near_w; /* sides x near_room: at the epoch of set 0 */
    double *lower, *upper;
    int32_t *dot;
    int16_t *p; /* ld: d in whole numbers */
    double *d;  /* n */
    double *t;  /* sides */
    /* what is scored in f64 */
    int64_t found, found_room;
    int64_t *candidate;   /* features */
    double *z;            /* found_room x ld */
    double *found_w;      /* x sides */
    int64_t best, second; /* places among the candidates, -1 */
    bool scored;          /* at the present b */
    int64_t *null;        /* features without a weight, increasing */
    int64_t null_count, null_next;
    double *null_z; /* ld */
    double *zero;   /* sides */
    int64_t picked; /* a feature; -1: the next of null */
    int64_t done[4];
};

/* ---- norms ----------------------------------------------------------------------------------- */

typedef struct survey {
    eae_svm_pool *pool;
    bool *null;
} survey;

static double raw_value(const eae_features *s, int64_t at)
{
    return s->is_f64 ? ((const double *)s->x)[at] : (double)((const float *)s->x)[at];
}

enum { LANES = 8 };
typedef struct extremes {
    double most[LANES], low[LANES], high[LANES], sum[LANES];
} extremes;

static inline void survey_value(double x, double z, int lane, extremes *e)
{
    double size = fabs(x);
    e->most[lane] = size > e->most[lane] ? size : e->most[lane];
    e->low[lane] = z < e->low[lane] ? z : e->low[lane];
    e->high[lane] = z > e->high[lane] ? z : e->high[lane];
    e->sum[lane] += z * z;
}

/* Over the training rows, of the values x before and after z: largest size, extremes, sum of
 * squares in a fixed order; into lane 0. */
EAE_CLONES static void survey_values(const double *x, const double *z, int64_t n, extremes *out)
{
    extremes e = {{0}, {0}, {0}, {0}};
    int64_t i = 0;
    for (int k = 0; k < LANES; k++)
        e.low[k] = e.high[k] = z[0];
    for (; i + LANES <= n; i += LANES) {
        for (int k = 0; k < LANES; k++)
            survey_value(x[i + k], z[i + k], k, &e);
    }
    for (int k = 0; i < n; i++, k++)
        survey_value(x[i], z[i], k, &e);
    for (int k = 1; k < LANES; k++) {
        double sum = e.sum[0];
        survey_value(e.most[k], e.low[k], 0, &e);
        survey_value(e.most[k], e.high[k], 0, &e);
        e.sum[0] = sum + e.sum[k];
    }
    *out = e;
}

/* `work` holds 2 n. */
static void survey_feature(eae_svm_pool *p, int64_t j, double *work, bool *null)
{
    const eae_features *s = p->spec.features;
    int64_t n = p->spec.n;
    double shift = s->shift ? s->shift[j] : 0, inverse = s->inverse ? s->inverse[j] : 1;
    double *x = work, *z = work + n;
    extremes e;
    for (int64_t i = 0; i < n; i++) {
        x[i] = raw_value(s, j * s->ld + p->spec.row[i]);
        z[i] = (x[i] - shift) * inverse;
    }
    survey_values(x, z, n, &e);
    p->norm[j] = sqrt(e.sum[0]) * (1 + 1e-12); /* a hair more: a bound must stay one */
    p->raw[j] = 2 * fmax(e.most[0], fabs(shift)) * fabs(inverse);
    *null = e.high[0] == e.low[0] && (p->spec.free_bias || z[0] == 0);
}

static int survey_block(void *context, int64_t block, int worker)
{
    survey *g = context;
    const eae_svm_pool_spec *s = &g->pool->spec;
    double *work = eae_malloc((size_t)s->n, 2 * sizeof *work);
    (void)worker;
    for (int64_t k = block * BLOCK; k < (block + 1) * BLOCK && k < s->count; k++)
        survey_feature(g->pool, s->active[k], work, &g->null[k]);
    free(work);
    return EAE_OK;
}

/* ---- new and free ---------------------------------------------------------------------------- */

static int allocate(eae_svm_pool *p)
{
    const eae_svm_pool_spec *s = &p->spec;
    size_t cols = (size_t)s->features->cols, count = (size_t)s->count, sides = (size_t)s->sides;
    size_t nb = (size_t)s->n * sides;
    p->norm = eae_try_alloc(cols, 2 * sizeof(double), "norms of features");
    p->slot = eae_try_alloc(cols, sizeof(int64_t), "places of features");
    p->work = eae_try_alloc(count, sizeof *p->work, "scores of features");
    p->w = eae_try_alloc(count * sides, sizeof(double), "weights of features");
    p->list[0] = eae_try_alloc(count, (LEVELS + 2) * sizeof(int64_t), "lists of features");
    if (!p->norm || !p->slot || !p->work || !p->w || !p->list[0])
        return EAE_FAIL;
    p->raw = p->norm + cols;
    for (int k = 1; k <= LEVELS; k++)
        p->list[k] = p->list[0] + k * s->count;
    p->null = p->list[0] + (LEVELS + 1) * s->count;
    p->across = EAE_NEW_ARRAY(double, (size_t)s->features->rows *sides);
    p->present = EAE_NEW_ARRAY(double, nb *(LEVELS + 2) + (size_t)p->ld + 2 * sides);
    for (int k = 0; k < LEVELS; k++)
        p->epoch[k].b = p->present + nb * (size_t)(k + 1);
    p->d = p->present + nb * (LEVELS + 1);
    p->null_z = p->d + nb;
    p->zero = p->null_z + p->ld;
    p->t = p->zero + sides;
    p->p = EAE_NEW_ARRAY(int16_t, p->ld);
    return EAE_OK;
}

int eae_svm_pool_new(eae_svm_pool **pool, const eae_svm_pool_spec *spec)
{
    static const double first_targets[LEVELS] = {500, 2000, 8000};
    eae_svm_pool *p = *pool = EAE_NEW(eae_svm_pool);
    p->spec = *spec;
    p->ld = eae_features_stride(spec->n);
    p->left = spec->count;
    p->whole = (int)fmin(floor(sqrt(0x1p31 / (double)p->ld)) - 1, INT16_MAX);
    p->side_by_side = true;
    for (int64_t i = 1; i < spec->n; i++)
        p->side_by_side &= spec->row[i] == spec->row[0] + i;
    if (allocate(p)) {
        eae_svm_pool_free(p);
        *pool = NULL;
        return EAE_FAIL;
    }
    survey g = {p, EAE_NEW_ARRAY(bool, spec->count)};
    eae_parallel(spec->threads, (spec->count + BLOCK - 1) / BLOCK, survey_block, &g);
    for (int64_t k = 0; k < spec->count; k++) {
        int64_t j = spec->active[k];
        p->slot[j] = -1;
        if (g.null[k])
            p->null[p->null_count++] = j;
        else
            p->list[LEVELS][p->count[LEVELS]++] = j;
    }
    free(g.null);
    for (int k = 0; k < LEVELS; k++)
        p->epoch[k].target = first_targets[k];
    return EAE_OK;
}

void eae_svm_pool_free(eae_svm_pool *p)
{
    if (!p)
        return;
    void *all[] = {p->norm, p->slot,  p->work, p->w,         p->list[0], p->across,  p->present,
                   p->q,    p->scale, p->dot,  p->candidate, p->z,       p->found_w, p->p};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free(all[k]);
    free(p);
}

static double square_of(const double *w, int64_t n)
{
    double sum = 0;
    for (int64_t s = 0; s < n; s++)
        sum += w[s] * w[s];
    return sum;
}

static const char near_what[] = "the near features";

/* `old` bytes kept, `size` bytes in all, aligned. */
static int grow(void *array, size_t old, size_t size)
{
    void **from = array, *to = eae_try_alloc(size, 1, near_what);
    if (!to)
        return EAE_FAIL;
    if (*from)
        memcpy(to, *from, old);
    free(*from);
    *from = to;
    return EAE_OK;
}

/* ---- values of a feature --------------------------------------------------------------------- */

EAE_CLONES static void convert_f32(const float *x, double shift, double inverse, int64_t n,
                                   double *z)
{
    for (int64_t i = 0; i < n; i++)
        z[i] = ((double)x[i] - shift) * inverse;
}

static void copy_values(const eae_svm_pool *p, int64_t j, double *z)
{
    const eae_features *s = p->spec.features;
    double shift = s->shift ? s->shift[j] : 0, inverse = s->inverse ? s->inverse[j] : 1;
    const int64_t *row = p->spec.row;
    if (!s->is_f64 && p->side_by_side) {
        convert_f32((const float *)s->x + j * s->ld + row[0], shift, inverse, p->spec.n, z);
        return;
    }
    for (int64_t i = 0; i < p->spec.n; i++)
        z[i] = (raw_value(s, j * s->ld + row[i]) - shift) * inverse;
}

EAE_CLONES static double largest_of(const double *x, int64_t n)
{
    double most[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int k = 0; k < 8; k++)
            most[k] = fabs(x[i + k]) > most[k] ? fabs(x[i + k]) : most[k];
    }
    for (; i < n; i++)
        most[0] = fabs(x[i]) > most[0] ? fabs(x[i]) : most[0];
    for (int k = 1; k < 8; k++)
        most[0] = most[k] > most[0] ? most[k] : most[0];
    return most[0];
}

/* x = scale q to within scale / 2; zeros behind n come from the caller. Returns scale. */
EAE_CLONES static double whole_numbers(const double *x, int64_t n, double largest, int whole,
                                       int16_t *q)
{
    double scale = largest / whole, by = scale > 1e-290 ? 1 / scale : 0;
    for (int64_t i = 0; i < n; i++) {
        double v = x[i] * by;
        q[i] = (int16_t)(int32_t)(v + (v < 0 ? -0.5 : 0.5));
    }
    return scale;
}

/* ---- the near ones --------------------------------------------------------------------------- */

/* Arrays of the near ones lie one behind the other: scale, size, margin, lower, upper, near_w. */
static int make_room(eae_svm_pool *p, int64_t count)
{
    if (count <= p->near_room)
        return EAE_OK;
    size_t old = (size_t)p->near_room, room = (size_t)(count + count / 4), ld = (size_t)p->ld;
    int sides = p->spec.sides;
    double *from = p->scale, *to = eae_try_alloc(room * (size_t)(5 + sides), sizeof *to, near_what);
    if (!to || grow(&p->q, old * ld * sizeof *p->q, room * ld * sizeof *p->q) ||
        grow(&p->dot, 0, room * sizeof *p->dot)) {
        free(to);
        return EAE_FAIL;
    }
    for (int k = 0; k < 5 + sides && from; k++)
        memcpy(to + (size_t)k * room, from + (size_t)k * old, old * sizeof *to);
    free(from);
    double **slots[] = {&p->scale, &p->size, &p->margin, &p->lower, &p->upper, &p->near_w};
    for (size_t k = 0; k < sizeof slots / sizeof *slots; k++)
        *slots[k] = to + k * room;
    p->near_room = (int64_t)room;
    return EAE_OK;
}

static void move_slot(eae_svm_pool *p, int64_t from, int64_t to)
{
    if (from == to)
        return;
    memcpy(p->q + to * p->ld, p->q + from * p->ld, (size_t)p->ld * sizeof *p->q);
    p->scale[to] = p->scale[from];
    p->size[to] = p->size[from];
    p->margin[to] = p->margin[from];
    for (int s = 0; s < p->spec.sides; s++)
        p->near_w[s * p->near_room + to] = p->near_w[s * p->near_room + from];
    p->list[0][to] = p->list[0][from];
    p->slot[p->list[0][to]] = to;
}

static void fill_slot(eae_svm_pool *p, int64_t slot, int64_t j)
{
    double *z = p->null_z;
    int16_t *q = p->q + slot * p->ld;
    copy_values(p, j, z);
    memset(q + p->spec.n, 0, (size_t)(p->ld - p->spec.n) * sizeof *q);
    p->scale[slot] = whole_numbers(z, p->spec.n, largest_of(z, p->spec.n), p->whole, q);
    p->size[slot] = p->norm[j] + p->scale[slot] * sqrt((double)p->spec.n) / 2;
    p->list[0][slot] = j;
    p->slot[j] = slot;
    p->done[3]++;
}

/* The near ones become work[0 .. count-1]; those that are there already stay where they are, new
 * ones take the places of those that go. */
static void fill_slots(eae_svm_pool *p, int64_t count, int64_t old)
{
    enum { STAYS = -2 };
    int64_t hole = 0;
    for (int64_t k = 0; k < count; k++) {
        int64_t *slot = &p->slot[p->work[k].feature];
        p->work[k].place = *slot;
        *slot = *slot >= 0 ? STAYS : *slot;
    }
    for (int64_t k = 0; k < old; k++) {
        int64_t *slot = &p->slot[p->list[0][k]];
        bool stays = *slot == STAYS;
        *slot = stays ? k : -1;
        p->list[0][k] = stays ? p->list[0][k] : -1;
    }
    for (int64_t k = 0; k < count; k++) {
        if (p->work[k].place >= 0)
            continue;
        while (hole < old && p->list[0][hole] >= 0)
            hole++;
        fill_slot(p, hole++, p->work[k].feature);
    }
    for (int64_t end = hole > old ? hole : old; hole < end; hole++) {
        while (end > hole && p->list[0][end - 1] < 0)
            end--;
        if (hole < end && p->list[0][hole] < 0)
            move_slot(p, --end, hole);
    }
}

static int set_near(eae_svm_pool *p, int64_t count)
{
    int64_t old = p->count[0];
    int sides = p->spec.sides;
    if (make_room(p, count > old ? count : old))
        return EAE_FAIL;
    fill_slots(p, count, old);
    p->count[0] = count;
    for (int64_t k = 0; k < count; k++) {
        const entry *e = &p->work[k];
        int64_t slot = p->slot[e->feature];
        p->margin[slot] = (e->upper - e->score) / 2;
        for (int s = 0; s < sides; s++)
            p->near_w[s * p->near_room + slot] = p->w[e->at * sides + s];
    }
    return EAE_OK;
}

/* Exact: sums of whole numbers that fit. Four lines at a time share the loop. */
EAE_CLONES static void whole_dots(const int16_t *restrict q, int64_t count, int64_t ld,
                                  const int16_t *restrict p, int32_t *restrict dot)
{
    int64_t k = 0, n = ld / 16 * 16; /* ld is a multiple of 16; now the compiler knows, too */
    for (; k + 4 <= count; k += 4) {
        const int16_t *a = q + k * ld, *b = a + ld, *c = b + ld, *d = c + ld;
        int32_t sa = 0, sb = 0, sc = 0, sd = 0;
        for (int64_t i = 0; i < n; i++) {
            sa += (int32_t)a[i] * p[i];
            sb += (int32_t)b[i] * p[i];
            sc += (int32_t)c[i] * p[i];
            sd += (int32_t)d[i] * p[i];
        }
        dot[k] = sa;
        dot[k + 1] = sb;
        dot[k + 2] = sc;
        dot[k + 3] = sd;
    }
    for (; k < count; k++) {
        int32_t sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += (int32_t)q[k * ld + i] * p[i];
        dot[k] = sum;
    }
}

/* Score of one side, |a w + scale (t dot)|; or its square added to `score` where there are more. */
EAE_CLONES static void add_scores(double a, const double *restrict w, const double *restrict scale,
                                  double t, const int32_t *restrict dot, int64_t count, bool alone,
                                  double *restrict score)
{
    for (int64_t k = 0; k < count; k++) {
        double v = a * w[k] + scale[k] * (t * (double)dot[k]);
        score[k] = alone ? fabs(v) : score[k] + v * v;
    }
}

EAE_CLONES static void roots(double *x, int64_t count)
{
    for (int64_t k = 0; k < count; k++)
        x[k] = sqrt(x[k]);
}

/* From scores, in `lower`, to their bounds. */
EAE_CLONES static void near_errors(const eae_svm_pool *p, double per_size, double per_scale,
                                   int64_t count, double *restrict lower, double *restrict upper)
{
    const double *size = p->size, *scale = p->scale, *margin = p->margin;
    double a = p->epoch[0].a;
    for (int64_t k = 0; k < count; k++) {
        double score = lower[k];
        double error = per_size * size[k] + per_scale * scale[k] + a * margin[k] + 1e-14 * score;
        upper[k] = score + error;
        lower[k] = score - error;
    }
}

/* d of side s: since the epoch of set 0, in whole numbers; returns |d|^2. */
static double near_difference(eae_svm_pool *p, int s)
{
    const epoch *e = &p->epoch[0];
    int64_t n = p->spec.n;
    int sides = p->spec.sides;
    for (int64_t i = 0; i < n; i++)
        p->d[i] = p->present[i * sides + s] - e->a * e->b[i * sides + s];
    p->t[s] = whole_numbers(p->d, n, largest_of(p->d, n), p->whole, p->p);
    return square_of(p->d, n);
}

/* Bounds of the near ones' scores. */
static void near_bounds(eae_svm_pool *p)
{
    int64_t count = p->count[0];
    double square = 0, steps = 0;
    int sides = p->spec.sides;
    memset(p->lower, 0, (size_t)count * sizeof *p->lower);
    for (int s = 0; s < sides; s++) {
        square += near_difference(p, s);
        steps += p->t[s] * p->t[s];
        whole_dots(p->q, count, p->ld, p->p, p->dot);
        add_scores(p->epoch[0].a, p->near_w + s * p->near_room, p->scale, p->t[s], p->dot, count,
                   sides == 1, p->lower);
    }
    if (sides > 1)
        roots(p->lower, count);
    double half = sqrt((double)p->spec.n) / 2 * (1 + 1e-9);
    near_errors(p, half * sqrt(steps), half * sqrt(square), count, p->lower, p->upper);
    p->done[0] += count;
}

EAE_CLONES static int any_within(const double *x, int64_t n, double limit)
{
    int any = 0;
    for (int64_t k = 0; k < n; k++)
        any |= x[k] <= limit;
    return any;
}

/* How many from k on to skip because none is within the limit: a block, or 0. */
static int64_t skip(const double *x, int64_t k, int64_t count, double limit)
{
    enum { AT_ONCE = 64 };
    int64_t n = count - k < AT_ONCE ? count - k : AT_ONCE;
    return k % AT_ONCE == 0 && !any_within(x + k, n, limit) ? n : 0;
}

static double second_smallest(const double *x, int64_t count)
{
    double best = INFINITY, second = INFINITY;
    for (int64_t k = 0, n; k < count; k += n) {
        n = skip(x, k, count, second);
        if (n > 0)
            continue;
        n = 1;
        if (x[k] < second) {
            second = x[k] < best ? best : x[k];
            best = x[k] < best ? x[k] : best;
        }
    }
    return second;
}

static int add_candidate(eae_svm_pool *p, int64_t j)
{
    if (p->found == p->found_room) {
        size_t old = (size_t)p->found, room = 2 * old + 16, ld = (size_t)p->ld * sizeof *p->z;
        size_t wide = (size_t)p->spec.sides * sizeof(double);
        if (grow(&p->candidate, old * sizeof *p->candidate, room * sizeof *p->candidate) ||
            grow(&p->z, old * ld, room * ld) || grow(&p->found_w, 0, room * wide))
            return EAE_FAIL;
        memset(p->z + old * (size_t)p->ld, 0, (room - old) * ld);
        p->found_room = (int64_t)room;
    }
    p->candidate[p->found] = j;
    copy_values(p, j, p->z + p->found++ * p->ld);
    return EAE_OK;
}

/* The near ones that may be among the two smallest. */
static int find_candidates(eae_svm_pool *p)
{
    near_bounds(p);
    double second = second_smallest(p->upper, p->count[0]);
    p->found = 0;
    for (int64_t k = 0, n; k < p->count[0]; k += n) {
        n = skip(p->lower, k, p->count[0], second);
        if (n > 0)
            continue;
        n = 1;
        if (p->lower[k] <= second && add_candidate(p, p->list[0][k]))
            return EAE_FAIL;
    }
    p->done[1] += p->found;
    return EAE_OK;
}

static double found_square(const eae_svm_pool *p, int64_t k)
{
    return k < 0 ? INFINITY : square_of(p->found_w + k * p->spec.sides, p->spec.sides);
}

/* The two smallest scores of the near ones at p->present. */
static int score_near(eae_svm_pool *p)
{
    p->best = p->second = -1;
    p->scored = true;
    if (p->count[0] == 0)
        return EAE_OK;
    if (find_candidates(p))
        return EAE_FAIL;
    eae_features z = {.x = p->z, .is_f64 = true, .rows = p->spec.n, .ld = p->ld, .cols = p->found};
    if (p->spec.kernels->feature_weights(&z, NULL, p->found, p->present, p->spec.sides, p->found_w))
        return EAE_FAIL;
    for (int64_t k = 0; k < p->found; k++) {
        double square = found_square(p, k), best = found_square(p, p->best);
        if (square < best || (square == best && p->candidate[k] < p->candidate[p->best])) {
            p->second = p->best;
            p->best = k;
        } else if (square < found_square(p, p->second)) {
            p->second = k;
        }
    }
    return EAE_OK;
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* a F(r / a): nothing outside has a smaller score while |b - a b_e| <= r. */
static double bound_at(const epoch *e, double a, double r)
{
    double x = r / a;
    for (int k = 0; k + 1 < GRID; k++) {
        if (x <= e->x[k + 1]) {
            double part = e->x[k + 1] > e->x[k] ? (x - e->x[k]) / (e->x[k + 1] - e->x[k]) : 1;
            return a * (e->f[k] + part * (e->f[k + 1] - e->f[k])) * (1 - 1e-12);
        }
    }
    return -INFINITY;
}

/* Sums of (b - c)^2 and of (b - c) c in one pass and a fixed order. */
EAE_CLONES static void difference(const double *b, const double *c, int64_t n, double *square,
                                  double *dot)
{
    double s[8] = {0}, t[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int k = 0; k < 8; k++) {
            double d = b[i + k] - c[i + k];
            s[k] += d * d;
            t[k] += d * c[i + k];
        }
    }
    for (int k = 0; i < n; i++, k++) {
        double d = b[i] - c[i];
        s[k] += d * d;
        t[k] += d * c[i];
    }
    *square = ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
    *dot = ((t[0] + t[4]) + (t[1] + t[5])) + ((t[2] + t[6]) + (t[3] + t[7]));
}

/* The a of the least r: with d = b - b_e, r^2 = d'd - (d'b_e)^2 / b_e'b_e. */
static void look(const eae_svm_pool *p, epoch *e)
{
    double square, dot;
    difference(p->present, e->b, p->spec.n * p->spec.sides, &square, &dot);
    double part = e->size > 0 ? dot / e->size : 0, rest = square - dot * part;
    e->a = 1 + part;
    e->r = sqrt(fmax(rest, 0) + 1e-13 * square) * (1 + 1e-12);
}

static bool holds(const epoch *e, double need)
{
    return e->everything || (e->since && e->a > 0 && bound_at(e, e->a, e->r) > need);
}

/* The largest set whose bound does not hold; -1: what was found is the smallest of all. */
static int broken(eae_svm_pool *p)
{
    double need = sqrt(found_square(p, p->second)) * (1 + 1e-12);
    for (int k = LEVELS; k-- > 0;) {
        epoch *e = &p->epoch[k];
        if (holds(e, need))
            continue;
        if (e->since)
            look(p, e);
        if (!holds(e, need)) {
            e->horizon = e->since && e->a > 0 ? e->r / e->a : e->horizon;
            return k;
        }
    }
    return -1;
}

/* ---- choosing the sets anew ------------------------------------------------------------------ */

static void spread_b(eae_svm_pool *p)
{
    const eae_svm_pool_spec *s = &p->spec;
    memset(p->across, 0, (size_t)s->features->rows * (size_t)s->sides * sizeof *p->across);
    for (int64_t i = 0; i < s->n; i++) {
        for (int q = 0; q < s->sides; q++)
            p->across[s->row[i] * s->sides + q] += p->present[i * s->sides + q];
    }
}

/* Bounds of the scores of a list at p->present, behind work[at]. */
static int score_list(eae_svm_pool *p, const int64_t *list, int64_t count, int64_t at)
{
    const eae_svm_pool_spec *s = &p->spec;
    double length = 0, unit = (double)(s->features->ld + 8) * DBL_EPSILON;
    double *w = p->w + at * s->sides;
    for (int64_t i = 0; i < s->n * s->sides; i++)
        length += fabs(p->present[i]);
    if (count && s->kernels->feature_weights(s->features, list, count, p->across, s->sides, w))
        return EAE_FAIL;
    for (int64_t k = 0; k < count; k++) {
        double score = sqrt(square_of(w + k * s->sides, s->sides));
        double margin = unit * length * p->raw[list[k]] + 1e-12 * score;
        p->work[at + k] = (entry){.score = score - margin,
                                  .upper = score + margin,
                                  .norm = p->norm[list[k]],
                                  .feature = list[k],
                                  .at = at + k};
    }
    p->done[2] += count;
    return EAE_OK;
}

static void swap(entry *a, entry *b)
{
    entry t = *a;
    *a = *b;
    *b = t;
}

/* The `keep` smallest keys come first. */
static void select_smallest(entry *e, int64_t count, int64_t keep)
{
    int64_t low = 0, high = count - 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2, i = low, j = high;
        if (e[middle].key < e[low].key)
            swap(&e[middle], &e[low]);
        if (e[high].key < e[low].key)
            swap(&e[high], &e[low]);
        if (e[high].key < e[middle].key)
            swap(&e[high], &e[middle]);
        double pivot = e[middle].key;
        while (i <= j) {
            while (e[i].key < pivot)
                i++;
            while (e[j].key > pivot)
                j--;
            if (i <= j)
                swap(&e[i++], &e[j--]);
        }
        if (keep - 1 <= j)
            high = j;
        else if (keep - 1 >= i)
            low = i;
        else
            return;
    }
}

/* F over what is left outside, from 0 to a little beyond where it meets `second`. */
static void set_bound(epoch *e, const entry *outside, int64_t count, double second)
{
    static const double part[GRID] = {0, 0.5, 1, 1.25};
    double reach = INFINITY;
    for (int64_t k = 0; k < count; k++) {
        double gap = outside[k].score - second;
        if (gap < reach * outside[k].norm)
            reach = gap / outside[k].norm;
    }
    reach = isfinite(reach) ? fmax(reach, 0) : 1;
    for (int g = 0; g < GRID; g++) {
        e->x[g] = part[g] * reach;
        e->f[g] = INFINITY;
        for (int64_t k = 0; k < count; k++)
            e->f[g] = fmin(e->f[g], outside[k].score - outside[k].norm * e->x[g]);
    }
}

/* The second smallest upper bound: what is below it may be wanted at once. */
static double second_upper(const entry *e, int64_t count)
{
    double best = INFINITY, second = INFINITY;
    for (int64_t k = 0; k < count; k++) {
        if (e[k].upper < best) {
            second = best;
            best = e[k].upper;
        } else if (e[k].upper < second) {
            second = e[k].upper;
        }
    }
    return second;
}

static void begin_epoch(eae_svm_pool *p, epoch *e)
{
    int64_t n = p->spec.n * p->spec.sides;
    memcpy(e->b, p->present, (size_t)n * sizeof *e->b);
    e->size = square_of(e->b, n);
    e->since = p->step;
    e->a = 1;
    e->r = 0;
}

/* Set `level` from the first `count` of work; returns how many it keeps. */
static int64_t choose_set(eae_svm_pool *p, int level, int64_t count, double second)
{
    epoch *e = &p->epoch[level];
    int64_t keep = (int64_t)e->target;
    begin_epoch(p, e);
    p->count[level + 1] = 0;
    e->everything = keep >= count;
    if (e->everything)
        return count;
    for (int64_t k = 0; k < count; k++)
        p->work[k].key = p->work[k].score - p->work[k].norm * e->horizon;
    select_smallest(p->work, count, keep);
    for (int64_t k = keep; k < count; k++) {
        if (p->work[k].score <= second)
            swap(&p->work[k], &p->work[keep++]);
    }
    e->everything = keep >= count;
    set_bound(e, p->work + keep, count - keep, second);
    for (int64_t k = keep; k < count; k++)
        p->list[level + 1][p->count[level + 1]++] = p->work[k].feature;
    return keep;
}

/* A larger set lasts longer and costs more on the way; at best making it anew costs half of what
 * keeping it does, per step (its size grows about as the root of the steps it lasts). To score a
 * feature for a set costs about as much as to look at ten near ones. */
static void adapt(eae_svm_pool *p, int level)
{
    epoch *e = &p->epoch[level];
    if (!e->since)
        return;
    double steps = (double)(p->step - e->since) + 0.5, inside = 0, keeping = (double)p->count[0];
    for (int k = 0; k <= level + 1; k++)
        inside += (double)p->count[k];
    if (level > 0) {
        double lasts = (double)(p->step - p->epoch[level - 1].since) + 0.5;
        keeping = 10 * e->target / fmax(lasts, 1);
    }
    e->target *= 10 * inside / steps > keeping / 2 ? 1.2 : 1 / 1.1;
    e->target = fmax(e->target, level ? 2 * p->epoch[level - 1].target : LEAST_NEAR);
}

static int choose_sets(eae_svm_pool *p, int level)
{
    int64_t count = 0;
    spread_b(p);
    adapt(p, level);
    for (int k = 0; k <= level + 1; k++) {
        if (score_list(p, p->list[k], p->count[k], count))
            return EAE_FAIL;
        count += p->count[k];
    }
    double second = second_upper(p->work, count);
    for (int k = level; k >= 0; k--)
        count = choose_set(p, k, count, second);
    return set_near(p, count);
}

/* ---- picking --------------------------------------------------------------------------------- */

static void give(eae_svm_pool *p, eae_svm_pick *pick)
{
    double best = found_square(p, p->best), second = found_square(p, p->second);
    int64_t j = p->null_next < p->null_count ? p->null[p->null_next] : -1;
    if (j >= 0 && (best > 0 || j < p->candidate[p->best])) {
        copy_values(p, j, p->null_z);
        *pick = (eae_svm_pick){.feature = j,
                               .next = p->null_next + 1 < p->null_count ? 0 : best,
                               .w = p->zero,
                               .z = p->norm[j] > 0 ? p->null_z : NULL};
        p->picked = -1;
        return;
    }
    p->picked = p->candidate[p->best];
    *pick = (eae_svm_pick){.feature = p->picked,
                           .square = best,
                           .next = j >= 0 ? 0 : second,
                           .w = p->found_w + p->best * p->spec.sides,
                           .z = p->z + p->best * p->ld};
}

/* b is the present one now; what is known of distances grows by the length of the move. */
static void move_to(eae_svm_pool *p, const double *b)
{
    int64_t n = p->spec.n * p->spec.sides;
    double square, dot;
    difference(b, p->present, n, &square, &dot);
    memcpy(p->present, b, (size_t)n * sizeof *b);
    for (int k = 0; k < LEVELS; k++)
        p->epoch[k].r += sqrt(square) * (1 + 1e-12);
    p->scored &= square == 0;
}

int eae_svm_pool_pick(eae_svm_pool *p, const double *b, eae_svm_pick *pick)
{
    int level;
    p->step++;
    move_to(p, b);
    if (p->epoch[0].since)
        look(p, &p->epoch[0]);
    if (!p->scored && score_near(p))
        return EAE_FAIL;
    while ((level = broken(p)) >= 0) {
        if (choose_sets(p, level) || score_near(p))
            return EAE_FAIL;
        if (p->best < 0)
            return eae_fail("a weight is not a number");
    }
    give(p, pick);
    return EAE_OK;
}

void eae_svm_pool_remove(eae_svm_pool *p)
{
    p->left--;
    if (p->picked < 0) {
        p->null_next++;
        return;
    }
    int64_t slot = p->slot[p->picked];
    p->slot[p->picked] = -1;
    move_slot(p, --p->count[0], slot);
    p->scored = false;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t eae_svm_pool_left(const eae_svm_pool *p, int64_t *active)
{
    int64_t count = 0;
    if (!active)
        return p->left;
    for (int k = 0; k <= LEVELS; k++) {
        if (p->count[k])
            memcpy(active + count, p->list[k], (size_t)p->count[k] * sizeof *active);
        count += p->count[k];
    }
    for (int64_t k = p->null_next; k < p->null_count; k++)
        active[count++] = p->null[k];
    qsort(active, (size_t)count, sizeof *active, by_number);
    return count;
}

void eae_svm_pool_work(const eae_svm_pool *p, int64_t work[4])
{
    memcpy(work, p->done, sizeof p->done);
}
