/*
 * report.h - reports (base/report.h) with cells from the annotations of a frame.
 */
#ifndef EAE_MATRIX_REPORT_H
#define EAE_MATRIX_REPORT_H

#include "base/report.h"
#include "matrix/frame.h"

/* Element i of an annotation column of any type; NULL for a column that is not there: missing. */
void eae_report_annot(eae_report *r, const eae_annot *a, int64_t i);

#endif
