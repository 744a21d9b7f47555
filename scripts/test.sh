#!/usr/bin/env bash
# Everything that must pass before a change is accepted, the quick stages first; the first failure ends the run.
. "$(dirname "$0")/environment.sh"

stage="start"
stages=0
trap '[ "$stage" = finished ] || echo "make test: FAILED at \"$stage\" after $SECONDS s" >&2' EXIT

run_stage() {
    stage=$1
    shift
    stages=$((stages + 1))
    printf '\n=== [%4d s] %s\n' "$SECONDS" "$stage"
    "$@"
}

# Every run needs these; what is there already is left alone.
setup() {
    scripts/setup-rust.sh
    scripts/setup-wasm.sh
    scripts/setup-bindgen.sh
    local browser postgres recipes
    browser=$(scripts/setup-browser.sh)
    postgres=$(scripts/setup-postgres.sh)
    recipes=$(scripts/setup-recipes.sh)
    scripts/setup-node.sh
    echo "$(rustc --version), $(wasm-bindgen --version), Node $(node --version), $browser, $postgres, $recipes"
}

run_stage "set up what is missing" setup
run_stage "formatting" cargo fmt --check
claim_target
run_stage "front end" scripts/build-front.sh
run_stage "lints, server" cargo clippy --all-targets -- -D warnings
run_stage "lints, browser" cargo clippy --lib --no-default-features --features hydrate \
    --target wasm32-unknown-unknown -- -D warnings
run_stage "tests of the rules alone" cargo test --lib --no-default-features
run_stage "tests on SQLite and PostgreSQL" scripts/with-postgres.sh cargo test
run_stage "browser journeys" scripts/journeys.sh

stage="finished"
printf '\nmake test: all %d stages passed in %d s\n' "$stages" "$SECONDS"
