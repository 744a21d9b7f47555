#!/usr/bin/env bash
# Kills the real binary ten times under load, on SQLite and on PostgreSQL, and compares what it had promised with what
# is there. A short form of it is part of the tests.
. "$(dirname "$0")/environment.sh"

claim_target
export TALLYSTICK_FAULTS=1
scripts/with-postgres.sh cargo test --test it crash:: -- --nocapture
