#!/usr/bin/env bash
# From nothing to a trained, evaluated transformer on a fresh Debian 12 machine: installs what is missing, builds the three
# programs, starts the server in the background, trains a small model on 3-digit addition, evaluates it and shows what to
# try next. Running it again reuses everything and takes seconds.
#
# usage: deploy/quickstart.sh [--gpu | --cpu] [--no-apt]
set -euo pipefail
cd "$(dirname "$0")/.."

MODEL=add_d3_l1_h3_t6K
SETTINGS=d_model=96,d_head=32,d_mlp=384,learning_rate=1e-3
RUN=quickstart
BIN=build/programs/bin

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n== %s\n' "$*"; }

# Service managers and build machines start scripts without it.
[ -n "${HOME:-}" ] || export HOME="$(getent passwd "$(id -u)" | cut -d: -f6)"

say "1/4 dependencies"
deploy/dependencies.sh --programs-only "$@"

say "2/4 build"
if [ ! -f build/programs/build.ninja ]; then cmake --preset programs --log-level=WARNING; fi
ninja -C build/programs -j"$(nproc)" sumscoped sumscope-worker sumscope

say "3/4 server"
data=${XDG_DATA_HOME:-$HOME/.local/share}/sumscope
if "$BIN/sumscope" server info -o json >/dev/null 2>&1; then
  echo "already running"
else
  mkdir -p "$data"
  log=$data/sumscoped.log
  setsid "$BIN/sumscoped" >"$log" 2>&1 </dev/null &
  server=$!
  until "$BIN/sumscope" server info -o json >/dev/null 2>&1; do
    if ! kill -0 "$server" 2>/dev/null; then
      echo "the server did not start:" >&2
      tail -n 5 "$log" >&2
      exit 1
    fi
    sleep 0.1
  done
  echo "started (pid $server, log in $log)"
  sed -n 's/^sumscoped: slots: /slots: /p' "$log" | tail -n 1
fi

say "4/4 train $MODEL and evaluate it"
# The first two commands are what a person would type; the rest makes a second call find the first one's run.
if ! "$BIN/sumscope" runs show "$RUN" -o id >/dev/null 2>&1; then
  "$BIN/sumscope" train "$MODEL" --set "$SETTINGS" --run-id "$RUN" --label purpose=quickstart --quiet >/dev/null
fi
# A run that was cancelled or failed goes on; one that is under way, or done, does not need it.
"$BIN/sumscope" runs resume "$RUN" --quiet >/dev/null 2>&1 || true
"$BIN/sumscope" runs watch "$RUN"
"$BIN/sumscope" probe "$RUN" evaluate --questions uniform:10000 --wait

cat <<END

The model is run '$RUN'. Try next:
  $BIN/sumscope runs show $RUN
  $BIN/sumscope probe $RUN evaluate --questions stratified:200 --wait
  $BIN/sumscope train add_d5_l1_h3_t15K_s129000 --set format=plain,schedule=paper1,enrichment=paper1 --watch
Stop the server (jobs go on at its next start):
  kill $("$BIN/sumscope" server info -o json | sed -n 's/.*"pid": *"\{0,1\}\([0-9]*\).*/\1/p')
END
