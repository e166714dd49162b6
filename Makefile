# eAE - one plain, non-recursive build file. `make help` lists the doors.

CC       ?= cc
# for tests of the CUDA kernels without a device
CXX      := $(firstword $(foreach c,g++ clang++,$(if $(shell command -v $(c)),$(c))))
# the CUDA room is built where nvcc is found; CUDA=0 leaves it out
NVCC     := $(firstword $(shell command -v nvcc) $(wildcard /usr/local/cuda/bin/nvcc))
CUDA     ?= $(if $(NVCC),1,0)
ifeq ($(CUDA)$(NVCC),1)
$(error CUDA=1, but there is no nvcc: neither on the PATH nor in /usr/local/cuda)
endif
CFLAGS   ?= -O3 -g
PREFIX   ?= /usr/local
DESTDIR  ?=
VERSION  := $(shell sed -n 's/.*EAE_VERSION "\(.*\)"/\1/p' lib/base/help.h)

# PROFILE=asan|clang|werror builds into a folder of its own, beside the plain build
PROFILE  ?=
B        := build$(if $(PROFILE),/$(PROFILE))
BIN      := $(if $(PROFILE),$(B)/bin,bin)
ifeq ($(PROFILE),asan)
CFLAGS   := -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LDEXTRA  := -fsanitize=address,undefined
# tests that repeat themselves over many data sets do so less often: everything takes ten times as long
export EAE_TEST_NOISE_SETS := 15
endif
ifeq ($(PROFILE),clang)
CC       := clang
CXX      := $(if $(shell command -v clang++),clang++)
CFLAGS   := -O1 -Werror
endif
ifeq ($(PROFILE),werror)
CFLAGS   := -O2 -Werror
endif

WARN     := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wundef
# one order of floating-point operations on every machine: no contraction, no fast-math
BASE     := -std=c11 -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L -ffp-contract=off -fPIC -pthread -Ilib
LIBS     := -lz -lm -ldl -pthread

