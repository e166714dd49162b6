/* apply.c - linear models and kernel machines on new data. */
#include "eval/score/apply.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "eval/score/expansion.h"
#include "model/complete.h"

typedef struct {
    const eae_frame *models, *data;
    const char *name;
    const eae_annot *part;
    int64_t *weights; /* rows of the models to apply */
    bool *vectors;    /* of those: is it a kernel machine? */
    int64_t count;
    const eae_annot *role;
    int64_t *column;    /* model column -> data column; -1: not a feature of the data */
    double **covariate; /* model column -> value per sample; NULL: not a covariate */
} plan;

static const char *text_of(const eae_annot *a, int64_t row)
{
    const char *text = a && a->type == EAE_ANNOT_TEXT ? eae_annot_text(a, row) : NULL;
    return text ? text : "";
}

static int64_t whole(const eae_frame *f, const char *column, int64_t row)
{
    const eae_annot *a = eae_axis_find(&f->rows, column);
    return a && a->type == EAE_ANNOT_I64 && !eae_annot_is_missing(a, row) ? a->i64[row] : 0;
}

/* ---- which models ------------------------------------------------------------------------ */

static int choose_models(plan *p, bool all)
{
    const eae_frame *f = p->models;
    p->part = eae_axis_find(&f->rows, "part");
    if (f->type != EAE_F64 || !p->part || p->part->type != EAE_ANNOT_TEXT)
        return eae_fail("%s: the model frame has no parts", p->name);
    p->weights = eae_malloc((size_t)f->rows.count, sizeof *p->weights);
    p->vectors = EAE_NEW_ARRAY(bool, f->rows.count);
    int64_t others = 0;
    for (int64_t row = 0; row < f->rows.count; row++) {
        if (strcmp(text_of(p->part, row), "weights") != 0 || whole(f, "perm", row) != 0)
            continue;
        if (!all && whole(f, "split", row) != 0) {
            others++;
            continue;
        }
        p->vectors[p->count] = eae_expansion_follows(f, row);
        p->weights[p->count++] = row;
    }
    if (p->count > 0)
        return EAE_OK;
    if (others > 0)
        return eae_fail("%s: no final model, only %" PRId64 " of single splits: train with "
                        "--final, or apply those with --all-models",
                        p->name, others);
    return eae_fail("%s: no model weights", p->name);
}

/* ---- terms read from annotations --------------------------------------------------------- */

/* "sex=M": annotation "sex", level "M", cut at the first '=' before which there is such a name. */
static const eae_annot *find_level(const eae_frame *data, const char *term, const char **level)
{
    for (const char *eq = strchr(term, '='); eq; eq = strchr(eq + 1, '=')) {
        char *name = eae_strndup(term, (size_t)(eq - term));
        const eae_annot *a = eae_axis_find(&data->rows, name);
        free(name);
        *level = eq + 1;
        if (a)
            return a;
    }
    return NULL;
}

static const char *sample_name(const plan *p, int64_t i)
{
    return eae_name(&p->data->rows.names, i);
}

/* Value of a term for every sample; the caller frees, also after a failure. */
static int term_values(const plan *p, const char *term, double **values)
{
    const eae_frame *data = p->data;
    int64_t n = data->rows.count;
    const char *level = NULL, *name = term[0] == '@' ? term + 1 : term;
    char text[EAE_NUMBER_TEXT];
    bool constant = strcmp(name, "(intercept)") == 0;
    const eae_annot *a = constant ? NULL : eae_axis_find(&data->rows, name);
    if (!a && !constant)
        a = find_level(data, name, &level);
    if (!a && !constant)
        return eae_fail("%s: the model needs the annotation '%s', which the data lacks", p->name,
                        name);
    if (a && !level && a->type == EAE_ANNOT_TEXT)
        return eae_fail("%s: the model needs '%s' as a number; in the data it is text", p->name,
                        name);
    *values = eae_malloc((size_t)n, sizeof **values);
    for (int64_t i = 0; i < n; i++) {
        if (a && eae_annot_is_missing(a, i))
            return eae_fail("%s: sample %s: '%s' is missing", p->name, sample_name(p, i), name);
        if (constant)
            (*values)[i] = 1;
        else if (level)
            (*values)[i] = strcmp(eae_annot_print(a, i, text), level) == 0;
        else
            (*values)[i] = a->type == EAE_ANNOT_F64 ? a->f64[i] : (double)a->i64[i];
    }
    return EAE_OK;
}

/* ---- columns ----------------------------------------------------------------------------- */

static bool is_covariate(const plan *p, int64_t column)
{
    return strcmp(text_of(p->role, column), "covariate") == 0;
}

