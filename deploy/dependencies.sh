#!/usr/bin/env bash
# Installs what Sumscope needs on Debian 12: Debian packages with apt, LibTorch and the googleapis protos into .deps/.
#
# usage: deploy/dependencies.sh [--gpu | --cpu] [--no-apt] [--programs-only]
#   --gpu            the CUDA set of LibTorch (default: when an NVIDIA GPU is visible)
#   --cpu            the CPU set, even where there is a GPU
#   --no-apt         do not check or install Debian packages
#   --programs-only  only what the three programs need: no compilers and clients that only tests use
# As root it installs; otherwise it prints the one apt line to run and stops. Safe to run again: does only what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

TORCH_VERSION=2.11.0
BUILD_PACKAGES=(
  ca-certificates g++ cmake ninja-build ccache pkg-config python3 python3-venv unzip
  libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libabsl-dev
  libsqlite3-dev libsqlitecpp-dev libssl-dev libzstd-dev zlib1g-dev
  libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libspdlog-dev libboost-math-dev
)
TEST_PACKAGES=(clang libgtest-dev libgmock-dev libbenchmark-dev sqlite3 util-linux openssh-server openssh-client openssl)

gpu=auto apt=yes tests=yes
for argument in "$@"; do
  case "$argument" in
    --gpu) gpu=yes ;;
    --cpu) gpu=no ;;
    --no-apt) apt=no ;;
    --programs-only) tests=no ;;
    *) sed -n '2,9p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2 ;;
  esac
done
if [ "$gpu" = auto ]; then
  gpu=no
  if [ -e /proc/driver/nvidia/version ] || [ -e /dev/nvidia0 ]; then gpu=yes; fi
fi

say() { printf '[dependencies] %s\n' "$*" >&2; }

packages=("${BUILD_PACKAGES[@]}")
[ "$tests" = yes ] && packages+=("${TEST_PACKAGES[@]}")
if [ "$apt" = yes ]; then
  command -v dpkg-query >/dev/null || {
    say "this is not Debian; install the equivalents of: ${packages[*]}; then run again with --no-apt"; exit 1; }
  missing=()
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" != 0 ]; then
      say "missing Debian packages; run this, then start again (or pass --no-apt):"
      echo "sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
      exit 1
    fi
    say "installing ${#missing[@]} Debian packages"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update >/dev/null
    apt-get -q install -y --no-install-recommends "${missing[@]}" >/dev/null
  fi
fi

mkdir -p .deps
# One installer at a time: two builds in one tree would unpack over each other.
exec 9>.deps/.lock
flock 9
rm -rf .deps/fetch.*  # of an installer that was interrupted

# A private pip: Debian 12 refuses to install beside the system's Python, and the system may have none.
pip() {
  [ -x .deps/pip/bin/python ] || python3 -m venv .deps/pip >&2
  .deps/pip/bin/python -m pip --disable-pip-version-check -q "$@"
}

# Unpacks wheels into .deps/<name>, whole or not at all: fetch_wheels NAME PIP_ARGUMENTS...
fetch_wheels() {
  local name=$1; shift
  local work
  work=$(mktemp -d .deps/fetch.XXXXXX)
  pip download --only-binary :all: -d "$work/wheels" "$@"
  mkdir "$work/tree"
  for wheel in "$work"/wheels/*.whl; do unzip -q -o "$wheel" -d "$work/tree"; done
  rm -rf ".deps/$name"
  mv "$work/tree" ".deps/$name"
  rm -rf "$work"
}

torch_kind=cpu
[ "$gpu" = yes ] && torch_kind=cuda
torch_stamp="$TORCH_VERSION $torch_kind"
# The CUDA set serves CPU builds as well, so it is never replaced by the CPU set.
have=$(cat .deps/torch.stamp 2>/dev/null || true)
if [ "$have" != "$torch_stamp" ] && ! { [ "$torch_kind" = cpu ] && [ "$have" = "$TORCH_VERSION cuda" ]; }; then
  say "fetching LibTorch $TORCH_VERSION ($torch_kind)"
  if [ "$torch_kind" = cuda ]; then
    fetch_wheels torch "torch==$TORCH_VERSION"
  else
    fetch_wheels torch --no-deps "torch==$TORCH_VERSION" nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85
  fi
  # The wheel's protobuf 3.13 headers would shadow Debian's 3.21.
  rm -rf .deps/torch/torch/include/google
  echo "$torch_stamp" > .deps/torch.stamp
fi

googleapis=1.63.2
if [ "$(cat .deps/googleapis.stamp 2>/dev/null || true)" != "$googleapis" ]; then
  say "fetching the googleapis protos $googleapis"
  fetch_wheels googleapis --no-deps "googleapis-common-protos==$googleapis"
  echo "$googleapis" > .deps/googleapis.stamp
fi

if [ "$tests" = yes ]; then
  client='grpcio==1.62.3 grpcio-reflection==1.62.3'
  if [ "$(cat .deps/python.stamp 2>/dev/null || true)" != "$client" ]; then
    say "fetching the Python client that tests use ($client)"
    # shellcheck disable=SC2086  # two requirements
    pip install --only-binary :all: $client
    echo "$client" > .deps/python.stamp
  fi
fi
say "all there"
