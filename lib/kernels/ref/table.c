/* table.c - the table of the reference kernels. See ref.h. */
#include "kernels/ref/ref.h"

static const char *identity(void)
{
    return "plain C";
}

const eae_kernels eae_kernels_ref = {
    .name = "ref",
    .identity = identity,
    .gram = eae_ref_gram,
    .weights = eae_ref_weights,
    .decision = eae_ref_decision,
    .gram_apply = eae_ref_gram_apply,
    .moments = eae_ref_moments,
    .turn = eae_ref_turn,
    .feature_weights = eae_ref_feature_weights,
    .feature_gram = eae_ref_feature_gram,
    .row_values = eae_ref_row_values,
    .row_update = eae_ref_row_update,
    .rough_make = eae_ref_rough_make,
    .rough_dots = eae_ref_rough_dots,
    .cholesky = eae_ref_cholesky,
    .cholesky_solve = eae_ref_cholesky_solve,
    .eigen = eae_ref_eigen,
    .least_squares = eae_ref_least_squares,
    .multiply = eae_ref_multiply,
};
