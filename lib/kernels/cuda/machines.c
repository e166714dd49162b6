/* machines.c - many support vector machines on their way to the device. See cuda.h.
 *
 * Threads that come while the device is busy wait together: who is first afterwards takes the
 * machines of all of them along in one launch. What a machine gets depends on it alone, so who came
 * together changes nothing but the time.
 */
#include "kernels/cuda/cuda.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

/* Of gradients, in units of the margin; see kernels.h. The goal is far below what is asked for,
 * because a margin that is short by so little costs it `cost` times: where multipliers are far
 * below their costs the gap is that much larger. */
static const double eps = 1e-9, goal = 1e-12;

typedef struct request {
    bool squared;
    eae_svm_task *task;
    int64_t count;
    int status;
    bool done;
    struct request *next;
} request;

typedef struct {
    eae_svm_task *task;
    bool squared;
} taken;

/* Gram matrices that tasks share, and where each lies in what is sent. */
typedef struct {
    const double **gram;
    int64_t *at, *size; /* numbers: what its rows take, the last one as far as it goes */
    int64_t count, numbers;
} matrices;

static bool fits(const eae_svm_task *t)
{
    return t->n >= 1 && t->n <= EAE_CUDA_SVM_MOST && t->rows <= INT32_MAX;
}

/* By the shape of one machine, as if there were many: how many there are depends on shards. */
static bool spares(const eae_svm_task *t)
{
    enum { MANY = 256 };
    double size = (double)t->n, all = (double)t->rows;
    return eae_cuda_spares(MANY * size * size * size, 8 * (all * all + 6 * MANY * size),
                           8 * MANY * size);
}

/* Where the matrix of a task lies; it is added where it is new. Machines with one matrix come one
 * after the other, so the last one is looked at first. */
static int64_t matrix_of(matrices *m, const eae_svm_task *t)
{
    int64_t size = (t->rows - 1) * t->ld + t->rows;
    for (int64_t k = m->count - 1; k >= 0; k--) {
        if (m->gram[k] == t->gram && m->size[k] == size)
            return m->at[k];
    }
    m->gram[m->count] = t->gram;
    m->size[m->count] = size;
    m->at[m->count++] = m->numbers;
    m->numbers += size;
    return m->at[m->count - 1];
}

static int take_matrices(matrices *m, int64_t count)
{
    *m = (matrices){.gram = eae_cuda_alloc(count, sizeof *m->gram, "support vector machines"),
                    .at = eae_cuda_alloc(count, sizeof *m->at, "support vector machines"),
                    .size = eae_cuda_alloc(count, sizeof *m->size, "support vector machines")};
    return m->gram && m->at && m->size ? EAE_OK : EAE_FAIL;
}

static void free_matrices(matrices *m)
{
    free(m->gram);
    free(m->at);
    free(m->size);
}

/* ---- lists, on the host and on the device ------------------------------------------------------
 *
 * Of 8-byte numbers; those of machines first, then those of entries, what comes back last.
 */

enum { BEGIN, MATRIX, LD, RATIO, RESIDUAL, ROW, LO, HI, LINEAR, RIDGE, B, LISTS };

typedef struct {
    void *list[LISTS];
} lists;

static int64_t length_of(int which, int64_t count, int64_t total)
{
    return which == BEGIN ? count + 1 : which <= RESIDUAL ? count : total;
}

static bool take_lists(lists *l, int64_t count, int64_t total, eae_cuda_space *space)
{
    bool there = true;
    for (int i = 0; i < LISTS; i++) {
        l->list[i] = eae_cuda_part(space, length_of(i, count, total), sizeof(double));
        there = there && l->list[i];
    }
    return there;
}

