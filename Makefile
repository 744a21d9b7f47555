# The one entry point, for people and for continuous integration. The work itself is in scripts/.

.PHONY: help run test check build front e2e faults bench clean

help:
	@echo "make run     start the demo on SQLite: prints an address and log-ins"
	@echo "make test    everything that must pass before a change is accepted"
	@echo "make check   formatting and lints only"
	@echo "make build   the release binary, everything inside it"
	@echo "make front   only what the browser gets, into dist/"
	@echo "make e2e     only the browser journeys"
	@echo "make faults  take process, database, disk and power away under load, and look what was kept"
	@echo "make bench   measure the speed beside others; BENCH=short, full or long"
	@echo "make clean   remove what was built"

run:
	@scripts/run.sh

test:
	@scripts/test.sh

check:
	@scripts/setup-rust.sh
	@scripts/setup-wasm.sh
	@scripts/check.sh

build:
	@scripts/build-release.sh

front:
	@scripts/setup-rust.sh
	@scripts/setup-wasm.sh
	@scripts/setup-bindgen.sh
	@scripts/build-front.sh

e2e: front
	@scripts/journeys.sh

faults:
	@scripts/setup-rust.sh
	@scripts/faults.sh

bench: front
	@scripts/bench.sh

clean:
	@bash -c '. scripts/environment.sh && cargo clean'
	@rm -rf dist end2end/test-results end2end/playwright-report
