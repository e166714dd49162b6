/* options_parts.h - what a command line has become; shared by options.c and options_history.c only.
 */
#ifndef EAE_BASE_OPTIONS_PARTS_H
#define EAE_BASE_OPTIONS_PARTS_H

#include "base/options.h"

typedef struct {
    const eae_option *option;
    bool given;
    char *text; /* the value, or the default; NULL: none */
    eae_names words;
    double *reals;
    int real_count;
} eae_option_value;

struct eae_options {
    const eae_program *program;
    eae_option_value *values;
    int count;
    const char **operand;
    int operand_count;
};

#endif
