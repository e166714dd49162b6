/*
 * options.h - the option tables of eae-cache, by what they are about.
 */
#ifndef EAE_CACHE_OPTIONS_H
#define EAE_CACHE_OPTIONS_H

#include "base/options.h"

extern const eae_option eae_cache_place_options[]; /* which cache */
extern const eae_option
    eae_cache_request_options[];                  /* what a key is made of, besides the command */
extern const eae_option eae_cache_name_options[]; /* a key without a command */
extern const eae_option eae_cache_gc_options[];   /* what is removed */

#define EAE_CACHE_GROUPS {"Cache", eae_cache_place_options}, EAE_GROUP_COMMON

#endif
