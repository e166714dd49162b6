/*
 * merge.c - which frames belong together, and their columns; rows are appended in merge_rows.c.
 */
#include "matrix/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "matrix/stream.h"

/* Elements i of a and j of b are the same, whatever their dictionaries. */
static bool same_element(const eae_annot *a, int64_t i, const eae_annot *b, int64_t j)
{
    if (eae_annot_is_missing(a, i) || eae_annot_is_missing(b, j))
        return eae_annot_is_missing(a, i) && eae_annot_is_missing(b, j);
    switch (a->type) {
    case EAE_ANNOT_F64:
        return a->f64[i] == b->f64[j];
    case EAE_ANNOT_I64:
        return a->i64[i] == b->i64[j];
    case EAE_ANNOT_TEXT:
        break;
    }
    return strcmp(eae_annot_text(a, i), eae_annot_text(b, j)) == 0;
}

/* place[i]: where element i of a is in b; NULL: at i. */
static bool same_annotation(const eae_annot *a, const eae_annot *b, const int64_t *place)
{
    if (a->type != b->type || a->count != b->count)
        return false;
    for (int64_t i = 0; i < a->count; i++)
        if (!same_element(a, i, b, place == NULL ? i : place[i]))
            return false;
    return a->type != EAE_ANNOT_TEXT || strcmp(a->name, "label") != 0 ||
           eae_names_equal(&a->dict, &b->dict);
}

static bool same_columns(const eae_axis *a, const eae_axis *b)
{
    if (a->count != b->count || a->annot_count != b->annot_count ||
        !eae_names_equal(&a->names, &b->names))
        return false;
    for (int i = 0; i < a->annot_count; i++)
        if (strcmp(a->annot[i].name, b->annot[i].name) != 0 ||
            !same_annotation(&a->annot[i], &b->annot[i], NULL))
            return false;
    return true;
}

/* ---- data frames: features by name ------------------------------------------------------- */

static int fail_features(const eae_member *a, const eae_member *b)
{
    const eae_member *pair[2] = {a, b};

    if (a->frame->cols.names.count == 0 || b->frame->cols.names.count == 0)
        return eae_fail("%s has %lld features and %s has %lld, and not both name them", a->source,
                        (long long)a->frame->cols.count, b->source,
                        (long long)b->frame->cols.count);
    for (int side = 0; side < 2; side++) {
        const eae_names *names = &pair[side]->frame->cols.names;
        eae_name_index *other = eae_name_index_new(&pair[1 - side]->frame->cols.names);
        int64_t i = 0;

        while (i < names->count &&
               eae_name_find(other, eae_name(names, i), strlen(eae_name(names, i))) >= 0)
            i++;
        eae_name_index_free(other);
        if (i < names->count)
            return eae_fail("other features: \"%s\" (number %lld in %s) is not in %s; "
                            "eae-view --join puts blocks of features side by side",
                            eae_name(names, i), (long long)i + 1, pair[side]->source,
                            pair[1 - side]->source);
    }
    return eae_fail("%s and %s have other features", a->source, b->source);
}

/* Where the features of `a` are in `b`: *place NULL when both have the same order. */
static int match_features(const eae_member *a, const eae_member *b, int64_t **place)
{
    const eae_names *names = &a->frame->cols.names;
    eae_name_index *index;
    int64_t i;

    *place = NULL;
    if (a->frame->cols.count != b->frame->cols.count || names->count != b->frame->cols.names.count)
        return fail_features(a, b);
    if (eae_names_equal(names, &b->frame->cols.names))
        return EAE_OK;
    index = eae_name_index_new(&b->frame->cols.names);
    *place = eae_malloc((size_t)names->count, sizeof **place);
    for (i = 0; i < names->count; i++) {
        const char *name = eae_name(names, i);

        (*place)[i] = eae_name_find(index, name, strlen(name));
        if ((*place)[i] < 0)
            break;
    }
    eae_name_index_free(index);
    if (i == names->count)
        return EAE_OK;
    free(*place);
    *place = NULL;
    return fail_features(a, b);
}

/* Column annotations that only one has are kept; those of both must agree. */
static int join_annotations(const eae_member *a, const eae_member *b, const int64_t *place)
{
    eae_axis *to = &a->frame->cols;
    const eae_axis *from = &b->frame->cols;

    for (int i = 0; i < from->annot_count; i++) {
        eae_annot *mine = eae_axis_find(to, from->annot[i].name);

        if (mine == NULL) {
            mine = eae_axis_add(to, from->annot[i].name, from->annot[i].type);
            eae_annot_free(mine);
            eae_annot_select(mine, &from->annot[i], place, to->count);
        } else if (!same_annotation(mine, &from->annot[i], place)) {
            return eae_fail("the column annotation %s is not the same in %s and in %s", mine->name,
                            a->source, b->source);
        }
    }
    return EAE_OK;
}

/* ---- groups ------------------------------------------------------------------------------ */

