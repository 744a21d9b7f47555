#!/usr/bin/env bash
# Prints the path of a Chromium for the browser tests, installing Debian's where there is none.
. "$(dirname "$0")/environment.sh"

find_browser() {
    if [ -n "${TALLYSTICK_CHROMIUM:-}" ]; then
        command -v "$TALLYSTICK_CHROMIUM"
    else
        command -v chromium || command -v chromium-browser || command -v google-chrome
    fi
}

find_browser && exit 0
[ -z "${TALLYSTICK_CHROMIUM:-}" ] || fail "TALLYSTICK_CHROMIUM names no program: $TALLYSTICK_CHROMIUM"
install_packages "a browser for the tests" chromium
find_browser || fail "Chromium is installed but not on the PATH: set TALLYSTICK_CHROMIUM to its path."
