#!/usr/bin/env bash
# Formatting and lints, for both sides.
. "$(dirname "$0")/environment.sh"

claim_target
# The folder whose files the server embeds has to exist when its code is checked.
mkdir -p dist
cargo fmt --check
cargo clippy --all-targets -- -D warnings
cargo clippy --lib --no-default-features --features hydrate --target wasm32-unknown-unknown -- -D warnings
