/* train_result.c - see train_result.h. */
#include "eval/train/train_result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "matrix/history.h"
#include "eval/train/external.h"

/* The row annotations in the order of eae-matrix(5). */
typedef enum {
    MODEL,
    SPEC,
    PARAM,
    CHOSEN,
    SIZE,
    PLAN,
    SPLIT,
    REPEAT,
    FOLD,
    PERM,
    CLASS,
    CONVERGED,
    PART,
    TERM,
    INTERCEPT,
    OBJECTIVE,
    GAP,
    ITERATIONS,
    CUT,
    SD,
    NEGATIVE,
    POSITIVE,
    KERNEL,
    GAMMA,
    DEGREE,
    COEFFICIENT,
    COLUMNS
} column;

/* Which frames have a column. */
typedef enum { ALL, MODELS, KERNELS, SURVIVAL } presence;

static const struct {
    const char *name;
    eae_annot_type type;
    presence where;
} columns[COLUMNS] = {
    [MODEL] = {"model", EAE_ANNOT_TEXT, ALL},
    [SPEC] = {"spec", EAE_ANNOT_TEXT, ALL},
    [PARAM] = {"param", EAE_ANNOT_TEXT, ALL},
    [CHOSEN] = {"chosen", EAE_ANNOT_TEXT, ALL}, /* where something is chosen inside, else missing */
    [SIZE] = {"size", EAE_ANNOT_TEXT, ALL},
    [PLAN] = {"plan", EAE_ANNOT_TEXT, ALL},
    [SPLIT] = {"split", EAE_ANNOT_I64, ALL},
    [REPEAT] = {"repeat", EAE_ANNOT_I64, ALL},
    [FOLD] = {"fold", EAE_ANNOT_I64, ALL},
    [PERM] = {"perm", EAE_ANNOT_I64, ALL},
    [CLASS] = {"class", EAE_ANNOT_TEXT, ALL},
    [CONVERGED] = {"converged", EAE_ANNOT_I64, ALL},
    [PART] = {"part", EAE_ANNOT_TEXT, MODELS},
    [TERM] = {"term", EAE_ANNOT_TEXT, MODELS},
    [INTERCEPT] = {"intercept", EAE_ANNOT_F64, MODELS},
    [OBJECTIVE] = {"objective", EAE_ANNOT_F64, ALL},
    [GAP] = {"gap", EAE_ANNOT_F64, ALL},
    [ITERATIONS] = {"iterations", EAE_ANNOT_I64, ALL},
    [CUT] = {"cut", EAE_ANNOT_F64, ALL}, /* survival only, else missing */
    [SD] = {"sd", EAE_ANNOT_F64, SURVIVAL},
    [NEGATIVE] = {"negative", EAE_ANNOT_TEXT, MODELS}, /* two classes only */
    [POSITIVE] = {"positive", EAE_ANNOT_TEXT, MODELS},
    [KERNEL] = {"kernel", EAE_ANNOT_TEXT, KERNELS},
    [GAMMA] = {"gamma", EAE_ANNOT_F64, KERNELS},
    [DEGREE] = {"degree", EAE_ANNOT_I64, KERNELS},
    [COEFFICIENT] = {"coefficient", EAE_ANNOT_F64, KERNELS},
};

typedef struct {
    const eae_train_spec *spec;
    const char *plan;
    const eae_names *class_names;
} family;

static const char *param_of(const eae_result_row *r, const eae_train_spec *spec, char *number)
{
    if (r->param < 0)
        return NULL;
    eae_format_double(spec->param[r->param], number);
    return number;
}

static const char *whole(int64_t value, char *number)
{
    eae_format_double((double)value, number);
    return number;
}

/* Rows of kernel machines, not those of preprocessing. */
static bool of_kernel(const eae_result_row *r)
{
    return r->part && (strcmp(r->part, "weights") == 0 || strcmp(r->part, "support") == 0);
}

/* NULL: missing. `number` holds the text of numbers. */
static const char *text_of(column c, const eae_result_row *r, const family *of, char *number)
{
    switch (c) {
    case MODEL:
        return of->spec->external ? of->spec->external->name : eae_model_name(of->spec);
    case SPEC:
        return of->spec->text;
    case PARAM:
        return r->tuned ? "tuned" : param_of(r, of->spec, number);
    case CHOSEN:
        return r->chosen > 0 ? whole(r->chosen, number)
               : r->tuned    ? param_of(r, of->spec, number)
                             : NULL;
    case SIZE:
        return r->selected ? "selected" : whole(r->size, number);
    case PLAN:
        return r->split > 0 ? of->plan : NULL;
    case CLASS:
        return r->class >= 0 ? eae_name(of->class_names, r->class) : NULL;
    case NEGATIVE:
    case POSITIVE:
        return of->class_names && of->class_names->count == 2
                   ? eae_name(of->class_names, c == POSITIVE)
                   : NULL;
    case PART:
        return r->part;
    case TERM:
        return r->term;
    case KERNEL:
        return of_kernel(r) ? eae_svm_kernel_name(of->spec->kernel) : NULL;
    default:
        return NULL;
    }
}