LIB_SRC  := $(wildcard lib/base/*.c lib/matrix/*.c lib/kernels/*.c lib/kernels/ref/*.c lib/model/*.c \
              lib/eval/*/*.c lib/plot/*.c lib/cache/*.c lib/exec/*.c \
              lib/exec/backends/*.c)
CPU_SRC  := $(wildcard lib/kernels/cpu/*.c)
CUDA_SRC := $(wildcard lib/kernels/cuda/*.c)
CU_SRC   := $(wildcard lib/kernels/cuda/*.cu)
TOOL_SRC := $(wildcard tools/*.c)
TEST_SRC := $(wildcard tests/unit/test_*.c)
BENCH_SRC := $(wildcard tests/bench/bench_*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(B)/%.o)
CPU_OBJ  := $(CPU_SRC:%.c=$(B)/%.o)
CUDA_OBJ := $(CUDA_SRC:%.c=$(B)/%.o)
CU_OBJ   := $(CU_SRC:%.cu=$(B)/%.cu.o)
TOOLS    := $(TOOL_SRC:tools/%.c=$(BIN)/%)
TESTS    := $(TEST_SRC:tests/unit/%.c=$(B)/tests/%)
BENCHES  := $(BENCH_SRC:tests/bench/%.c=$(B)/bench/%)
PLUGIN   := $(B)/libeae-cpu.so
# sanitizers and other compilers see the CUDA room through its emulation
ifeq ($(PROFILE)$(CUDA),1)
PLUGIN   += $(B)/libeae-cuda.so
endif
FUZZ     := $(B)/tests/fuzz_stream
MAN1     := $(wildcard man/*.1)
MAN5     := $(wildcard man/*.5)
MAN7     := $(wildcard man/*.7)

# The CUDA kernels on the processor (tests/cuda/emulate.h): the same sources in a plugin of the same
# name, with programs and tests beside it that load it as they would the real one.
E        := $(B)/emulated
EMU_OBJ  := $(CU_SRC:%.cu=$(E)/%.o) $(E)/tests/cuda/emulate.o
EMU_TEST := $(addprefix $(E)/tests/,test_kernels test_kernels_features test_kernels_dense \
              test_kernels_rows test_kernels_machines test_gram_svm test_batch)
EMU_BIN  := $(addprefix $(E)/bin/,eae-train eae-rfe)
EMULATED := $(if $(CXX),$(E)/libeae-cuda.so $(E)/libeae-cpu.so $(EMU_TEST) $(EMU_BIN))

.PHONY: all tests check unit cli asan fuzz fuzzer lint bench check-gpu bench-gpu install uninstall dist help \
        clean
all: $(B)/libeae.a $(TOOLS) $(PLUGIN)
tests: all $(TESTS) $(EMULATED)

# ---- build -------------------------------------------------------------------------------------

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) $(BASE) -MMD -MP $(EXTRA) -c $< -o $@

# vectors of square roots; nobody reads errno there
$(B)/lib/base/normal.o: EXTRA := -fno-math-errno -fno-trapping-math

$(B)/lib/kernels/cpu/%.o: EXTRA := -fopenmp -fvisibility=hidden

$(B)/lib/kernels/cuda/%.o: EXTRA := -fvisibility=hidden

$(B)/libeae.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(B)/libeae-cpu.so: $(CPU_OBJ)
	$(CC) -shared $(LDEXTRA) -fopenmp -o $@ $^ -lopenblas -llapacke -lm

# code for A100, H100 and B200, as far as this nvcc knows them, and PTX for what comes after
KNOWN     = $(shell $(NVCC) --list-gpu-arch)
TARGETS  := $(if $(NVCC),$(filter $(KNOWN),compute_80 compute_90 compute_100))
ARCHS    := $(foreach t,$(TARGETS),-gencode arch=$(t),code=$(t:compute_%=sm_%)) \
            -gencode arch=$(lastword $(TARGETS)),code=$(lastword $(TARGETS))
# no contraction: what a compiler fuses depends on the code around, and so would the bits of equal machines
NVFLAGS  := -O3 -std=c++17 -fmad=false -Ilib -lineinfo -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-ffp-contract=off

$(B)/%.cu.o: %.cu $(wildcard lib/kernels/cuda/*.cuh) lib/kernels/cuda/device.h Makefile
	@mkdir -p $(@D)
	$(NVCC) $(NVFLAGS) $(ARCHS) -c $< -o $@

# the runtime is inside; the driver is looked for when a device is
$(B)/libeae-cuda.so: $(CUDA_OBJ) $(CU_OBJ)
	$(NVCC) -shared -cudart static $(ARCHS) -Xlinker --exclude-libs=ALL -o $@ $^

EMUFLAGS := -std=c++17 $(filter-out -O3,$(CFLAGS)) -O2 -Wall -Wextra -Wno-unknown-pragmas -fPIC -ffp-contract=off \
            -fno-exceptions -fno-rtti -fno-threadsafe-statics -fvisibility=hidden -Ilib -Itests/cuda -MMD -MP

$(E)/%.o: %.cu
	@mkdir -p $(@D)
	$(CXX) $(EMUFLAGS) -x c++ -c $< -o $@

$(E)/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(EMUFLAGS) -c $< -o $@

$(E)/libeae-cuda.so: $(CUDA_OBJ) $(EMU_OBJ)
	$(CC) -shared $(LDEXTRA) -o $@ $^ -lm -pthread

# /proc/self/exe says where a program is: links that are files
define beside
@mkdir -p $(@D)
ln -f $< $@
endef
$(E)/libeae-cpu.so: $(B)/libeae-cpu.so
	$(beside)
$(E)/tests/%: $(B)/tests/%
	$(beside)
$(E)/bin/%: $(BIN)/%
	$(beside)

$(BIN)/%: $(B)/tools/%.o $(B)/libeae.a
	@mkdir -p $(@D)
	$(CC) $(LDEXTRA) -o $@ $^ $(LIBS)

# of a plugin's inside, this alone is pure arithmetic
$(B)/tests/test_cuda_plan: $(B)/lib/kernels/cuda/plan.o

$(B)/tests/%: $(B)/tests/unit/%.o $(B)/libeae.a
	@mkdir -p $(@D)
	$(CC) $(LDEXTRA) -o $@ $^ -lcmocka $(LIBS)

$(B)/tests/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/libeae.a
	@mkdir -p $(@D)
	$(CC) $(LDEXTRA) -o $@ $^ $(LIBS)

$(B)/bench/%: $(B)/tests/bench/%.o $(B)/libeae.a
	@mkdir -p $(@D)
	$(CC) $(LDEXTRA) -o $@ $^ $(LIBS)

# ---- tests: TAP by prove -----------------------------------------------------------------------

# comments: what a failed test says of itself; more jobs than cores, as many tests wait for servers
PROVE    := prove --failures --comments --timer -j5
# a program that ends by exit() in an error leaves memory to the kernel: leaks are looked for in unit tests
# what a sanitizer finds ends with the status of a crash, not with that of a refused input
CLI_ENV  := EAE_BIN=$(abspath $(BIN)) PATH="$(abspath $(BIN)):$$PATH" \
            ASAN_OPTIONS=detect_leaks=0:exitcode=134 UBSAN_OPTIONS=exitcode=134 \
            EAE_EMULATED=$(if $(CXX),$(abspath $(E)/bin))

# the kernels' tests once more with the cuda backend, emulated
unit: tests
	@CMOCKA_MESSAGE_OUTPUT=TAP $(PROVE) --exec '' $(TESTS)
	@$(if $(CXX),EAE_TEST_BACKEND=cuda CMOCKA_MESSAGE_OUTPUT=TAP $(PROVE) --exec '' $(EMU_TEST),\
	    echo 'no C++ compiler: the CUDA kernels are not tested')

# What runs again under sanitizers, where all takes several times as long: what reads bytes of others, errors, and
# some of each program; the modules have their unit tests there too. SANITIZE=all: everything but worked analyses.
SANITIZED := %/errors.bats view/c% view/f% view/v% split/% synth/% stream/foreign.bats cache/commands.bats \
             cache/trust.bats cache/exchange.bats train/covariates.bats rfe/memory.bats score/models.bats \
             score/narrow.bats score/survival.bats submit/commands.bats submit/failures.bats submit/forms.bats
# those that wait for others first: the rest fills the time
ALL_CLI   := $(sort $(wildcard tests/cli/submit/*.bats)) $(filter-out tests/cli/submit/%,$(sort $(wildcard tests/cli/*/*.bats)))
CLI_TESTS := $(ALL_CLI)
ifeq ($(PROFILE),asan)
CLI_TESTS := $(if $(SANITIZE),$(filter-out tests/cli/share/%,$(ALL_CLI)), \
               $(filter $(addprefix tests/cli/,$(SANITIZED)),$(ALL_CLI)))
