/* gram_svm.h - the dual of one support vector machine; shared by gram_svm.c, gram_svm_many.c,
 * gram_svm_together.c. */
#ifndef EAE_MODEL_GRAM_SVM_H
#define EAE_MODEL_GRAM_SVM_H

#include "model/gram_internal.h"

typedef struct eae_svm_dual {
    const eae_gram_problem *problem;
    const double *y; /* labels, n */
    eae_svm_loss loss;
    eae_qp qp;
    eae_qp_work work;
    double *own_h;  /* H where it is not the Gram matrix itself */
    double *memory; /* all vectors below, lo, hi and E */
    double *lo, *hi, *e;
    double *b, *g, *f, *p; /* n; p only where there is an offset */
    double *lambda;        /* terms */
} eae_svm_dual;

int eae_svm_dual_init(eae_svm_dual *dual, const eae_gram_problem *problem, eae_svm_loss loss);
void eae_svm_dual_free(eae_svm_dual *dual);
/* Labels and with them p and the box. */
void eae_svm_dual_labels(eae_svm_dual *dual, const double *y);
/* The intercept from dual->b and dual->g, as LIBSVM has it: the mean over the free vectors, else
 * the midpoint of the interval that the bound ones leave. Which vectors are free does not hang on
 * rounding: those that are on their bounds but for it are put there. */
double eae_svm_dual_intercept(eae_svm_dual *dual);
/* Judge dual->b with `lambda` (intercept, gamma): stored in *fit where the gap is below fit->gap.
 * f is H b without the loss's diagonal, computed by the caller (n). Returns true if the gap is
 * within tol. */
bool eae_svm_dual_judge(const eae_svm_dual *dual, const double *b, const double *lambda,
                        const double *f, eae_gram_fit *fit);
/* Solve from dual->work.state and dual->b until the gap is reached; *fit gets the best found. */
void eae_svm_dual_solve(eae_svm_dual *dual, eae_gram_fit *fit);
/* b into the box of labels and costs and, `balanced`, its heavier side scaled down to sum b = 0. */
void eae_svm_feasible(const double *y, const double *cost, eae_svm_loss loss, int64_t n,
                      bool balanced, double *b);
/* Nothing is solved: fit->beta, feasible up to rounding, gets intercept, objective and gap, and
 * whether it is good enough. */
int eae_svm_accept(const eae_gram_problem *problem, eae_svm_loss loss, eae_gram_fit *fit);

/* eae_gram_certify() for the two losses of the support vector machine. */
int eae_svm_certify(const eae_gram_problem *problem, eae_svm_loss loss, const double *kbeta,
                    eae_gram_fit *fit);
/* The same for the logistic loss (gram_logistic.c). */
int eae_logistic_certify(const eae_gram_problem *problem, const double *kbeta, eae_gram_fit *fit);

#endif
