/*
 * check.h - does the device compute what the processor computes?
 *
 * Asked once, when the plugin is opened: a small problem through every kernel of the device, odd
 * sizes, compared with the processor. It takes milliseconds, and it means that a device, driver or
 * architecture on which a kernel goes wrong is refused (with --backend auto: not used) instead of
 * believed.
 */
#ifndef EAE_KERNELS_CUDA_CHECK_H
#define EAE_KERNELS_CUDA_CHECK_H

#include "kernels/kernels.h"

/* EAE_FAIL with the message "the CUDA device computes a wrong <what>". */
int eae_cuda_check_device(const eae_kernels *far, const eae_kernels *near);

#endif