/* Entry i of the machine at `at` of the lists. */
static void fill_entry(const lists *l, const taken *t, int64_t i, int64_t at)
{
    const eae_svm_task *task = t->task;
    double cost = task->cost[i], top = t->squared ? INFINITY : cost;
    ((int64_t *)l->list[ROW])[at] = task->row ? task->row[i] : i;
    ((double *)l->list[LO])[at] = task->y[i] > 0 ? 0 : -top;
    ((double *)l->list[HI])[at] = task->y[i] > 0 ? top : 0;
    ((double *)l->list[LINEAR])[at] = task->y[i] - (task->offset ? task->offset[i] : 0);
    ((double *)l->list[RIDGE])[at] = t->squared ? 0.5 / cost : 0;
    ((double *)l->list[B])[at] = task->b[i];
}

static void fill_lists(const lists *l, const taken *t, int64_t count, const int64_t *matrix)
{
    int64_t *begin = l->list[BEGIN], at = 0;
    for (int64_t s = 0; s < count; s++) {
        begin[s] = at;
        ((int64_t *)l->list[MATRIX])[s] = matrix[s];
        ((int64_t *)l->list[LD])[s] = t[s].task->ld;
        ((double *)l->list[RATIO])[s] = t[s].task->ratio;
        for (int64_t i = 0; i < t[s].task->n; i++)
            fill_entry(l, &t[s], i, at++);
    }
    begin[count] = at;
}

static void take_back(const lists *l, const taken *t, int64_t count)
{
    const double *b = l->list[B], *residual = l->list[RESIDUAL];
    for (int64_t s = 0; s < count; s++) {
        for (int64_t i = 0; i < t[s].task->n; i++)
            t[s].task->b[i] = *b++;
        t[s].task->solved = residual[s] <= eps;
    }
}

/* ---- a launch ---------------------------------------------------------------------------------
 */

typedef struct {
    const taken *machine;
    int64_t count, total, most; /* entries of all, and of the largest */
    matrices matrices;
    int64_t *matrix; /* where that of each machine lies */
} launch;

static int compute(const launch *a, const lists *there, const double *gram)
{
    eae_cuda_svms s = {.count = a->count, .most = a->most, .eps = eps};
    s.goal = goal;
    s.gram = gram;
    s.begin = there->list[BEGIN];
    s.matrix = there->list[MATRIX];
    s.ld = there->list[LD];
    s.ratio = there->list[RATIO];
    s.residual = there->list[RESIDUAL];
    s.row = there->list[ROW];
    s.lo = there->list[LO];
    s.hi = there->list[HI];
    s.linear = there->list[LINEAR];
    s.ridge = there->list[RIDGE];
    s.b = there->list[B];
    return eae_cuda_svm_solve(&s);
}

static int send(const launch *a, const lists *here, const lists *there, double *gram)
{
    const matrices *m = &a->matrices;
    int status = EAE_OK;
    for (int64_t k = 0; k < m->count && status == EAE_OK; k++)
        status = eae_cuda_copy_in(gram + m->at[k], m->gram[k], m->size[k] * 8);
    for (int i = 0; i < LISTS && status == EAE_OK; i++) {
        if (i != RESIDUAL)
            status = eae_cuda_copy_in(there->list[i], here->list[i],
                                      length_of(i, a->count, a->total) * 8);
    }
    return status;
}

static int run_between(const launch *a, eae_cuda_space *host, eae_cuda_space *space)
{
    lists here, there;
    double *gram = eae_cuda_part(space, a->matrices.numbers, sizeof *gram);
    if (!gram || !take_lists(&here, a->count, a->total, host) ||
        !take_lists(&there, a->count, a->total, space))
        return eae_cuda_host->fail("the plan for the CUDA device is too small");
    fill_lists(&here, a->machine, a->count, a->matrix);
    int status = send(a, &here, &there, gram);
    if (status == EAE_OK)
        status = compute(a, &there, gram);
    if (status == EAE_OK)
        status = eae_cuda_copy_out(here.list[B], there.list[B], a->total * 8);
    if (status == EAE_OK)
        status = eae_cuda_copy_out(here.list[RESIDUAL], there.list[RESIDUAL], a->count * 8);
    if (status == EAE_OK)
        take_back(&here, a->machine, a->count);
    return status;
}