/* A column with a weight; where there are vectors, any feature that is not missing in them. */
static bool takes_part(const plan *p, int64_t model, int64_t column)
{
    double w = eae_frame_f64(p->models)[p->weights[model] * p->models->cols.count + column];
    return w != 0 ? !isnan(w) : p->vectors[model] && !is_covariate(p, column);
}

static bool has_weight(const plan *p, int64_t column)
{
    for (int64_t k = 0; k < p->count; k++) {
        if (takes_part(p, k, column))
            return true;
    }
    return false;
}

static int report_missing(const plan *p, const eae_buffer *names, int64_t missing)
{
    if (missing == 0)
        return EAE_OK;
    return eae_fail("%s: %" PRId64 " feature%s with a weight %s not in the data: %s%s", p->name,
                    missing, missing == 1 ? "" : "s", missing == 1 ? "is" : "are", names->data,
                    missing > 3 ? ", ..." : "");
}

static int match_features(plan *p)
{
    const eae_axis *cols = &p->models->cols;
    eae_name_index *index = eae_name_index_new(&p->data->cols.names);
    eae_buffer names = {0};
    int64_t missing = 0, found = 0;
    for (int64_t j = 0; j < cols->count; j++) {
        const char *name = eae_name(&cols->names, j);
        p->column[j] = -1;
        if (is_covariate(p, j))
            continue;
        p->column[j] = eae_name_find(index, name, strlen(name));
        found += p->column[j] >= 0;
        if (p->column[j] < 0 && has_weight(p, j) && missing++ < 3)
            eae_buffer_printf(&names, "%s%s", missing > 1 ? ", " : "", name);
    }
    int status = report_missing(p, &names, missing);
    int64_t extra = p->data->cols.count - found;
    if (status == EAE_OK && extra > 0)
        eae_note("%" PRId64 " of %" PRId64 " features of the data are not in the model: ignored",
                 extra, p->data->cols.count);
    eae_buffer_free(&names);
    eae_name_index_free(index);
    return status;
}

static int match_columns(plan *p)
{
    const eae_axis *cols = &p->models->cols;
    p->role = eae_axis_find(cols, "role");
    if (cols->names.count != cols->count || p->data->cols.names.count != p->data->cols.count)
        return eae_fail("%s: features have no names to be found by", p->name);
    p->column = EAE_NEW_ARRAY(int64_t, cols->count);
    p->covariate = EAE_NEW_ARRAY(double *, cols->count);
    int status = match_features(p);
    for (int64_t j = 0; j < cols->count && status == EAE_OK; j++) {
        if (is_covariate(p, j) && has_weight(p, j))
            status = term_values(p, eae_name(&cols->names, j), &p->covariate[j]);
    }
    return status;
}

/* ---- one model --------------------------------------------------------------------------- */

/* Does a preprocessing row belong to the weights row? It stands once for all parameters, sizes and
 * classes of a split; annotations it lacks do not matter. */
static bool belongs(const eae_frame *f, int64_t row, int64_t weights)
{
    static const char *const words[] = {"plan", "model", "spec"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const eae_annot *a = eae_axis_find(&f->rows, words[i]);
        char one[EAE_NUMBER_TEXT], other[EAE_NUMBER_TEXT];
        if (!a || eae_annot_is_missing(a, row) || !*eae_annot_print(a, row, one))
            continue;
        if (strcmp(eae_annot_print(a, row, one), eae_annot_print(a, weights, other)) != 0)
            return false;
    }
    return whole(f, "split", row) == whole(f, "split", weights) && whole(f, "perm", row) == 0;
}

/* A model made ready: its active columns side by side. */
typedef struct {
    const plan *p;
    int64_t active;
    int64_t *column; /* model columns with a weight */
    double *weight, *mean, *scale, *fill;
    double *filled;  /* samples x model columns: the data completed by factors; NULL */
    double **coef;   /* per term: model columns */
    double **values; /* per term: samples */
    int64_t terms;
    double intercept;
    eae_expansion vectors; /* over the active columns that are features */
    double *out;           /* samples */
} machine;

static double *part_row(const eae_frame *f, int64_t row)
{
    return eae_frame_f64(f) + row * f->cols.count;
}

static int add_term(machine *m, int64_t row)
{
    const eae_annot *term = eae_axis_find(&m->p->models->rows, "term");
    m->coef = eae_realloc(m->coef, (size_t)m->terms + 1, sizeof *m->coef);
    m->values = eae_realloc(m->values, (size_t)m->terms + 1, sizeof *m->values);
    int status = term_values(m->p, text_of(term, row), &m->values[m->terms]);
    if (status == EAE_OK)
        m->coef[m->terms++] = part_row(m->p->models, row);
    return status;
}

