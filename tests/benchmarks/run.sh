#!/usr/bin/env bash
# Runs every benchmark that is built, a thread each, and writes one table with ratios.
#
# usage: tests/benchmarks/run.sh [--peers SCRIPT] [--python PYTHON] [--seconds N] [--rounds N] [--build DIRECTORY]
#                                [--filter REGEX] [-o FILE]
#   --peers SCRIPT     measures what a user would pick instead in turn with ours, round by round, and adds the ratios
#   --python PYTHON    of the peers, with torch and transformer-lens (default: python3). Nothing is installed
#   --seconds N        of each benchmark in all its rounds (default 20)
#   --rounds N         ours and theirs in turn, so that a drift of the machine meets both (default 4)
#   --build DIRECTORY  configured with -DSUMSCOPE_BUILD_BENCHMARKS=ON (default: build/release)
#   --filter REGEX     only benchmarks whose name has it
#   -o FILE            writes the table there too
set -euo pipefail
exec python3 "$(dirname "${BASH_SOURCE[0]}")/run.py" "$@"
