/* choose.c - which table of kernels: the built-in reference or a plugin. See kernels.h. */
#include "kernels/kernels.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/help.h"
#include "base/memory.h"
#include "kernels/plugin.h"

static const eae_plugin_host host = {.fail = eae_fail, .detail = eae_detail};
static eae_plugin_host device_host = {.fail = eae_fail, .detail = eae_detail};

/* The folder of the running program, without the last slash. */
static int program_folder(char folder[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    if (n < 0)
        return eae_fail_errno("/proc/self/exe");
    folder[n] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    return EAE_OK;
}

/* Plugins are looked for beside the program only, never along a search path: build/asan/bin and
 * build/tests, bin, and an installed PREFIX/bin. false: there is none. */
static bool find_plugin(const char *name, char path[PATH_MAX])
{
    static const char *const places[] = {"..", "../build", "../lib/eae"};
    char folder[PATH_MAX];
    if (program_folder(folder) != EAE_OK)
        return false;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int n = snprintf(path, PATH_MAX, "%s/%s/%s", folder, places[i], name);
        if (n > 0 && n < PATH_MAX && access(path, R_OK) == 0)
            return true;
    }
    return false;
}

static int load_plugin(const char *path, const eae_plugin_host *own, const eae_kernels **kernels)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return eae_fail("%s", dlerror());
    const eae_plugin_entry *plugin = dlsym(library, EAE_PLUGIN_SYMBOL);
    if (!plugin || plugin->abi != EAE_PLUGIN_ABI || plugin->kernels_size != sizeof(eae_kernels) ||
        plugin->source_size != sizeof(eae_source) + sizeof(eae_features) + sizeof(eae_row_vector)) {
        dlclose(library);
        return eae_fail("%s: made by another build of eAE", path);
    }
    /* never closed: the table is used until the program ends */
    *kernels = plugin->open(own);
    return *kernels ? EAE_OK : EAE_FAIL;
}

/* The widest instructions that the compiler, libm or BLAS may choose on this machine. */
static const char *instruction_set(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return "avx512";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return "avx2";
    return "sse2";
#elif defined(__aarch64__)
    return "aarch64";
#else
    return "generic";
#endif
}

/* What the libraries read from the environment when they are loaded. Our own regions run BLAS, so
 * it gets one thread. Between two regions idle threads wait some tens of microseconds, in which the
 * next one comes where small regions follow one another, then sleep, because the cores are wanted
 * by eae_parallel() and by other programs (measured: without, passes over 1 GB take a fourth
 * longer; with three times as much, four programs on two cores do). OpenBLAS knows processors by
 * model number and takes its oldest kernels (SSE3, five times slower) for one that is newer than
 * itself; so it is told by what the processor can do, unless the user chose. */
typedef struct {
    const char *name;
    const char *value; /* NULL: as it is */
    char *before;      /* NULL: not set */
} setting;

enum { SETTINGS = 4 };

static void set_environment(setting settings[SETTINGS])
{
    const char *set = instruction_set();
    const char *core = strcmp(set, "avx512") == 0 ? "SkylakeX" : NULL;
    if (strcmp(set, "avx2") == 0)
        core = "Haswell";
    settings[0] = (setting){"OPENBLAS_NUM_THREADS", "1", NULL};
    bool waits = getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT");
    settings[1] = (setting){"OMP_WAIT_POLICY", waits ? NULL : "passive", NULL};
    settings[2] = (setting){"GOMP_SPINCOUNT", waits ? NULL : "3000", NULL};
    settings[3] = (setting){"OPENBLAS_CORETYPE", getenv("OPENBLAS_CORETYPE") ? NULL : core, NULL};
    for (int i = 0; i < SETTINGS; i++) {
        const char *before = getenv(settings[i].name);
        settings[i].before = before ? eae_strdup(before) : NULL;
        if (settings[i].value)
            setenv(settings[i].name, settings[i].value, 1);
    }
}

/* Programs started by this one are not to inherit it. */
static void restore_environment(setting settings[SETTINGS])
{
    for (int i = 0; i < SETTINGS; i++) {
        if (settings[i].before)
            setenv(settings[i].name, settings[i].before, 1);
        else
            unsetenv(settings[i].name);
        free(settings[i].before);
    }
}