/* *room: false where the device cannot hold all of them at once; then nothing was done. A device
 * that does not even say what room it has has failed. */
static int run_launch(launch *a, bool *room)
{
    double bytes = 8.0 * (double)(1 + 5 * a->count + 6 * a->total);
    eae_cuda_need need = {.fixed = bytes + 8.0 * (double)a->matrices.numbers};
    eae_cuda_space space, host = {.size = (int64_t)bytes + LISTS * EAE_CUDA_ALIGN};
    int64_t panel;
    *room = eae_cuda_begin(&need, 1, &space, &panel) == EAE_OK;
    if (!*room) {
        int64_t left, total;
        return eae_cuda_device_room(&left, &total);
    }
    host.base = eae_cuda_alloc(host.size, 1, "support vector machines");
    int status = host.base ? run_between(a, &host, &space) : EAE_FAIL;
    free(host.base);
    return eae_cuda_end(status);
}

/* All at once, or as many at a time as the device holds. One that it does not hold stays unsolved.
 */
static int run_some(const taken *machine, int64_t count)
{
    launch a = {.machine = machine, .count = count};
    bool room = false;
    a.matrix = eae_cuda_alloc(count, sizeof *a.matrix, "support vector machines");
    int status = a.matrix ? take_matrices(&a.matrices, count) : EAE_FAIL;
    for (int64_t s = 0; s < count && status == EAE_OK; s++) {
        a.matrix[s] = matrix_of(&a.matrices, machine[s].task);
        a.total += machine[s].task->n;
        a.most = machine[s].task->n > a.most ? machine[s].task->n : a.most;
    }
    if (status == EAE_OK)
        status = run_launch(&a, &room);
    free_matrices(&a.matrices);
    free(a.matrix);
    if (status == EAE_OK && !room && count > 1) {
        status = run_some(machine, count / 2);
        return status == EAE_OK ? run_some(machine + count / 2, count - count / 2) : status;
    }
    return status;
}

/* ---- who waits together ------------------------------------------------------------------------
 */

static int run_requests(const request *first)
{
    int64_t count = 0, at = 0;
    for (const request *r = first; r; r = r->next)
        count += r->count;
    taken *machine = eae_cuda_alloc(count, sizeof *machine, "support vector machines");
    if (!machine)
        return EAE_FAIL;
    for (const request *r = first; r; r = r->next) {
        for (int64_t s = 0; s < r->count; s++) {
            if (fits(&r->task[s]) && !spares(&r->task[s]))
                machine[at++] = (taken){&r->task[s], r->squared};
        }
    }
    int status = at > 0 ? run_some(machine, at) : EAE_OK;
    free(machine);
    return status;
}

static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t finished = PTHREAD_COND_INITIALIZER;
static request *waiting;
static bool busy;

/* The requests that wait, own one among them; with the queue locked, before and after. */
static void run_waiting(void)
{
    request *first = waiting;
    waiting = NULL;
    busy = true;
    pthread_mutex_unlock(&queue);
    int status = run_requests(first);
    pthread_mutex_lock(&queue);
    for (request *r = first, *next; r; r = next) {
        next = r->next;
        r->status = status;
        r->done = true; /* and is gone as soon as the queue is unlocked */
    }
    busy = false;
    pthread_cond_broadcast(&finished);
}

int eae_cuda_solve(bool squared, eae_svm_task *task, int64_t count)
{
    request own = {.squared = squared, .task = task, .count = count};
    bool first = false;
    for (int64_t s = 0; s < count; s++)
        task[s].solved = false;
    if (count == 0)
        return EAE_OK;
    pthread_mutex_lock(&queue);
    own.next = waiting;
    waiting = &own;
    while (busy && !own.done)
        pthread_cond_wait(&finished, &queue);
    if (!own.done) {
        first = true;
        run_waiting();
    }
    pthread_mutex_unlock(&queue);
    if (own.status != EAE_OK && !first) /* the message went to the thread that ran it */
        return eae_cuda_host->fail("the CUDA device failed at support vector machines");
    return own.status;
}
