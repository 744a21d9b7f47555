#!/usr/bin/env bash
# Node and the packages of end2end/, for the browser tests only: building and running Tallystick needs neither.
. "$(dirname "$0")/environment.sh"

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    install_packages "Node.js for the browser tests" nodejs npm
fi

# npm writes this file last, so it tells whether the installation is complete and as new as the lock file.
if [ end2end/node_modules/.package-lock.json -nt end2end/package-lock.json ]; then exit 0; fi
say "installing the packages of end2end/ with npm"
# Chromium comes from the system, so no package has a reason to run a script of its own.
cd end2end
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund --prefer-offline >&2
touch node_modules/.package-lock.json
