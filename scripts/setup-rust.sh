#!/usr/bin/env bash
# Checks that cargo is there, and a C compiler: cargo links with it, and SQLite is compiled from C.
. "$(dirname "$0")/environment.sh"

command -v cargo >/dev/null || fail "cargo is missing: please install Rust with rustup, then try again."
command -v cc >/dev/null || install_packages "a C compiler" gcc libc6-dev
