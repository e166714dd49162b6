/*
 * feature_map.h - from features (probes) to genes, by a map in a text file.
 *
 * Two columns, tab- or comma-separated, feature and gene; more columns are ignored, # begins a
 * comment line, and a header does no harm, since it is not called like a feature. A feature that
 * is absent or mapped to nothing, "" or "---", is unmapped; one mapped to several ("A///B", or two
 * lines) is ambiguous. Compressed files are read as well.
 */
#ifndef EAE_MATRIX_FEATURE_MAP_H
#define EAE_MATRIX_FEATURE_MAP_H

#include "base/names.h"
#include "base/status.h"

enum { EAE_UNMAPPED = -1, EAE_AMBIGUOUS = -2 };

typedef struct eae_feature_map {
    int64_t count;      /* features */
    int64_t *gene;      /* of each feature: a position in genes, or one of the above */
    eae_name_set genes; /* as the map names them, in its order */
    int64_t unmapped, ambiguous;
} eae_feature_map;

/* Fails where the map has none of the features, showing three of each. */
int eae_feature_map_read(eae_feature_map *map, const char *path, const eae_names *features);
void eae_feature_map_free(eae_feature_map *map);
/* Say how many features were dropped, if any was. */
void eae_feature_map_note(const eae_feature_map *map, const char *path);

#endif
