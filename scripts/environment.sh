# shellcheck shell=bash
# Sourced by every script: where the clone is, where build output and tools live, and a few small words.
#
# By default everything stays inside the clone (target/, .tools/), so that removing the clone removes all of it.
# With CI=true, or with TALLYSTICK_CACHE set to anything, it lives in the user's cache folder instead: then a fresh
# clone finds the compiled dependencies and tools of the clone before it, and rebuilds only this package.

set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

if [ "${CI:-}" = true ] || [ -n "${TALLYSTICK_CACHE:-}" ]; then
    cache="${XDG_CACHE_HOME:-$HOME/.cache}/tallystick"
    target_default="$cache/target"
    tools="$cache/tools"
    export npm_config_cache="$cache/npm"
else
    target_default="$root/target"
    tools="$root/.tools"
fi

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$target_default}"
export PATH="$tools/bin:$PATH:$HOME/.cargo/bin"

say() { echo "==> $*" >&2; }

fail() {
    echo "tallystick: $*" >&2
    exit 1
}

# Installs Debian packages, asking sudo where we are not root. The first argument says what they are needed for.
install_packages() {
    local purpose=$1 prefix=""
    shift
    command -v apt-get >/dev/null ||
        fail "$purpose is missing, and this is no Debian system: please install what Debian calls '$*', then try again."
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail "$purpose is missing, and neither root nor sudo is at hand: please have 'apt-get install $*' run, then try again."
        prefix=sudo
    fi
    say "installing $purpose: Debian packages $*"
    # The package lists of a bare machine are empty or old: refresh them only when the first attempt fails.
    # Standard output is kept clean for scripts that print an answer.
    $prefix env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2 || {
        $prefix apt-get update -q >&2
        $prefix env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
    } || fail "apt-get could not install '$*', which is needed for $purpose."
}

# Cargo judges freshness by file times, which say nothing across clones that share one target folder: the package
# of another clone could pass for ours. So our own artifacts are dropped (never the dependencies) when another clone
# built last, and always in CI, where every clone is new.
claim_target() {
    local owner="$CARGO_TARGET_DIR/built-from"
    case $CARGO_TARGET_DIR in "$root"/*) return ;; esac
    if [ "${CI:-}" != true ] && [ "$(cat "$owner" 2>/dev/null)" = "$root" ]; then return; fi
    if [ -d "$CARGO_TARGET_DIR" ]; then
        cargo clean --quiet --package tallystick
        cargo clean --quiet --package tallystick --target wasm32-unknown-unknown
        cargo clean --quiet --package tallystick --target-dir "$CARGO_TARGET_DIR/front" \
            --target wasm32-unknown-unknown --profile wasm-release
    fi
    mkdir -p "$CARGO_TARGET_DIR"
    echo "$root" >"$owner"
}
