#!/bin/sh
# Installs the Debian packages that a purpose needs and this machine lacks: setup.sh build|test|bench.
# As root or through sudo; otherwise says what to install. Doing it again takes a moment and changes nothing.
set -eu

build="build-essential meson ninja-build pkgconf python3 ca-certificates brotli
  libmicrohttpd-dev libsqlite3-dev libpq-dev libjansson-dev libxml2-dev libcurl4-openssl-dev libargon2-dev libssl-dev libicu-dev
  libcairo2-dev libpango1.0-dev libqrencode-dev libutf8proc-dev libmagic-dev libxlsxwriter-dev libp11-kit-dev zlib1g-dev
  softhsm2 fonts-liberation fonts-dejavu-core"
test="$build clang clang-format libclang-rt-14-dev postgresql chromium poppler-utils qpdf zbar-tools sqlite3 curl unzip libnss3-tools git"
bench="$test wrk"

case "${1:-build}" in
build) wanted=$build ;;
test) wanted=$test ;;
bench) wanted=$bench ;;
*) echo "usage: tools/setup.sh build|test|bench" >&2; exit 2 ;;
esac
# Node.js may come from elsewhere; version 18 (Debian 12) or newer will do.
command -v node >/dev/null && command -v npm >/dev/null || wanted="$wanted nodejs npm"

missing=""
for package in $wanted; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ]; then as_root=""; elif command -v sudo >/dev/null; then as_root="sudo"; else
  echo "These Debian packages are missing. Please have them installed, then try again:" >&2
  echo "  apt-get install$missing" >&2
  exit 1
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