/* The leader of the group that member m belongs to; m itself if it begins one. */
static int find_leader(const eae_member *member, int m, const int *leader)
{
    if (member[m].same_columns >= 0)
        return leader[member[m].same_columns];
    for (int i = 0; i < m; i++)
        if (leader[i] == i && member[i].frame->kind == member[m].frame->kind &&
            (member[m].frame->kind == EAE_KIND_DATA ||
             same_columns(&member[i].frame->cols, &member[m].frame->cols)))
            return i;
    return m;
}

/* Where the columns of each member are in the order of its leader (NULL: in that order), and what
 * the leader's columns gain from it. Members that share columns share the place. */
static int place_columns(const eae_member *member, const int *leader, int count, int64_t **place)
{
    for (int m = 0; m < count; m++) {
        const eae_member *lead = &member[leader[m]];

        if (member[m].same_columns >= 0) {
            place[m] = place[member[m].same_columns];
        } else if (leader[m] != m && lead->frame->kind == EAE_KIND_DATA) {
            if (match_features(lead, &member[m], &place[m]) != EAE_OK ||
                join_annotations(lead, &member[m], place[m]) != EAE_OK)
                return EAE_FAIL;
        }
    }
    return EAE_OK;
}

/* The names of all samples differ; from[0..n-1] say where each came from. */
static int check_samples(const eae_frame *f, const eae_member *from, int n)
{
    int64_t earlier, at = eae_names_find_duplicate(&f->rows.names, &earlier), begin = 0;
    const char *source[2] = {NULL, NULL};

    if (f->kind != EAE_KIND_DATA || at < 0)
        return EAE_OK;
    for (int m = 0; m < n; m++) {
        if (earlier >= begin)
            source[0] = from[m].source;
        if (at >= begin)
            source[1] = from[m].source;
        begin += from[m].frame->rows.count;
    }
    return eae_fail("the sample \"%s\" is there twice: in %s and again in %s",
                    eae_name(&f->rows.names, at), source[0], source[1]);
}

/* from[0..n-1] as one frame, with the columns of the first, which loses them. */
static int merge_group(const eae_member *from, int64_t *const *place, int n, eae_frame **merged)
{
    if (eae_merge_rows(from, place, n, merged) != EAE_OK)
        return EAE_FAIL;
    if (check_samples(*merged, from, n) != EAE_OK) {
        eae_frame_free(*merged);
        return EAE_FAIL;
    }
    (*merged)->cols = from[0].frame->cols;
    from[0].frame->cols = (eae_axis){0};
    return EAE_OK;
}

/* The group that member `first` leads, if there is more than one in it. `from` and `col` have room
 * for all members. */
static int merge_led_by(int first, eae_member *member, const int *leader, int count,
                        int64_t *const *place, eae_member *from, int64_t **col)
{
    eae_frame *merged;
    int n = 0;

    for (int m = first; m < count; m++)
        if (leader[m] == first) {
            col[n] = place[m];
            from[n++] = member[m];
        }
    if (n == 1)
        return EAE_OK;
    if (merge_group(from, col, n, &merged) != EAE_OK)
        return EAE_FAIL;
    for (int m = first; m < count; m++)
        if (leader[m] == first) {
            eae_frame_free(member[m].frame);
            member[m].frame = NULL;
        }
    member[first].frame = merged;
    return EAE_OK;
}

int eae_merge_members(eae_member *member, int count)
{
    int *leader = eae_malloc((size_t)count, sizeof *leader);
    int64_t **place = EAE_NEW_ARRAY(int64_t *, count), **col = EAE_NEW_ARRAY(int64_t *, count);
    eae_member *from = EAE_NEW_ARRAY(eae_member, count);
    int status;

    for (int m = 0; m < count; m++)
        leader[m] = find_leader(member, m, leader);
    status = place_columns(member, leader, count, place);
    for (int m = 0; m < count && status == EAE_OK; m++)
        if (leader[m] == m)
            status = merge_led_by(m, member, leader, count, place, from, col);
    for (int m = 0; m < count; m++)
        if (member[m].same_columns < 0)
            free(place[m]);
    free(leader);
    free(place);
    free(col);
    free(from);
    return status;
}

int eae_merge_frames(eae_frame **frame, int *count)
{
    eae_member *member = EAE_NEW_ARRAY(eae_member, *count);
    char **source = EAE_NEW_ARRAY(char *, *count);
    int status, kept = 0;

    for (int i = 0; i < *count; i++) {
        source[i] = eae_sprintf("frame %d", i + 1);
        member[i] = (eae_member){.frame = frame[i], .same_columns = -1, .source = source[i]};
    }
    status = eae_merge_members(member, *count);
    for (int i = 0; i < *count; i++) {
        if (member[i].frame != NULL)
            frame[kept++] = member[i].frame;
        free(source[i]);
    }
    *count = kept;
    free(source);
    free(member);
    return status;
}
