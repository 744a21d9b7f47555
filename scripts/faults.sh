#!/usr/bin/env bash
# Takes the real binary's process, database, disk and power away under load, again and again, and compares what it had
# promised with what is there. A short form of it is part of the tests. TALLYSTICK_SEED=n chooses the moments.
# What needs root (a small disk, a disk without power) or strace is skipped, and says so, where that is missing.
. "$(dirname "$0")/environment.sh"

claim_target
export TALLYSTICK_FAULTS=1
# One after the other: they share the database server that one of them stops.
scripts/with-postgres.sh cargo test --test it faults:: -- --nocapture --test-threads 1
