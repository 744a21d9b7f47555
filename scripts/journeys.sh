#!/usr/bin/env bash
# The browser tests, against the development build. They start the binary themselves, each time on a new SQLite file.
# Arguments are Playwright's: scripts/journeys.sh --project desktop
. "$(dirname "$0")/environment.sh"

TALLYSTICK_CHROMIUM=$(scripts/setup-browser.sh)
export TALLYSTICK_CHROMIUM
scripts/setup-node.sh
cargo build --bin tallystick
export TALLYSTICK_BIN="$CARGO_TARGET_DIR/debug/tallystick"
cd end2end
# Not npx: it would fetch a missing package instead of failing.
exec node_modules/.bin/playwright test "$@"
