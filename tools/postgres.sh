#!/bin/sh
# A throw-away PostgreSQL for tests: its own cluster in a folder, reached by a Unix socket in the same folder, no network.
#   postgres.sh start DIR   makes the cluster when it is missing, starts it, prints its store URL
#   postgres.sh stop DIR    stops it (the files stay)
#   postgres.sh url DIR     prints the store URL
# PostgreSQL refuses to run as root; root hands it to the user postgres. fsync stays on. Texts sort by code point, as on SQLite.
set -eu

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -eq 2 ] || usage
action=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
port=5433

bin=$(pg_config --bindir 2>/dev/null || true)
[ -x "$bin/initdb" ] || bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || { echo "postgres.sh: no PostgreSQL server is installed" >&2; exit 1; }

as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

url() { echo "host=$dir port=$port dbname=sen user=postgres"; }

running() { as_postgres "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; }

start() {
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$dir"; fi
    chmod 700 "$dir"
    cd "$dir"
    if [ ! -s "$dir/data/PG_VERSION" ]; then
        as_postgres "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --data-checksums >/dev/null
    fi
    if ! running; then
        as_postgres "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 \
            -o "-p $port -k '$dir' -c listen_addresses='' -c max_connections=200" start >/dev/null
    fi
    as_postgres "$bin/psql" -h "$dir" -p "$port" -U postgres -d postgres -Atqc "select 1 from pg_database where datname = 'sen'" |
        grep -q 1 || as_postgres "$bin/createdb" -h "$dir" -p "$port" -U postgres sen
    url
}

case $action in
start) start ;;
stop) cd "$dir"; if running; then as_postgres "$bin/pg_ctl" -D "$dir/data" -m fast -w stop >/dev/null; fi ;;
url) url ;;
*) usage ;;
esac