/* The preprocessing rows of a model: pointers into the frame, NULL where there is none. */
typedef struct {
    const double *mean, *scale, *fill, *factor_mean, *factor_scale;
    const double **factor;
    int64_t factors;
} parts;

static void add_factor(parts *found, const double *row)
{
    found->factor = eae_realloc(found->factor, (size_t)found->factors + 1, sizeof *found->factor);
    found->factor[found->factors++] = row;
}

static int find_parts(machine *m, int64_t weights, parts *found)
{
    const eae_frame *f = m->p->models;
    int status = EAE_OK;
    for (int64_t row = 0; row < f->rows.count && status == EAE_OK; row++) {
        const char *part = text_of(m->p->part, row);
        if (strcmp(part, "weights") == 0 || strcmp(part, "support") == 0 ||
            !belongs(f, row, weights))
            continue;
        if (strcmp(part, "mean") == 0)
            found->mean = part_row(f, row);
        else if (strcmp(part, "scale") == 0)
            found->scale = part_row(f, row);
        else if (strcmp(part, "fill") == 0)
            found->fill = part_row(f, row);
        else if (strcmp(part, "factor-mean") == 0)
            found->factor_mean = part_row(f, row);
        else if (strcmp(part, "factor-scale") == 0)
            found->factor_scale = part_row(f, row);
        else if (strcmp(part, "factor") == 0)
            add_factor(found, part_row(f, row));
        else if (strcmp(part, "adjust") == 0)
            status = add_term(m, row);
    }
    return status;
}

static double or_else(const double *row, int64_t j, double fallback)
{
    return row && !isnan(row[j]) ? row[j] : fallback;
}

/* The data in the columns of the model; what it lacks, and covariates, missing. */
static double *values_in_order(const plan *p)
{
    int64_t rows = p->data->rows.count, cols = p->models->cols.count;
    double *x = eae_try_alloc((size_t)(rows * cols), sizeof *x, "completed data");
    for (int64_t i = 0; i < rows && x; i++) {
        for (int64_t j = 0; j < cols; j++)
            x[i * cols + j] = p->column[j] >= 0 ? eae_frame_value(p->data, i, p->column[j]) : NAN;
    }
    return x;
}

static int complete(machine *m, const parts *found)
{
    int64_t cols = m->p->models->cols.count, rank = found->factors;
    eae_completion c = {.mean = EAE_NEW_ARRAY(double, cols),
                        .scale = EAE_NEW_ARRAY(double, cols),
                        .als = {.kernels = &eae_kernels_ref, .p = cols, .rank = rank, .lambda = 1}};
    c.als.v = EAE_NEW_ARRAY(double, cols *rank);
    for (int64_t j = 0; j < cols; j++) {
        c.mean[j] = or_else(found->factor_mean, j, 0);
        c.scale[j] = or_else(found->factor_scale, j, 1);
        for (int64_t k = 0; k < rank; k++)
            c.als.v[j * rank + k] = or_else(found->factor[k], j, 0);
    }
    eae_incomplete data = {.kernels = &eae_kernels_ref,
                           .x = m->filled = values_in_order(m->p),
                           .is_f64 = true,
                           .rows = m->p->data->rows.count,
                           .cols = cols,
                           .threads = 1};
    int status = data.x ? eae_complete_fill(&c, &data) : EAE_FAIL;
    eae_completion_free(&c);
    return status;
}

static int read_vectors(machine *m, int64_t weights)
{
    const plan *p = m->p;
    int64_t *column = eae_malloc((size_t)m->active, sizeof *column), features = 0;
    for (int64_t k = 0; k < m->active; k++) {
        if (!is_covariate(p, m->column[k]))
            column[features++] = m->column[k];
    }
    int status = eae_expansion_read(p->models, weights, column, features, p->name, &m->vectors);
    free(column);
    return status;
}

