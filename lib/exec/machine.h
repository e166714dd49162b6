/*
 * machine.h - what this machine has: cores, memory, GPUs, for slots and for `hosts`.
 */
#ifndef EAE_EXEC_MACHINE_H
#define EAE_EXEC_MACHINE_H

#include "base/names.h"
#include "exec/backend.h"

/* Cores this process may use: affinity and cgroup cpu.max honoured. OMP_NUM_THREADS says nothing
 * here. */
int eae_machine_cores(void);
/* Devices jobs may use: CUDA_VISIBLE_DEVICES, else the numbers of /dev/nvidia<n>. */
void eae_machine_gpus(eae_names *gpus);
/* This machine as a host: alive, cores, used slots, load, memory, GPUs. */
void eae_machine_describe(eae_site *site);

#endif
