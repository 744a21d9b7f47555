#!/usr/bin/env bash
# Prints the folder of PostgreSQL's server programs, installing Debian's where there are none.
# Debian keeps them off the PATH, one folder a version: the newest wins.
. "$(dirname "$0")/environment.sh"

find_server() {
    local folder
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) "$(pg_config --bindir 2>/dev/null)"; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            echo "$folder"
            return 0
        fi
    done
    return 1
}

find_server && exit 0
install_packages "a PostgreSQL server for the tests" postgresql
find_server || fail "PostgreSQL is installed, but initdb was not found."