static int machine_make(machine *m, const plan *p, int64_t model)
{
    *m = (machine){.p = p};
    int64_t weights = p->weights[model];
    parts found = {0};
    int status = find_parts(m, weights, &found);
    if (status == EAE_OK && found.factors > 0)
        status = complete(m, &found);
    free(found.factor);
    size_t cols = (size_t)p->models->cols.count;
    m->column = eae_malloc(cols, sizeof *m->column);
    m->weight = eae_malloc(cols, sizeof *m->weight);
    m->mean = eae_malloc(cols, sizeof *m->mean);
    m->scale = eae_malloc(cols, sizeof *m->scale);
    m->fill = eae_malloc(cols, sizeof *m->fill);
    m->out = eae_malloc((size_t)p->data->rows.count, sizeof *m->out);
    const double *w = part_row(p->models, weights);
    for (int64_t j = 0; j < p->models->cols.count; j++) {
        if (!takes_part(p, model, j))
            continue;
        int64_t k = m->active++;
        m->column[k] = j;
        m->weight[k] = w[j];
        m->mean[k] = or_else(found.mean, j, 0);
        m->scale[k] = or_else(found.scale, j, 1);
        m->fill[k] = or_else(found.fill, j, NAN);
    }
    const eae_annot *intercept = eae_axis_find(&p->models->rows, "intercept");
    if (intercept && intercept->type == EAE_ANNOT_F64 && !isnan(intercept->f64[weights]))
        m->intercept = intercept->f64[weights];
    return status == EAE_OK ? read_vectors(m, weights) : status;
}

static void machine_free(machine *m)
{
    for (int64_t t = 0; t < m->terms; t++)
        free(m->values[t]);
    free(m->values);
    free(m->coef);
    free(m->column);
    free(m->weight);
    free(m->mean);
    free(m->scale);
    free(m->fill);
    free(m->filled);
    free(m->out);
    eae_expansion_free(&m->vectors);
}

static double value_for(const machine *m, int64_t sample, int64_t column)
{
    const plan *p = m->p;
    if (p->covariate[column])
        return p->covariate[column][sample];
    if (m->filled)
        return m->filled[sample * p->models->cols.count + column];
    return eae_frame_value(p->data, sample, p->column[column]);
}

static int predict_sample(void *data, int64_t i, int worker)
{
    (void)worker;
    machine *m = data;
    const plan *p = m->p;
    double sum = 0, *z = eae_malloc((size_t)m->active, sizeof *z);
    int status = EAE_OK;
    int64_t features = 0;
    for (int64_t k = 0; k < m->active && status == EAE_OK; k++) {
        int64_t j = m->column[k];
        double x = value_for(m, i, j);
        if (isnan(x))
            x = m->fill[k];
        if (isnan(x))
            status =
                eae_fail("sample %s: feature %s is missing, and the model has nothing to fill it "
                         "with (train with --impute)",
                         sample_name(p, i), eae_name(&p->models->cols.names, j));
        if (isinf(x))
            status = eae_fail("sample %s: feature %s is infinite", sample_name(p, i),
                              eae_name(&p->models->cols.names, j));
        for (int64_t t = 0; t < m->terms && !p->covariate[j]; t++)
            x -= m->values[t][i] * or_else(m->coef[t], j, 0);
        x = (x - m->mean[k]) / m->scale[k];
        sum += m->weight[k] * x;
        if (!p->covariate[j])
            z[features++] = x;
    }
    if (status == EAE_OK && m->vectors.count > 0)
        sum += eae_expansion_value(&m->vectors, z);
    m->out[i] = sum + m->intercept;
    free(z);
    return status;
}

/* ---- all --------------------------------------------------------------------------------- */

/* The axes of the predictions: those of the model rows and of the data's samples. */
static void name_axes(const plan *p, eae_frame *f)
{
    static const char *const not_predictions[] = {"part",        "intercept", "term",
                                                  "kernel",      "gamma",     "degree",
                                                  "coefficient", "negative",  "positive"};
    static const char *const outcome[] = {"label", "group", "time", "status"};
    eae_axis_free(&f->rows);
    eae_axis_free(&f->cols);
    eae_axis_select(&f->rows, &p->models->rows, p->weights, p->count);
    for (size_t i = 0; i < sizeof not_predictions / sizeof *not_predictions; i++)
        eae_axis_remove(&f->rows, not_predictions[i]);
    eae_axis_copy(&f->cols, &p->data->rows);
    for (int a = f->cols.annot_count - 1; a >= 0; a--) {
        bool keep = false;
        for (size_t i = 0; i < sizeof outcome / sizeof *outcome; i++)
            keep = keep || strcmp(f->cols.annot[a].name, outcome[i]) == 0;
        if (!keep)
            eae_axis_remove(&f->cols, f->cols.annot[a].name);
    }
}

/* ---- classes ----------------------------------------------------------------------------- */

static bool is_in(const eae_names *list, const char *name)
{
    for (int64_t c = 0; c < list->count; c++) {
        if (strcmp(eae_name(list, c), name) == 0)
            return true;
    }
    return false;
}

