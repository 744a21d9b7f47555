#!/usr/bin/env bash
# Builds the one binary, with everything that the browser needs inside it.
. "$(dirname "$0")/environment.sh"

scripts/setup-rust.sh
scripts/setup-wasm.sh
scripts/setup-bindgen.sh
claim_target
say "building what the browser gets"
scripts/build-front.sh

# Cargo notices a changed file of dist/, but not a new one.
listing="$CARGO_TARGET_DIR/embedded-files"
find dist -type f | sort >"$listing.new"
cmp -s "$listing.new" "$listing" || cargo clean --quiet --release --package tallystick
mv "$listing.new" "$listing"

say "building the server (release profile; the first time takes about ten minutes on two cores)"
cargo build --release --bin tallystick
echo "The binary is $CARGO_TARGET_DIR/release/tallystick"
