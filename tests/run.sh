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

# Tests sync what they write as the server does: in memory, where there is much of it, that waits for no disk.
in_memory=/dev/shm enough_kib=$((6 << 20))
if [ -z "${TMPDIR:-}" ] && runs_scripts "$in_memory" &&
  [ "$(df --output=avail -k "$in_memory" 2>/dev/null | tail -1)" -ge "$enough_kib" ] 2>/dev/null; then
  export TMPDIR=$in_memory
fi

stage dependencies deploy/dependencies.sh
stage configure cmake --preset release -DSUMSCOPE_META_TESTS=ON --log-level=WARNING
stage build ninja -C build/release -j2 --quiet
exec ctest --test-dir build/release -j2 -LE 'gpu|slow' --output-on-failure --no-tests=error "$@"
