/* svm_pool_near.c - features in whole numbers, and the few that decide; see svm_pool_parts.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"
#include "model/gram_internal.h"
#include "model/svm_pool_parts.h"

static const char what[] = "the near features";

/* ---- values of a feature --------------------------------------------------------------------- */

double eae_pool_raw(const eae_features *s, int64_t at)
{
    return s->is_f64 ? ((const double *)s->x)[at] : (double)((const float *)s->x)[at];
}

EAE_CLONES static void convert_f32(const float *x, double shift, double inverse, int64_t n,
                                   double *z)
{
    for (int64_t i = 0; i < n; i++)
        z[i] = ((double)x[i] - shift) * inverse;
}

void eae_pool_values(const eae_svm_pool *p, int64_t j, double *z)
{
    const eae_features *s = p->spec.features;
    double shift = s->shift ? s->shift[j] : 0, inverse = s->inverse ? s->inverse[j] : 1;
    const int64_t *row = p->spec.row;
    if (!s->is_f64 && p->side_by_side) {
        convert_f32((const float *)s->x + j * s->ld + row[0], shift, inverse, p->spec.n, z);
        return;
    }
    for (int64_t i = 0; i < p->spec.n; i++)
        z[i] = (eae_pool_raw(s, j * s->ld + row[i]) - shift) * inverse;
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

/* x = scale q to within scale / 2; zeros behind n are there already. Returns scale. */
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

/* ---- slots ----------------------------------------------------------------------------------- */

/* `old` bytes kept, `size` bytes in all, aligned. */
static int grow(void *array, size_t old, size_t size)
{
    void **from = array, *to = eae_try_alloc(size, 1, what);
    if (!to)
        return EAE_FAIL;
    if (*from)
        memcpy(to, *from, old);
    free(*from);
    *from = to;
    return EAE_OK;
}

/* Arrays of doubles lie one behind the other: scale, size, margin, lower, upper, w_then. */
static int make_room(eae_svm_pool *p, int64_t count)
{
    if (count <= p->room)
        return EAE_OK;
    size_t old = (size_t)p->room, room = (size_t)(count + count / 4), ld = (size_t)p->ld;
    int sides = p->spec.sides;
    double *from = p->scale, *to = eae_try_alloc(room * (size_t)(5 + sides), sizeof *to, what);
    if (!to || grow(&p->q, old * ld * sizeof *p->q, room * ld * sizeof *p->q) ||
        grow(&p->dot, 0, room * sizeof *p->dot)) {
        free(to);
        return EAE_FAIL;
    }
    for (int k = 0; k < 5 + sides && from; k++)
        memcpy(to + (size_t)k * room, from + (size_t)k * old, old * sizeof *to);
    free(from);
    double **slots[] = {&p->scale, &p->size, &p->margin, &p->lower, &p->upper, &p->w_then};
    for (size_t k = 0; k < sizeof slots / sizeof *slots; k++)
        *slots[k] = to + k * room;
    p->room = (int64_t)room;
    return EAE_OK;
}

static void copy_slot(eae_svm_pool *p, int64_t from, int64_t to)
{
    if (from == to)
        return;
    memcpy(p->q + to * p->ld, p->q + from * p->ld, (size_t)p->ld * sizeof *p->q);
    p->scale[to] = p->scale[from];
    p->size[to] = p->size[from];
    p->margin[to] = p->margin[from];
    for (int s = 0; s < p->spec.sides; s++)
        p->w_then[s * p->room + to] = p->w_then[s * p->room + from];
    p->member[to] = p->member[from];
    p->slot[p->member[to]] = to;
}

static void swap_doubles(double *a, double *b)
{
    double t = *a;
    *a = *b;
    *b = t;
}

static void swap_slots(eae_svm_pool *p, int64_t a, int64_t b)
{
    int16_t *qa = p->q + a * p->ld, *qb = p->q + b * p->ld;
    for (int64_t i = 0; i < p->ld; i++) {
        int16_t t = qa[i];
        qa[i] = qb[i];
        qb[i] = t;
    }
    swap_doubles(&p->scale[a], &p->scale[b]);
    swap_doubles(&p->size[a], &p->size[b]);
    swap_doubles(&p->margin[a], &p->margin[b]);
    for (int s = 0; s < p->spec.sides; s++)
        swap_doubles(&p->w_then[s * p->room + a], &p->w_then[s * p->room + b]);
    int64_t j = p->member[a];
    p->member[a] = p->member[b];
    p->member[b] = j;
    p->slot[p->member[a]] = a;
    p->slot[j] = b;
}

static void fill_slot(eae_svm_pool *p, int64_t slot, int64_t j)
{
    double *z = p->scratch;
    int16_t *q = p->q + slot * p->ld;
    eae_pool_values(p, j, z);
    memset(q + p->spec.n, 0, (size_t)(p->ld - p->spec.n) * sizeof *q);
    p->scale[slot] = whole_numbers(z, p->spec.n, largest_of(z, p->spec.n), p->whole, q);
    p->size[slot] = p->extent[j].norm + p->scale[slot] * sqrt((double)p->spec.n) / 2;
    p->member[slot] = j;
    p->slot[j] = slot;
    p->done[3]++;
}

/* Slots of features that are in work and in already stay; new features take the places of those
 * that go. */
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
        int64_t *slot = &p->slot[p->member[k]];
        bool stays = *slot == STAYS;
        *slot = stays ? k : -1;
        p->member[k] = stays ? p->member[k] : -1;
    }
    for (int64_t k = 0; k < count; k++) {
        if (p->work[k].place >= 0)
            continue;
        while (hole < old && p->member[hole] >= 0)
            hole++;
        fill_slot(p, hole++, p->work[k].feature);
    }
    for (int64_t end = hole > old ? hole : old; hole < end; hole++) {
        while (end > hole && p->member[end - 1] < 0)
            end--;
        if (hole < end && p->member[hole] < 0)
            copy_slot(p, --end, hole);
    }
}

