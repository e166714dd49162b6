# eAE - one plain, non-recursive build file. `make help` lists the doors.

CC       ?= cc
CFLAGS   ?= -O3 -g
PREFIX   ?= /usr/local
DESTDIR  ?=
B        := build
# PROFILE=asan builds into its own folder, beside the plain build
ifeq ($(PROFILE),asan)
B        := build/asan
CFLAGS   := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LDEXTRA  := -fsanitize=address,undefined
endif
BIN      := $(if $(PROFILE),$(B)/bin,bin)

WARN     := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wundef $(if $(WERROR),-Werror)
# one order of floating-point operations on every machine: no contraction, no fast-math
BASE     := -std=c11 -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L -ffp-contract=off -fPIC -pthread -Ilib
LIBS     := -larchive -lz -lm -ldl -pthread

LIB_SRC  := $(wildcard lib/base/*.c lib/matrix/*.c lib/kernels/*.c lib/kernels/ref/*.c lib/model/*.c lib/eval/*.c)
CPU_SRC  := $(wildcard lib/kernels/cpu/*.c)
TOOL_SRC := $(wildcard tools/*.c)
TEST_SRC := $(wildcard tests/unit/test_*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(B)/%.o)
CPU_OBJ  := $(CPU_SRC:%.c=$(B)/%.o)
TOOLS    := $(TOOL_SRC:tools/%.c=$(BIN)/%)
TESTS    := $(TEST_SRC:tests/unit/%.c=$(B)/tests/%)
PLUGIN   := $(if $(CPU_SRC),$(B)/libeae-cpu.so)

.PHONY: all check help clean
all: $(TOOLS) $(PLUGIN)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) $(BASE) -MMD -MP $(EXTRA) -c $< -o $@

$(B)/lib/kernels/cpu/%.o: EXTRA := -fopenmp -fvisibility=hidden

$(B)/libeae.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(B)/libeae-cpu.so: $(CPU_OBJ)
	$(CC) -shared $(LDEXTRA) -fopenmp -o $@ $^ -lopenblas -llapacke -lm

$(BIN)/%: $(B)/tools/%.o $(B)/libeae.a
	@mkdir -p $(@D)
	$(CC) $(LDEXTRA) -o $@ $^ $(LIBS)

$(B)/tests/%: $(B)/tests/unit/%.o $(B)/libeae.a
	@mkdir -p $(@D)
	$(CC) $(LDEXTRA) -o $@ $^ -lcmocka $(LIBS)

check: all $(TESTS)
	@for t in $(TESTS); do echo "# $$t"; CMOCKA_MESSAGE_OUTPUT=TAP $$t || exit 1; done

help:
	@echo 'make            build bin/ and build/'
	@echo 'make check      unit tests and command line tests'
clean:
	rm -rf build bin

-include $(LIB_OBJ:.o=.d) $(CPU_OBJ:.o=.d) $(TOOL_SRC:%.c=$(B)/%.d) $(TEST_SRC:tests/unit/%.c=$(B)/tests/unit/%.d)
.PRECIOUS: $(B)/%.o
.SECONDARY:
