/* tall_milestone.c - all that passes have come to, part by part; see tall_fit.h. */
#include "model/tall_parts.h"

/* Models that were done before leave without their solution, which comes from outside. */
static void drop_known(eae_tall_passes *f)
{
    int64_t left = 0;
    for (int64_t k = 0; k < f->left; k++) {
        eae_tall_passing m = f->model[k];
        if (f->done[m.fit - f->fit])
            eae_tall_close_model(&m);
        else
            f->model[left++] = m;
    }
    f->left = left;
}

static void visit_model(const eae_tall_passes *f, eae_tall_passing *m, eae_tall_part visit,
                        void *to)
{
    visit(to, m->beta, (size_t)f->rows * sizeof(double));
    visit(to, m->u, (size_t)f->cols * sizeof(double));
    visit(to, &m->sum, sizeof m->sum);
    visit(to, &m->bias, sizeof m->bias);
    visit(to, &m->rho, sizeof m->rho);
    if (m->less) /* sums, multipliers, the best */
        visit(to, m->free_sum, 4 * (size_t)m->problem->free->terms * sizeof(double));
    visit(to, &m->fit->objective, sizeof m->fit->objective);
    visit(to, &m->fit->gap, sizeof m->fit->gap);
    visit(to, &m->fit->iterations, sizeof m->fit->iterations);
}

void eae_tall_visit_solution(const eae_tall_problem *problem, eae_tall_model *fit,
                             eae_tall_part visit, void *to)
{
    const eae_source *s = problem->source;
    visit(to, fit->w, (size_t)s->cols * sizeof(double));
    visit(to, fit->value, (size_t)s->rows * sizeof(double));
    visit(to, &fit->intercept, sizeof fit->intercept);
    if (problem->free)
        visit(to, fit->gamma, (size_t)problem->free->covariates * sizeof(double));
    visit(to, &fit->objective, sizeof fit->objective);
    visit(to, &fit->gap, sizeof fit->gap);
    visit(to, &fit->iterations, sizeof fit->iterations);
    visit(to, &fit->converged, sizeof fit->converged);
}

void eae_tall_visit_passes(eae_tall_progress *progress, eae_tall_part visit, void *to)
{
    eae_tall_passes *f = (eae_tall_passes *)progress;
    visit(to, f->done, (size_t)f->count);
    drop_known(f);
    visit(to, &f->pass, sizeof f->pass);
    for (int64_t k = 0; k < f->count; k++) {
        if (f->done[k])
            eae_tall_visit_solution(&f->problem[k], &f->fit[k], visit, to);
    }
    for (int64_t k = 0; k < f->left; k++)
        visit_model(f, &f->model[k], visit, to);
}
