#!/usr/bin/env bash
# From a fresh clone to a running demo on SQLite. The first time takes minutes, afterwards seconds.
# The development profile is used for the server: it compiles in half the time.
. "$(dirname "$0")/environment.sh"

say "1/4 compilers and tools"
scripts/setup-rust.sh
scripts/setup-wasm.sh
scripts/setup-bindgen.sh
claim_target
say "2/4 what the browser gets: WebAssembly, style sheet, fonts (first time about four minutes)"
scripts/build-front.sh
say "3/4 the server (first time about six minutes)"
cargo build --bin tallystick
say "4/4 starting the demo; Ctrl-C stops it"
exec "$CARGO_TARGET_DIR/debug/tallystick" demo
