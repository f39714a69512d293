#!/usr/bin/env bash
# Certificates for TLS: a small CA of your own, one for the server, and one for each user who comes in without a token.
#
# usage: deploy/certificates.sh DIR ca               DIR/ca.crt, DIR/ca.key: for 10 years, never made twice
#        deploy/certificates.sh DIR server NAME...   DIR/server.crt, .key: for 825 days; host names and IP addresses
#        deploy/certificates.sh DIR client USER      DIR/client-USER.crt, .key: for 366 days
#
# To renew one, run its line again: it keeps its key, and a running server reads the new certificate by itself. For a new
# key remove the old one first. Keys are EC P-256 with mode 0600; whoever has ca.key can be anybody: keep it off the server
# where you can.
set -euo pipefail

readonly CA_DAYS=3650 SERVER_DAYS=825 CLIENT_DAYS=366

fail() {
  printf 'certificates.sh: %s\n' "$*" >&2
  exit 1
}
usage() {
  sed -n '2,10p' "$0" | sed 's/^# \{0,1\}//' >&2
  exit 2
}

# What openssl says is shown only when it fails.
run_openssl() {
  local said
  said=$(openssl "$@" 2>&1) || fail "openssl $1 failed: $said"
}

# Makes "$1" a private key, unless it is there.
make_key() {
  if [ -e "$1" ]; then
    if [ ! -f "$1" ] || [ ! -r "$1" ]; then fail "$1 is no file that can be read"; fi
    chmod 0600 "$1"
    return
  fi
  run_openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key"
  mv -T "$work/key" "$1"
}

check_ca() {
  if [ ! -f "$dir/ca.crt" ] || [ ! -f "$dir/ca.key" ]; then fail "there is no CA in $dir; make one: $0 $dir ca"; fi
  openssl x509 -in "$dir/ca.crt" -noout -checkend 0 >/dev/null 2>&1 ||
    fail "$dir/ca.crt is no certificate, or has expired; make a CA in another folder"
}

# Signs the key "$1" by the CA as the subject "$2", for "$3" days with the extensions "$4", and puts the certificate in the
# place "$5" at once, so that nobody reads half of it.
sign() {
  printf '[req]\nprompt = no\ndistinguished_name = subject\n[subject]\nO = Sumscope\nCN = %s\n' "$2" >"$work/request.cnf"
  printf '[extensions]\n%s\n' "$4" >"$work/extensions.cnf"
  run_openssl req -new -config "$work/request.cnf" -key "$1" -out "$work/request"
  # Serials are random: two machines may sign by copies of one CA.
  run_openssl x509 -req -sha256 -in "$work/request" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" \
    -set_serial "0x$(openssl rand -hex 16)" -days "$3" -extfile "$work/extensions.cnf" -extensions extensions \
    -out "$work/certificate"
  run_openssl verify -CAfile "$dir/ca.crt" "$work/certificate"
  chmod 0644 "$work/certificate"
  mv -T "$work/certificate" "$5"
}

# "DNS:host" or "IP:address"; fails for what is neither.
alternative_name() {
  local label='[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
  local octet='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
  if [[ $1 =~ ^($octet\.){3}$octet$ ]] || [[ $1 =~ ^[0-9A-Fa-f:]*:[0-9A-Fa-f:]*$ ]]; then
    printf 'IP:%s' "$1"
  elif [[ ${#1} -le 253 && $1 =~ ^$label(\.$label)*$ && ! $1 =~ ^[0-9.]*$ ]]; then
    printf 'DNS:%s' "$1"
  else
    return 1
  fi
}

make_ca() {
  [ $# = 0 ] || usage
  [ ! -e "$dir/ca.crt" ] || fail "there is a CA in $dir, which is kept: what it signed would be worthless without it"
  make_key "$dir/ca.key"
  {
    printf '[req]\nprompt = no\ndistinguished_name = subject\nx509_extensions = extensions\n'
    printf '[subject]\nO = Sumscope\nCN = Sumscope CA %s\n' "$(openssl rand -hex 4)"
    printf '[extensions]\nbasicConstraints = critical, CA:TRUE, pathlen:0\nkeyUsage = critical, keyCertSign, cRLSign\n'
    printf 'subjectKeyIdentifier = hash\n'
  } >"$work/request.cnf"
  run_openssl req -new -x509 -sha256 -config "$work/request.cnf" -key "$dir/ca.key" -days "$CA_DAYS" \
    -set_serial "0x$(openssl rand -hex 16)" -out "$work/certificate"
  chmod 0644 "$work/certificate"
  mv -T "$work/certificate" "$dir/ca.crt"
  echo "$dir/ca.crt"
}

make_server() {
  [ $# -gt 0 ] || usage
  local name one names=''
  for name in "$@"; do
    one=$(alternative_name "$name") || fail "'${name//[^[:print:]]/?}' is no host name and no IP address"
    names+="${names:+, }$one"
  done
  check_ca
  make_key "$dir/server.key"
  sign "$dir/server.key" server "$SERVER_DAYS" "basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = $names" "$dir/server.crt"
  echo "$dir/server.crt"
}

make_client() {
  [ $# = 1 ] || usage
  [[ $1 =~ ^[a-z][a-z0-9._-]{0,31}$ ]] ||
    fail "'${1//[^[:print:]]/?}' is no user's name: it has 1 to 32 of a-z, 0-9, '.', '_' and '-', first a letter"
  check_ca
  make_key "$dir/client-$1.key"
  sign "$dir/client-$1.key" "$1" "$CLIENT_DAYS" "basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid" "$dir/client-$1.crt"
  echo "$dir/client-$1.crt"
}

[ $# -ge 2 ] || usage
case $1 in
  -*) dir=./$1 ;;
  *) dir=$1 ;;
esac
command -v openssl >/dev/null || fail "openssl is missing: apt-get install openssl"
mkdir -p "$dir"
umask 077
exec 9<"$dir"
flock 9  # one at a time
work=$(mktemp -d "$dir/.making.XXXXXX")
trap 'rm -rf "$work"' EXIT
what=$2
shift 2
case $what in
  ca) make_ca "$@" ;;
  server) make_server "$@" ;;
  client) make_client "$@" ;;
  *) usage ;;
esac
