#!/usr/bin/env bats
# 32 processes at once: a few seconds of what `tests/cli/cache/hammer` does for a minute.

load ../helpers
load helpers

@test "processes that run, put, get, evict and are killed: no wrong byte, nothing left" {
    timeout 100 "$BATS_TEST_DIRNAME/hammer" 4 32
}
