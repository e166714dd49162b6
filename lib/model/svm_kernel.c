/* svm_kernel.c - see svm_kernel.h. */
#include "model/svm_kernel.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

const char *eae_svm_kernel_name(eae_svm_kernel kernel)
{
    static const char *const names[] = {"linear", "rbf", "poly"};
    return names[kernel];
}

/* By products, as in LIBSVM: exact signs, and the same bits everywhere. */
static double power(double x, int degree)
{
    double out = 1;
    for (; degree > 0; degree /= 2, x *= x)
        out *= degree % 2 ? x : 1;
    return out;
}

double eae_svm_kernel_value(eae_svm_kernel kernel, double gamma, int degree, double xx, double yy,
                            double xy)
{
    switch (kernel) {
    case EAE_KERNEL_RBF:
        return exp(-gamma * fmax(xx + yy - 2 * xy, 0)); /* rounding may leave it below 0 */
    case EAE_KERNEL_POLY:
        return power(gamma * xy, degree);
    case EAE_KERNEL_LINEAR:
        break;
    }
    return xy;
}

void eae_svm_kernel_matrix(eae_svm_kernel kernel, double gamma, int degree, double *gram, int64_t m)
{
    double *square = EAE_NEW_ARRAY(double, m);
    for (int64_t i = 0; i < m; i++)
        square[i] = gram[i * m + i];
    for (int64_t i = 0; i < m; i++) {
        for (int64_t k = 0; k <= i; k++) {
            double value =
                eae_svm_kernel_value(kernel, gamma, degree, square[i], square[k], gram[i * m + k]);
            gram[i * m + k] = gram[k * m + i] = value;
        }
    }
    free(square);
}
