/*
 * svm_kernel.h - the kernels of support vector machines, as functions of inner products.
 *
 *     linear  x'y
 *     rbf     exp(-gamma |x - y|^2),  |x - y|^2 = x'x - 2 x'y + y'y
 *     poly    (gamma x'y)^degree
 *
 * as in LIBSVM (Chang and Lin 2011), with coef0 = 0. So the kernel matrix of a set of rows follows
 * from their Gram matrix, whatever the number of features.
 */
#ifndef EAE_MODEL_SVM_KERNEL_H
#define EAE_MODEL_SVM_KERNEL_H

#include <stdint.h>

typedef enum eae_svm_kernel { EAE_KERNEL_LINEAR, EAE_KERNEL_RBF, EAE_KERNEL_POLY } eae_svm_kernel;

/* "linear", ... */
const char *eae_svm_kernel_name(eae_svm_kernel kernel);

/* k(x, y) from x'x, y'y and x'y. */
double eae_svm_kernel_value(eae_svm_kernel kernel, double gamma, int degree, double xx, double yy,
                            double xy);
/* From the Gram matrix of m rows to their kernel matrix, in place; symmetric to the bit if that
 * was. */
void eae_svm_kernel_matrix(eae_svm_kernel kernel, double gamma, int degree, double *gram,
                           int64_t m);

#endif
