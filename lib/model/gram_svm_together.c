/*
 * gram_svm_together.c - support vector machines that a device solves in one launch; what comes out
 * of it is judged on the processor by the duality gap, as everything is.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "base/threads.h"
#include "model/gram_svm.h"

typedef struct together {
    eae_svm_machine *machine;
    eae_svm_task *task;
    eae_svm_loss loss;
} together;

bool eae_svm_goes_together(const eae_gram_problem *problem)
{
    return problem->kernels->svm_solve && !problem->bias_penalised && problem->terms == 0 &&
           problem->max_iter == 0;
}

static void make_task(const together *t, int64_t k)
{
    const eae_svm_machine *m = &t->machine[k];
    const eae_gram_problem *p = &m->problem;
    eae_svm_feasible(p->y, p->cost, t->loss, p->n, true, m->fit->beta);
    t->task[k] = (eae_svm_task){.gram = m->all,
                                .rows = m->rows,
                                .ld = m->ld,
                                .n = p->n,
                                .row = m->row,
                                .ratio = m->ratio,
                                .y = p->y,
                                .cost = p->cost,
                                .offset = p->offset,
                                .b = m->fit->beta};
}

static int judge_machine(void *context, int64_t k, int worker)
{
    const together *t = context;
    eae_svm_machine *m = &t->machine[k];
    (void)worker;
    if (!t->task[k].solved)
        return EAE_OK;
    int status = eae_svm_accept(&m->problem, t->loss, m->fit);
    m->done = status == EAE_OK && m->fit->converged;
    return status;
}

int eae_fit_svm_together(eae_svm_machine *machine, int64_t count, eae_svm_loss loss, int threads)
{
    for (int64_t k = 0; k < count; k++)
        machine[k].done = false;
    if (count == 0 || !eae_svm_goes_together(&machine[0].problem))
        return EAE_OK;
    together t = {.machine = machine, .loss = loss};
    t.task = EAE_NEW_ARRAY(eae_svm_task, count);
    for (int64_t k = 0; k < count; k++)
        make_task(&t, k);
    int status = machine[0].problem.kernels->svm_solve(loss == EAE_SQUARED_HINGE, t.task, count);
    if (status == EAE_OK)
        status = eae_parallel(threads, count, judge_machine, &t);
    free(t.task);
    return status;
}
