#!/bin/sh
# Builds the peer, if it is not there yet, and measures (bench.py). `make bench` has built Sen and installed wrk.
set -eu
cd "$(dirname "$0")"

# better-sqlite3 compiles against the headers of the Node.js in use: beside its binary (nodejs.org), or below /usr (Debian's libnode-dev).
headers() {
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  for at in "$prefix" /usr/local /usr; do
    [ -f "$at/include/node/node_api.h" ] && echo "$at" && return
  done
}

cannot() {
  echo "bench: the peer cannot be built: $1" >&2
  exit 1
}

if ! (cd peer && node -e "new (require('better-sqlite3'))(':memory:')") 2>/dev/null; then
  echo "Building the peer (Node.js $(node --version); better-sqlite3 takes a minute) …"
  nodedir=$(headers)
  [ -n "$nodedir" ] || cannot "the headers of Node.js are missing (Debian: apt-get install libnode-dev)"
  gyp="$(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js"
  [ -f "$gyp" ] || gyp=$(command -v node-gyp) || cannot "node-gyp is missing (it comes with npm; Debian: apt-get install node-gyp)"
  (cd peer && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || cannot "npm ci failed"
  log=peer/node_modules/build.log
  (cd peer/node_modules/better-sqlite3 && node "$gyp" rebuild --release --nodedir="$nodedir") >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; cannot "better-sqlite3 did not compile (bench/$log)"; }
fi
exec python3 bench.py
