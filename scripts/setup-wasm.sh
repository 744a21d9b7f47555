#!/usr/bin/env bash
# Makes rustc able to compile for wasm32-unknown-unknown. Three ways, the cheapest first:
# it already can; rustup brings the target; or, where rustup's server is out of reach, the standard library is
# compiled from Debian's rust-src package of exactly rustc's version.
. "$(dirname "$0")/environment.sh"

target=wasm32-unknown-unknown
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The panic hook and the allocator are linked in, so that a half-installed standard library does not pass.
can_compile() {
    echo '#[unsafe(no_mangle)] pub extern "C" fn probe(n: usize) -> usize { vec![n; n].iter().sum() }' |
        rustc --edition 2024 --crate-name probe --crate-type cdylib --target "$target" -o "$work/probe.wasm" - \
            >"$work/probe.log" 2>&1
}

can_compile && exit 0
if command -v rustup >/dev/null; then
    say "adding the target $target with rustup"
    RUSTUP_MAX_RETRIES=1 timeout 180 rustup target add "$target" >&2 || say "rustup could not add it"
    can_compile && exit 0
fi

version=$(rustc --version | cut -d ' ' -f 2)
command -v apt-get >/dev/null || fail "rustc cannot compile for $target: please run 'rustup target add $target'."
say "compiling the standard library for $target from Debian's rust-src $version (about a minute)"

# A private apt root, so that the machine's own package lists stay as they are. Its mirror is the machine's own.
# shellcheck disable=SC2016 # the dollar sign is apt's, not ours
mirrors=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | sort -u)
if [ -z "$mirrors" ]; then
    mirrors=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        grep -v '^#' | grep -oE '[a-z+]+://[^ ]+/debian/?( |$)' | sort -u)
fi
mkdir -p "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial"
for mirror in $mirrors; do
    # trixie-backports holds a version until the next one replaces it; sid is where it appears first.
    for suite in trixie-backports sid; do
        echo "deb $mirror $suite main" >>"$work/apt/sources.list"
    done
done
[ -s "$work/apt/sources.list" ] || fail "found no Debian mirror in this machine's apt configuration."
private_apt=(-o "Dir::Etc::SourceList=$work/apt/sources.list" -o "Dir::Etc::SourceParts=$work/apt/none"
    -o "Dir::State::Lists=$work/apt/state/lists" -o "Dir::Cache=$work/apt/cache"
    -o "APT::Sandbox::User=root" -o "Acquire::Languages=none")
apt-get "${private_apt[@]}" -q update >"$work/apt/update.log" 2>&1 || say "some package lists could not be read"
package=$(apt-cache "${private_apt[@]}" madison rust-src | awk '{ print $3 }' |
    grep -E "^${version//./\\.}([+~-]|$)" | head -n 1) || true
[ -n "$package" ] || fail "Debian has no rust-src $version: please use a rustc that rustup can add $target to."
(cd "$work" && apt-get "${private_apt[@]}" -q download "rust-src=$package" >&2)
dpkg-deb --extract "$work"/rust-src_*.deb "$work/source"

library=$(echo "$work"/source/usr/src/rustc-*/library)
# Built with rust's own lock file and profile 'dist', whose embedded bitcode makes LTO work; RUSTC_BOOTSTRAP is what
# rust's own build sets for its standard library, and concerns this one command only.
(
    cd "$library/sysroot"
    RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work/build" \
        RUSTFLAGS="-Zforce-unstable-if-unmarked --remap-path-prefix=$library=/rustc/library" \
        cargo build --quiet --locked --profile dist --target "$target" --features backtrace
)
destination="$(rustc --print sysroot)/lib/rustlib/$target/lib"
mkdir -p "$destination"
cp "$work/build/$target"/dist/deps/lib*.rlib "$destination/"
can_compile || {
    cat "$work/probe.log" >&2
    fail "rustc still cannot compile for $target."
}
