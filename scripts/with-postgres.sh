#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own: scripts/with-postgres.sh cargo test
# The command finds its address in TEST_DATABASE_URL. The server and its folder are gone when the command ends.
. "$(dirname "$0")/environment.sh"

[ $# -gt 0 ] || fail "usage: scripts/with-postgres.sh COMMAND…"
programs=$("$root/scripts/setup-postgres.sh")

# Not below TMPDIR: a socket's path may not be longer than 107 bytes.
folder=$(mktemp -d /tmp/tallystick-postgres.XXXXXX)

# PostgreSQL refuses to run as root.
as_server=()
if [ "$(id -u)" -eq 0 ]; then
    id postgres >/dev/null 2>&1 || fail "PostgreSQL refuses to run as root, and there is no user 'postgres'."
    as_server=(runuser -u postgres --)
fi
# Its programs look at the current folder, which that user may not be allowed to read.
server() { (cd "$folder" && "${as_server[@]}" "$programs/$1" "${@:2}"); }

# shellcheck disable=SC2317 # called by the trap
stop() {
    if [ -e "$folder/data/postmaster.pid" ]; then
        server pg_ctl stop --pgdata "$folder/data" --mode immediate --wait --silent || true
    fi
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A password, since any other user of the machine can reach the port.
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
(umask 077 && echo "$password" >"$folder/password")
mkdir "$folder/socket"
[ ${#as_server[@]} -eq 0 ] || chown -R postgres "$folder"

# --no-sync concerns only the files that initdb writes; the server keeps fsync, which the tests rely on.
server initdb --pgdata "$folder/data" --username postgres --pwfile "$folder/password" --auth scram-sha-256 \
    --encoding UTF8 --locale C --no-sync >"$folder/initdb.log" || {
    cat "$folder/initdb.log" >&2
    fail "initdb failed."
}

# PostgreSQL cannot choose a port by itself. Trying to listen is the only check that cannot be outrun, so we try
# ports below those that the system hands out, until one is free.
started=no
for _ in $(seq 20); do
    port=$((20000 + RANDOM % 12000))
    if server pg_ctl start --pgdata "$folder/data" --log "$folder/data/server.log" --wait --silent --options \
        "-c port=$port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder/socket -c max_connections=200" \
        >/dev/null 2>&1; then
        started=yes
        break
    fi
    grep -q 'could not create any TCP/IP sockets' "$folder/data/server.log" || break
    rm -f "$folder/data/server.log"
done
[ "$started" = yes ] || {
    cat "$folder/data/server.log" >&2
    fail "PostgreSQL did not start."
}

# For tests that take the server away for a while: `$TEST_POSTGRES_CONTROL stop`, and `start` with the same options.
cat >"$folder/control" <<END
#!/usr/bin/env bash
set -eu
cd "$folder"
case "\$1" in
stop) ${as_server[*]} "$programs/pg_ctl" stop --pgdata "$folder/data" --mode immediate --wait --silent ;;
start) ${as_server[*]} "$programs/pg_ctl" start --pgdata "$folder/data" --log "$folder/data/server.log" --wait --silent \
    --options "-c port=$port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder/socket -c max_connections=200" \
    >/dev/null 2>&1 </dev/null ;;
*) exit 2 ;;
esac
END
chmod +x "$folder/control"
export TEST_POSTGRES_CONTROL="$folder/control"
export TEST_DATABASE_URL="postgres://postgres:$password@127.0.0.1:$port/postgres"
result=0
"$@" || result=$?
exit "$result"
