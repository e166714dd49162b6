/*
 * plugin.h - what a kernel plugin (libeae-cpu.so, libeae-cuda.so) and the program that loads it
 * agree on.
 *
 * A plugin exports one symbol, `eae_plugin`, of type eae_plugin_entry. It does not link with libeae
 * (the program holds that already, as a static library): what it needs of it comes in through the
 * host table. The sizes are checked beside the version, so that a plugin of another build is
 * refused and not called through the wrong slots.
 */
#ifndef EAE_KERNELS_PLUGIN_H
#define EAE_KERNELS_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

#define EAE_PLUGIN_ABI 5
#define EAE_PLUGIN_SYMBOL "eae_plugin"

typedef struct eae_plugin_host {
    int (*fail)(const char *fmt, ...) EAE_PRINTF(1, 2);    /* eae_fail: for the calling thread */
    void (*detail)(const char *fmt, ...) EAE_PRINTF(1, 2); /* eae_detail */
    /* For a device: the kernels of the processor, which do what it does not; and whether only those
     * calls are its own that pay (--backend auto). */
    const eae_kernels *near;
    bool sparing;
} eae_plugin_host;

typedef struct eae_plugin_entry {
    uint32_t abi; /* EAE_PLUGIN_ABI */
    uint32_t kernels_size;
    uint32_t source_size; /* of eae_source, eae_features and eae_row_vector together */
    /* The table, or NULL with the message set (no device). `host` outlives the plugin. */
    const eae_kernels *(*open)(const eae_plugin_host *host);
} eae_plugin_entry;

extern const eae_plugin_entry eae_plugin __attribute__((visibility("default")));

#endif