/* The classes of the models in their order, the negative one first; none where they do not say. */
static int model_classes(const plan *p, eae_names *list)
{
    static const char *const columns[] = {"class", "negative", "positive"};
    for (int64_t k = 0; k < p->count; k++) {
        const char *name[3];
        for (int c = 0; c < 3; c++)
            name[c] = text_of(eae_axis_find(&p->models->rows, columns[c]), p->weights[k]);
        bool two = *name[1] && *name[2];
        if (two && list->count > 0 &&
            (strcmp(eae_name(list, 0), name[1]) != 0 || strcmp(eae_name(list, 1), name[2]) != 0))
            return eae_fail("%s: models with other positive classes, '%s' and '%s'", p->name,
                            eae_name(list, list->count - 1), name[2]);
        for (int c = two ? 1 : 0; c < (two ? 3 : 1); c++) {
            if (*name[c] && !is_in(list, name[c]))
                eae_names_add(list, name[c], strlen(name[c]));
        }
    }
    return EAE_OK;
}

static int not_a_class(const plan *p, int64_t sample, const char *name, const eae_names *classes)
{
    eae_buffer list = {0};
    for (int64_t c = 0; c < classes->count; c++)
        eae_buffer_printf(&list, "%s%s", c ? ", " : "", eae_name(classes, c));
    int status = eae_fail("sample %s: '%s' is not a class of the model (%s)",
                          sample_name(p, sample), name, list.data);
    eae_buffer_free(&list);
    return status;
}

/* Label the predictions by the classes of the models, of which the data may lack some. */
static int relabel(const plan *p, eae_frame *f, const eae_names *classes)
{
    eae_axis own = {0};
    eae_axis_copy(&own, &f->cols);
    const eae_annot *have = eae_axis_find(&own, "label");
    const char *last = have->dict.count ? eae_name(&have->dict, have->dict.count - 1) : "";
    const char *positive = eae_name(classes, classes->count - 1);
    if (classes->count == 2 && strcmp(last, positive) != 0)
        eae_note("%s is the positive class, as in %s", positive, p->name);
    eae_annot *label = eae_axis_add(&f->cols, "label", EAE_ANNOT_TEXT);
    for (int64_t c = 0; c < classes->count; c++)
        eae_names_add(&label->dict, eae_name(classes, c), strlen(eae_name(classes, c)));
    int status = EAE_OK;
    for (int64_t i = 0; i < own.count && status == EAE_OK; i++) {
        const char *name = eae_annot_text(have, i);
        if (name && !is_in(classes, name))
            status = not_a_class(p, i, name, classes);
        else
            eae_annot_set_text(label, i, name);
    }
    eae_axis_free(&own);
    return status;
}

static int take_classes(const plan *p, eae_frame *f)
{
    eae_names classes = {0};
    const eae_annot *label = eae_axis_find(&f->cols, "label");
    int status = model_classes(p, &classes);
    if (status == EAE_OK && classes.count > 0 && label && label->type == EAE_ANNOT_TEXT)
        status = relabel(p, f, &classes);
    eae_names_free(&classes);
    return status;
}

static int predict_all(const plan *p, int threads, eae_frame *f)
{
    int64_t n = p->data->rows.count;
    for (int64_t k = 0; k < p->count; k++) {
        machine m;
        int status = machine_make(&m, p, k);
        if (status == EAE_OK)
            status = eae_parallel(threads, n, predict_sample, &m);
        if (status == EAE_OK)
            memcpy(eae_frame_f64(f) + k * n, m.out, (size_t)n * sizeof *m.out);
        machine_free(&m);
        if (status != EAE_OK)
            return status;
    }
    return EAE_OK;
}

static void plan_free(plan *p)
{
    for (int64_t j = 0; p->covariate && j < p->models->cols.count; j++)
        free(p->covariate[j]);
    free(p->covariate);
    free(p->column);
    free(p->weights);
    free(p->vectors);
}

int eae_apply(const eae_frame *models, const eae_frame *data, bool all, const char *name,
              int threads, eae_frame **predictions)
{
    plan p = {.models = models, .data = data, .name = name};
    *predictions = NULL;
    int status = choose_models(&p, all);
    if (status == EAE_OK)
        status = match_columns(&p);
    if (status == EAE_OK)
        status =
            eae_frame_new(predictions, EAE_KIND_PREDICTION, EAE_F64, p.count, data->rows.count);
    if (status == EAE_OK) {
        name_axes(&p, *predictions);
        status = take_classes(&p, *predictions);
    }
    if (status == EAE_OK)
        status = predict_all(&p, threads, *predictions);
    if (status != EAE_OK) {
        eae_frame_free(*predictions);
        *predictions = NULL;
    }
    plan_free(&p);
    return status;
}