static int64_t whole_of(column c, const eae_result_row *r, const family *of)
{
    switch (c) {
    case SPLIT:
        return r->split;
    case REPEAT:
        return r->repeat;
    case FOLD:
        return r->fold;
    case PERM:
        return r->perm;
    case CONVERGED:
        return r->converged;
    case DEGREE:
        return of->spec->kernel == EAE_KERNEL_POLY && of_kernel(r) ? of->spec->degree
                                                                   : EAE_MISSING_I64;
    default:
        return r->iterations;
    }
}

static double real_of(column c, const eae_result_row *r)
{
    switch (c) {
    case INTERCEPT:
        return r->intercept;
    case OBJECTIVE:
        return r->objective;
    case GAP:
        return r->gap;
    case CUT:
        return r->has_spread ? r->spread.median : NAN;
    case SD:
        return r->has_spread ? r->spread.sd : NAN;
    case GAMMA:
        return of_kernel(r) ? r->gamma : NAN;
    case COEFFICIENT:
        return strcmp(r->part, "support") == 0 ? r->coefficient : NAN;
    default:
        return NAN;
    }
}

static bool has_column(const eae_frame *f, const eae_train_spec *spec, presence where)
{
    switch (where) {
    case MODELS:
        return f->kind == EAE_KIND_MODEL;
    case KERNELS:
        return f->kind == EAE_KIND_MODEL && spec->kernel != EAE_KERNEL_LINEAR;
    case SURVIVAL:
        return spec->model == EAE_MODEL_COX;
    default:
        return true;
    }
}

void eae_result_undefined(eae_result_row *r)
{
    r->undefined = true;
    r->converged = true;
    r->objective = r->gap = NAN;
    r->has_spread = false;
}

void eae_result_annotate(eae_frame *f, const eae_result_row *row, const eae_train_spec *spec,
                         const char *plan, const eae_names *class_names)
{
    const family of = {spec, plan, class_names};
    char number[EAE_NUMBER_TEXT];
    for (column c = 0; c < COLUMNS; c++) {
        if (!has_column(f, spec, columns[c].where))
            continue;
        eae_annot *a = eae_axis_add(&f->rows, columns[c].name, columns[c].type);
        for (int64_t i = 0; i < f->rows.count; i++) {
            if (a->type == EAE_ANNOT_TEXT)
                eae_annot_set_text(a, i, text_of(c, &row[i], &of, number));
            else if (a->type == EAE_ANNOT_I64)
                a->i64[i] = whole_of(c, &row[i], &of);
            else
                a->f64[i] = real_of(c, &row[i]);
        }
    }
}

int eae_prediction_new(eae_frame **f, const eae_frame *data, int64_t rows)
{
    static const char *const kept[] = {"label", "group", "time", "status"};
    int status = eae_frame_new(f, EAE_KIND_PREDICTION, EAE_F64, rows, data->rows.count);
    if (status != EAE_OK)
        return status;
    eae_axis_free(&(*f)->cols);
    eae_axis_copy(&(*f)->cols, &data->rows);
    for (int i = (*f)->cols.annot_count - 1; i >= 0; i--) {
        bool keep = false;
        for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
            keep |= strcmp((*f)->cols.annot[i].name, kept[k]) == 0;
        if (!keep)
            eae_axis_remove(&(*f)->cols, (*f)->cols.annot[i].name);
    }
    double *value = eae_frame_f64(*f);
    for (int64_t i = 0; i < rows * data->rows.count; i++)
        value[i] = NAN;
    return EAE_OK;
}

int eae_model_frame_new(eae_frame **f, const eae_frame *data, const eae_covariates *covariates,
                        int64_t rows)
{
    int64_t features = data->cols.count;
    int status = eae_frame_new(f, EAE_KIND_MODEL, EAE_F64, rows, features + covariates->terms);
    if (status != EAE_OK)
        return status;
    eae_axis *cols = &(*f)->cols;
    for (int64_t j = 0; j < features; j++) {
        const char *name = eae_name(&data->cols.names, j);
        eae_names_add(&cols->names, name, strlen(name));
    }
    for (int64_t t = 0; t < covariates->terms; t++) {
        char *name = eae_sprintf("@%s", eae_name(&covariates->names, t));
        eae_names_add(&cols->names, name, strlen(name));
        free(name);
    }
    eae_annot *role = eae_axis_add(cols, "role", EAE_ANNOT_TEXT);
    for (int64_t j = 0; j < cols->count; j++)
        eae_annot_set_text(role, j, j < features ? "feature" : "covariate");
    return EAE_OK;
}

int eae_result_write(const eae_options *o, const eae_kernels *kernels, const eae_bundle *in,
                     eae_frame *const *frame, int count)
{
    eae_writer *w;
    int status = eae_writer_open(&w, eae_opt_text(o, "output"), !eae_flag(o, "no-history"));
    if (status != EAE_OK)
        return status;
    for (int i = 0; i < count && status == EAE_OK; i++) {
        if (!frame[i])
            continue;
        eae_history_append(frame[i], o, 1, eae_kernels_identity(kernels), in->frame, in->count);
        status = eae_writer_frame(w, frame[i]);
    }
    if (status == EAE_OK)
        status = eae_bundle_check(in);
    if (status != EAE_OK) {
        eae_writer_discard(w);
        return status;
    }
    return eae_writer_close(w);
}