static int choose_cpu(const eae_kernels **kernels)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const eae_kernels *loaded;
    char path[PATH_MAX];
    int status = EAE_OK;
    pthread_mutex_lock(&lock);
    if (!loaded) {
        setting settings[SETTINGS];
        set_environment(settings);
        if (!find_plugin("libeae-cpu.so", path))
            status = eae_fail("no cpu backend (libeae-cpu.so not found beside the program)");
        else
            status = load_plugin(path, &host, &loaded);
        restore_environment(settings);
        if (status == EAE_OK)
            eae_detail("backend cpu: %s (core type %s)", eae_kernels_identity(loaded),
                       getenv("OPENBLAS_CORETYPE") ? "from OPENBLAS_CORETYPE"
                                                   : "by instruction set");
    }
    *kernels = loaded;
    pthread_mutex_unlock(&lock);
    return status;
}

static int no_cuda_plugin(void)
{
    void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!driver)
        return eae_fail("no CUDA device (driver not found)");
    dlclose(driver);
    return eae_fail("no cuda backend (libeae-cuda.so not found beside the program)");
}

/* `sparing` counts for the first call. */
static int choose_cuda(bool sparing, const eae_kernels **kernels)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const eae_kernels *loaded;
    char path[PATH_MAX];
    int status = EAE_OK;
    const eae_kernels *near = NULL;
    if (choose_cpu(&near) != EAE_OK)
        near = &eae_kernels_ref;
    pthread_mutex_lock(&lock);
    if (!loaded) {
        device_host.near = near;
        device_host.sparing = sparing;
        if (!find_plugin("libeae-cuda.so", path))
            status = no_cuda_plugin();
        else
            status = load_plugin(path, &device_host, &loaded);
        if (status == EAE_OK)
            eae_detail("backend cuda: %s", eae_kernels_identity(loaded));
    }
    *kernels = loaded;
    pthread_mutex_unlock(&lock);
    return status;
}

int eae_kernels_choose(eae_backend backend, const eae_kernels **kernels)
{
    *kernels = &eae_kernels_ref;
    if (backend == EAE_BACKEND_REF)
        return EAE_OK;
    if (backend == EAE_BACKEND_CUDA)
        return choose_cuda(false, kernels);
    int status = choose_cpu(kernels);
    if (status != EAE_OK && backend == EAE_BACKEND_AUTO) {
        eae_warn("%s: the reference kernels compute, and are slow", eae_message());
        *kernels = &eae_kernels_ref;
        return EAE_OK;
    }
    return status;
}

int eae_kernels_choose_for(eae_backend backend, double work, const eae_kernels **kernels)
{
    /* Loading OpenBLAS takes about 5 ms, in which plain C does so many. The start of a device takes
     * about half a second, in which a processor of 16 cores does 2e11: ten times that, because the
     * figures are not measured. */
    static const double little = 4e6, enough = 2e12;
    const eae_kernels *device;
    if (backend == EAE_BACKEND_AUTO && work <= little) {
        *kernels = &eae_kernels_ref;
        eae_detail("backend auto: ref: about %.0e multiplications, too few to load another", work);
        return EAE_OK;
    }
    int status = eae_kernels_choose(backend, kernels);
    if (backend != EAE_BACKEND_AUTO || status != EAE_OK)
        return status;
    if (work < enough)
        eae_detail("backend auto: %s: about %.0e multiplications, too few to start a device",
                   (*kernels)->name, work);
    else if (choose_cuda(true, &device) != EAE_OK)
        eae_detail("backend auto: %s: %s", (*kernels)->name, eae_message());
    else
        *kernels = device;
    return EAE_OK;
}

const char *eae_kernels_identity(const eae_kernels *kernels)
{
    static _Thread_local char text[640];
    snprintf(text, sizeof text, "eae %s; %s; %s; %s", EAE_VERSION, kernels->name, instruction_set(),
             kernels->identity());
    return text;
}

eae_precision eae_kernels_precision(int64_t m, int64_t cols, bool is_f64)
{
    /* in f64, because the product may not fit an integer; exact below 2^53 */
    double work = (double)m * (double)m * (double)cols;
    return is_f64 || work <= 0x1p30 ? EAE_PRECISION_F64 : EAE_PRECISION_F32;
}