int eae_pool_fill(eae_svm_pool *p, int64_t count)
{
    int64_t old = p->inside;
    int sides = p->spec.sides;
    if (make_room(p, count > old ? count : old))
        return EAE_FAIL;
    fill_slots(p, count, old);
    p->inside = count;
    p->near = 0;
    for (int64_t k = 0; k < count; k++) {
        const eae_pool_entry *e = &p->work[k];
        int64_t slot = p->slot[e->feature];
        p->margin[slot] = (e->upper - e->score) / 2;
        for (int s = 0; s < sides; s++)
            p->w_then[s * p->room + slot] = p->w[e->at * sides + s];
    }
    return EAE_OK;
}

void eae_pool_leave(eae_svm_pool *p, int64_t j)
{
    int64_t slot = p->slot[j];
    p->slot[j] = EAE_POOL_GONE;
    copy_slot(p, --p->near, slot);
    if (--p->inside > p->near)
        copy_slot(p, p->inside, p->near);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

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
EAE_CLONES static void add_errors(const double *size, const double *scale, const double *margin,
                                  double per_size, double per_scale, double per_margin,
                                  int64_t count, double *restrict lower, double *restrict upper)
{
    for (int64_t k = 0; k < count; k++) {
        double score = lower[k];
        double error = per_size * size[k] + per_scale * scale[k] + per_margin * margin[k];
        error += 1e-14 * score;
        upper[k] = score + error;
        lower[k] = score - error;
    }
}

/* d of a side since the set inside was made, in whole numbers of *t; returns |d|^2. */
static double difference(eae_svm_pool *p, int side, double *t)
{
    const eae_pool_epoch *e = &p->epoch[EAE_POOL_INSIDE];
    int64_t n = p->spec.n;
    int sides = p->spec.sides;
    for (int64_t i = 0; i < n; i++)
        p->d[i] = p->present[i * sides + side] - e->a * e->b[i * sides + side];
    *t = whole_numbers(p->d, n, largest_of(p->d, n), p->whole, p->p);
    return eae_gram_dot(p->d, p->d, n);
}

void eae_pool_bounds(eae_svm_pool *p, int64_t count)
{
    double square = 0, steps = 0, t, a = p->epoch[EAE_POOL_INSIDE].a;
    int sides = p->spec.sides;
    memset(p->lower, 0, (size_t)count * sizeof *p->lower);
    for (int s = 0; s < sides; s++) {
        square += difference(p, s, &t);
        steps += t * t;
        whole_dots(p->q, count, p->ld, p->p, p->dot);
        add_scores(a, p->w_then + s * p->room, p->scale, t, p->dot, count, sides == 1, p->lower);
    }
    if (sides > 1)
        roots(p->lower, count);
    double half = sqrt((double)p->spec.n) / 2 * (1 + 1e-9);
    add_errors(p->size, p->scale, p->margin, half * sqrt(steps), half * sqrt(square), a, count,
               p->lower, p->upper);
    p->done[0] += count;
}

/* ---- the smallest ---------------------------------------------------------------------------- */

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

/* mark = which are within `reach` of `second` */
EAE_CLONES static int64_t mark_near(const double *restrict lower, const double *restrict size,
                                    int64_t count, double reach, double second,
                                    int32_t *restrict mark)
{
    int64_t marked = 0;
    for (int64_t k = 0; k < count; k++) {
        mark[k] = lower[k] - size[k] * reach <= second;
        marked += mark[k];
    }
    return marked;
}

/* F(x) over those that are not marked */
EAE_CLONES static double least_outside(const double *lower, const double *size, const int32_t *mark,
                                       int64_t count, double x)
{
    double least[8];
    int64_t k = 0;
    for (int l = 0; l < 8; l++)
        least[l] = INFINITY;
    for (; k + 8 <= count; k += 8) {
        for (int l = 0; l < 8; l++) {
            double f = mark[k + l] ? INFINITY : lower[k + l] - size[k + l] * x;
            least[l] = f < least[l] ? f : least[l];
        }
    }
    for (; k < count; k++) {
        double f = mark[k] ? INFINITY : lower[k] - size[k] * x;
        least[0] = f < least[0] ? f : least[0];
    }
    for (int l = 1; l < 8; l++)
        least[0] = least[l] < least[0] ? least[l] : least[0];
    return least[0];
}

/* Marked slots go to the front. */
static void move_marked(eae_svm_pool *p, int64_t marked)
{
    int64_t hole = 0;
    for (int64_t k = marked; k < p->inside; k++) {
        if (!p->dot[k])
            continue;
        while (p->dot[hole])
            hole++;
        swap_slots(p, k, hole++);
    }
    p->near = marked;
}

void eae_pool_choose_near(eae_svm_pool *p)
{
    eae_pool_epoch *e = &p->epoch[EAE_POOL_NEAR];
    eae_pool_begin(p, e);
    eae_pool_bounds(p, p->inside);
    double second = second_smallest(p->upper, p->inside) * (1 + EAE_POOL_HAIR);
    int64_t marked = mark_near(p->lower, p->size, p->inside, e->reach, second, p->dot);
    e->everything = marked == p->inside;
    for (int g = 0; g < EAE_POOL_GRID; g++)
        e->f[g] = least_outside(p->lower, p->size, p->dot, p->inside, e->x[g]);
    move_marked(p, marked);
}

/* ---- candidates ------------------------------------------------------------------------------ */

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
    eae_pool_values(p, j, p->z + p->found++ * p->ld);
    return EAE_OK;
}

