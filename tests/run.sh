#!/usr/bin/env bash
# Sets up, builds and runs every test that needs no GPU and is not slow: the same here and in continuous integration.
#
# usage: tests/run.sh [CTEST_ARGUMENTS]      e.g. tests/run.sh -R storage
# The clang thread-safety build and the sanitizer builds are tests of the release build (preset_*), so that the last
# thing that runs is one ctest.
set -euo pipefail
cd "$(dirname "$0")/.."

stage() {
  local name=$1 started=$SECONDS
  shift
  echo "== $name"
  "$@"
  echo "== $name: $((SECONDS - started)) s"
}

# Whether a script in this folder can be run, as tests run some that they write: containers often mount memory noexec.
runs_scripts() {
  local script code=0
  script=$(mktemp "$1/sumscope-XXXXXX" 2>/dev/null) || return
  printf '#!/bin/sh\n' >"$script"
  chmod +x "$script"
  "$script" 2>/dev/null || code=$?
  rm -f "$script"
  return "$code"
}

# Whether files of the tests fit into this folder in memory, beside a compiler.
has_room() {
  local kib enough=$((6 << 20))
  for kib in "$(df --output=avail -k "$1" 2>/dev/null | tail -1)" "$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)"; do
    [ "${kib:-0}" -ge "$enough" ] || return 1
  done
}

# Tests sync what they write as the server does: in memory, where there is much of it, that waits for no disk.
if [ -z "${TMPDIR:-}" ]; then
  unset TMPDIR
  if runs_scripts /dev/shm && has_room /dev/shm; then export TMPDIR=/dev/shm; fi
fi

# Of a program that fails its failures are told, not all that passed.
export GTEST_BRIEF=1

stage dependencies deploy/dependencies.sh
stage configure cmake --preset release -DSUMSCOPE_META_TESTS=ON -DSUMSCOPE_BUILD_BENCHMARKS=ON --log-level=WARNING
stage build ninja -C build/release -j2 --quiet
exec ctest --test-dir build/release -j2 -LE 'gpu|slow' --output-on-failure --no-tests=error "$@"
