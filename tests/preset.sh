#!/usr/bin/env bash
# Configures and builds another preset, then runs its tests that match a pattern and are not slow:
#   tests/preset.sh PRESET [CTEST_REGEX [TARGET...]]
# With SUMSCOPE_MESSAGES_FROM in the environment that build's messages are used (deploy/cmake/SumscopeProtos.cmake).
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1 pattern=${2:-}
targets=("${@:3}")
started=$SECONDS
cmake --preset "$preset" -DSUMSCOPE_MESSAGES_FROM="${SUMSCOPE_MESSAGES_FROM:-}" --log-level=WARNING >/dev/null
ninja -C "build/$preset" -j2 --quiet "${targets[@]}"
echo "$preset: built in $((SECONDS - started)) s"
[ -z "$pattern" ] && exit 0
started=$SECONDS
# Of a test that fails its failures are told, not the hundreds of its program that passed: a log that is cut keeps them.
export GTEST_BRIEF=1
ctest --test-dir "build/$preset" -j2 -R "$pattern" -LE slow --output-on-failure --no-tests=error
echo "$preset: tested in $((SECONDS - started)) s"