/* The near ones that may be among the two smallest. */
static int find_candidates(eae_svm_pool *p)
{
    eae_pool_bounds(p, p->near);
    double second = second_smallest(p->upper, p->near);
    p->found = 0;
    for (int64_t k = 0, n; k < p->near; k += n) {
        n = skip(p->lower, k, p->near, second);
        if (n > 0)
            continue;
        n = 1;
        if (p->lower[k] <= second && add_candidate(p, p->member[k]))
            return EAE_FAIL;
    }
    p->done[1] += p->found;
    return EAE_OK;
}

double eae_pool_square(const double *w, int64_t n)
{
    double sum = 0;
    for (int64_t s = 0; s < n; s++)
        sum += w[s] * w[s];
    return sum;
}

double eae_pool_found(const eae_svm_pool *p, int64_t k)
{
    return k < 0 ? INFINITY : eae_pool_square(p->found_w + k * p->spec.sides, p->spec.sides);
}

int eae_pool_score(eae_svm_pool *p)
{
    p->best = p->second = -1;
    p->scored = true;
    if (p->near == 0)
        return EAE_OK;
    if (find_candidates(p))
        return EAE_FAIL;
    eae_features z = {.x = p->z, .is_f64 = true, .rows = p->spec.n, .ld = p->ld, .cols = p->found};
    if (p->spec.kernels->feature_weights(&z, NULL, p->found, p->present, p->spec.sides, p->found_w))
        return EAE_FAIL;
    for (int64_t k = 0; k < p->found; k++) {
        double square = eae_pool_found(p, k), best = eae_pool_found(p, p->best);
        if (square < best || (square == best && p->candidate[k] < p->candidate[p->best])) {
            p->second = p->best;
            p->best = k;
        } else if (square < eae_pool_found(p, p->second)) {
            p->second = k;
        }
    }
    return EAE_OK;
}
