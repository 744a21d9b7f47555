#!/usr/bin/env bash
# Measures the speed beside others. BENCH=short shows in about two minutes that every part runs, BENCH=long adds ten
# minutes of clicks and ten million raw ones; BENCH_ONLY=redirect,latency measures a part; BENCH_DATA names a folder on another disk.
# BENCH_PROFILE=dev spares the release build, and gives figures that mean nothing.
. "$(dirname "$0")/environment.sh"

form=${BENCH:-full}
profile=${BENCH_PROFILE:-release}
out="$CARGO_TARGET_DIR/bench-results"

for tool in taskset setpriv; do
    command -v $tool >/dev/null || install_packages "$tool" util-linux
done
command -v nginx >/dev/null || say "nginx is not installed: hyper alone stands in its place"

# Ten thousand streams are as many connections, here and in the server.
ulimit -n "$(ulimit -Hn)" || say "open files stay at $(ulimit -n)"

claim_target
say "building ($profile)"
program=$(cargo build --profile "$profile" --bench network --message-format=json-render-diagnostics |
    sed -n 's/.*"name":"network".*"executable":"\([^"]*\)".*/\1/p' | tail -1)
[ -x "$program" ] || fail "the benchmark was not built"

say "measuring, form $form; a quiet machine is part of the method"
mkdir -p "$out" "${BENCH_DATA:-$out}"
data=$(mktemp -d "${BENCH_DATA:-$out}/data.XXXXXX")
# Also where the run is broken off: it may be some gigabytes.
trap 'rm -rf "$data"' EXIT
BENCH_DATA="$data" "$program" --form "$form" --out "$out"

# Only a whole run on a release build is worth keeping.
if [ "$form" != short ] && [ "$profile" = release ] && [ -z "${BENCH_ONLY:-}" ]; then
    cp "$out/performance.md" docs/performance.md
    echo "docs/performance.md is from this run: commit it where it was made on a quiet machine."
fi
