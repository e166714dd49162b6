/* report.c - see report.h. */
#include "matrix/report.h"

void eae_report_annot(eae_report *r, const eae_annot *a, int64_t i)
{
    if (!a || eae_annot_is_missing(a, i))
        eae_report_text(r, NULL);
    else if (a->type == EAE_ANNOT_F64)
        eae_report_real(r, a->f64[i]);
    else if (a->type == EAE_ANNOT_I64)
        eae_report_int(r, a->i64[i]);
    else
        eae_report_text(r, eae_annot_text(a, i));
}
