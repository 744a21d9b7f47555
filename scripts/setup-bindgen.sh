#!/usr/bin/env bash
# Installs the command wasm-bindgen, once. Its version must equal the library's to the last digit, so it is read
# from the pin in Cargo.toml.
. "$(dirname "$0")/environment.sh"

version=$(sed -nE 's/^wasm-bindgen = .*"=([0-9.]+)".*/\1/p' Cargo.toml)
[ -n "$version" ] || fail "Cargo.toml does not pin wasm-bindgen."
if [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $version" ]; then exit 0; fi

say "installing wasm-bindgen $version into ${tools#"$root"/} (once; three to six minutes)"
# A build folder of its own: these dependencies are shared with nothing, and are not needed again.
CARGO_TARGET_DIR="$tools/build" \
    cargo install wasm-bindgen-cli --version "$version" --locked --root "$tools" --force --quiet
rm -rf "$tools/build"