endif
cli: all $(EMULATED)
	@$(CLI_ENV) $(PROVE) --exec 'bats --tap' $(CLI_TESTS)

fuzzer: $(FUZZ)
fuzz: $(FUZZ)
	$(FUZZ) tests/data/stream 10

check:
	@$(MAKE) --no-print-directory -s unit cli
	@$(MAKE) --no-print-directory -s asan
	@$(MAKE) --no-print-directory -s lint

# the same tests under AddressSanitizer and UndefinedBehaviorSanitizer
asan:
	@$(MAKE) --no-print-directory -s -j$(shell nproc) PROFILE=asan tests fuzzer
	@$(MAKE) --no-print-directory -s PROFILE=asan unit cli fuzz

lint: all
	@scripts/lint

bench: all $(BENCHES)
	@scripts/bench

# both build what they need; both need a device, and say so: status 77 and nothing checked where there is none
check-gpu:
	@scripts/check-gpu

bench-gpu:
	@scripts/bench-gpu

# ---- install -----------------------------------------------------------------------------------

SHARE    := $(wildcard share/python/*.py share/R/*.R share/snakemake/* share/completions/* share/notebooks/*.ipynb \
              share/plot/* share/data/*/* share/examples/*.md share/examples/*.awk share/examples/*/Makefile \
              share/examples/*/*.md share/examples/*/*.awk share/examples/*/*.txt share/examples/exec/* \
              share/examples/backend/*)
TO       := $(DESTDIR)$(PREFIX)
COMPLETE := $(TO)/share/bash-completion/completions

install: all
	install -d $(TO)/bin $(TO)/lib/eae $(TO)/share/man/man1 $(TO)/share/man/man5 $(TO)/share/man/man7 $(COMPLETE)
	install -m 755 $(TOOLS) $(TO)/bin
	install -m 644 $(PLUGIN) $(TO)/lib/eae
	install -m 644 $(MAN1) $(TO)/share/man/man1
	install -m 644 $(MAN5) $(TO)/share/man/man5
	install -m 644 $(MAN7) $(TO)/share/man/man7
	for f in $(SHARE:share/%=%); do \
	    mode=644; [ ! -x share/$$f ] || mode=755; \
	    install -D -m $$mode share/$$f $(TO)/share/eae/$$f || exit; done
	for t in $(notdir $(TOOLS)); do ln -sf ../../eae/completions/eae.bash $(COMPLETE)/$$t || exit; done

uninstall:
	rm -f $(TOOLS:$(BIN)/%=$(TO)/bin/%) $(TOOLS:$(BIN)/%=$(COMPLETE)/%)
	rm -f $(MAN1:man/%=$(TO)/share/man/man1/%) $(MAN5:man/%=$(TO)/share/man/man5/%) \
	    $(MAN7:man/%=$(TO)/share/man/man7/%)
	rm -rf $(TO)/lib/eae $(TO)/share/eae

dist:
	git archive --prefix=eae-$(VERSION)/ -o eae-$(VERSION).tar.gz HEAD

help:
	@echo 'make            build the programs into bin/, the libraries into build/'
	@echo 'make check      all of the below: what a change must pass'
	@echo 'make unit       unit tests'
	@echo 'make cli        command line tests'
	@echo 'make asan       both again (SANITIZE=all: all of them), and the fuzz target, under sanitizers'
	@echo 'make lint       layers, names, banned functions, docs, format, warnings, cppcheck, shellcheck'
	@echo 'make bench      timings beside the peers that are installed'
	@echo 'make check-gpu  the cuda backend on a device; make bench-gpu: its timings'
	@echo 'make install    into PREFIX (default /usr/local), DESTDIR for packaging; make uninstall'
	@echo 'make dist       eae-$(VERSION).tar.gz of what is committed'
	@echo 'make clean      remove build/ and bin/'

clean:
	rm -rf build bin

-include $(LIB_OBJ:.o=.d) $(CPU_OBJ:.o=.d) $(CUDA_OBJ:.o=.d) $(EMU_OBJ:.o=.d) $(TOOL_SRC:%.c=$(B)/%.d) $(TEST_SRC:%.c=$(B)/%.d)
.PRECIOUS: $(B)/%.o
.SECONDARY:
