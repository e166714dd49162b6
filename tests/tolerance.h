/*
 * tolerance.h - how closely things must agree, by name. Tests use these and no numbers of their
 * own, so that what is promised can be read in one place.
 */
#ifndef EAE_TESTS_TOLERANCE_H
#define EAE_TESTS_TOLERANCE_H

/* Sums of n products against the reference, relative to the sum of their absolute values: the
 * rounding of f64 and of f32 panels, for sums of up to some thousand terms. */
#define EAE_TOLERANCE_SUM_F64 1e-14
#define EAE_TOLERANCE_SUM_F32 2e-6
/* Dense algebra, relative to the norm of the matrix (or of the right-hand side). */
#define EAE_TOLERANCE_FACTOR 1e-13
#define EAE_TOLERANCE_EIGENVALUE 1e-13
/* Solutions of systems with a condition number below about 1e4. */
#define EAE_TOLERANCE_SOLUTION 1e-10
/* Coefficients against those of another program, at a duality gap where both are exact. */
#define EAE_TOLERANCE_COEFFICIENT 1e-6
/* Objectives at a solution, relative: they are flat there, so rounding is what differs. */
#define EAE_TOLERANCE_OBJECTIVE 1e-9
/* Two solutions certified to a relative gap of 1e-9, whose features' variances differ by the
 * rounding of f32: the objective is strongly convex, so a gap g moves the weights by sqrt(2 g) of
 * their norm. */
#define EAE_TOLERANCE_BATCH 1e-4
/* Statistics, intervals, p-values and hazard ratios against R and scipy, relative to 1 or to the
 * value. */
#define EAE_TOLERANCE_TEST 1e-10
/* Exact elimination: what the optimality conditions may lack, in units of f; Gram matrices after
 * downdates, relative to the largest diagonal entry; and the relative difference of two features'
 * w^2 below which their order is left to rounding. */
#define EAE_TOLERANCE_KKT 1e-9
#define EAE_TOLERANCE_GRAM 1e-12
#define EAE_TOLERANCE_RANK 1e-7
/* That relative difference itself, against a solution to 1e-10 by another program. */
#define EAE_TOLERANCE_GAP 1e-3

#endif
