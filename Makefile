# All tasks of this repository. Each target installs the tools that it needs.
.DEFAULT_GOAL := help
.PHONY: bench-isolation peers compat siege help dev test bench conformance guest guest-verify check fmt lint docs deny fuzz

CARGO_DENY_VERSION := 0.20.2
CARGO_FUZZ_VERSION := 0.13.2
# The seconds per fuzz target of `make fuzz`, and the targets.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/targets/*.rs)))

# `make conformance` runs every SAMPLE-th file of Test262.
SAMPLE ?= 1

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-14s %s\n", $$1, $$2 }'

dev: postgres ## Start Mayfly with its own PostgreSQL, deploy examples/, watch them, and print curl lines
	cargo run --release --locked --bin mayfly -- dev examples

test: postgres python ## Run the whole test suite
	cargo test --workspace --locked

bench: postgres ## Run the benches and print one table
	cargo bench --workspace --locked
	cargo run --release --locked --package mayfly-benches --bin table

peers: ## Install what benches compare with: workerd, Deno, Bun, isolated-vm, quickjs-emscripten
	cd benches/peers && npm ci --no-audit --no-fund
	# It is compiled where npm runs no scripts of packages by itself; without a compiler it is told as absent.
	cd benches/peers && npm rebuild isolated-vm --foreground-scripts >/dev/null 2>&1 || true

# `make bench-isolation BENCH="--quick"` takes two to four minutes.
BENCH ?= --write docs/PERFORMANCE.md
bench-isolation: postgres ## Measure what isolation costs, and write docs/PERFORMANCE.md (at most 15 minutes)
	cargo build --release --locked --package mayfly-control --bin mayfly
	cargo build --release --locked --package mayfly-bench
	$(or $(CARGO_TARGET_DIR),target)/release/mayfly bench isolation $(BENCH)

# `make compat SAMPLE=10` tries every tenth handler, and writes nothing.
compat: postgres ## Try npm packages on Node and on a server, and write docs/COMPATIBILITY.md
	cargo build --locked --package mayfly-control --bin mayfly
	# By the lock, but for optional packages that a registry lacks: `npm ci` gives up there.
	cd tests/compat && npm install --no-save --ignore-scripts --no-audit --no-fund >/dev/null
	node tests/compat/run.mjs --mayfly $(or $(CARGO_TARGET_DIR),target)/debug/mayfly \
		$(if $(filter 1,$(SAMPLE)),--write docs/COMPATIBILITY.md,--sample $(SAMPLE))

SIEGE_MINUTES ?= 60
siege: postgres ## Attack a server for an hour (SIEGE_MINUTES), and print what another app saw of it
	cargo run --release --locked --package mayfly-tests --bin siege -- --minutes $(SIEGE_MINUTES)

conformance: ## Run WPT and TEST262 (paths of checkouts; PYTHON has wptserve) and write docs/CONFORMANCE.md
	cargo run --package mayfly-tests --bin conformance --locked -- $(addprefix --wpt ,$(WPT)) \
		$(addprefix --python ,$(PYTHON)) \
		$(addprefix --test262 ,$(TEST262)) --sample $(SAMPLE)

guest: ## Build the code inside the sandbox into guest-sdk/dist, and measure its allocation layout
	guest-sdk/build.sh
	cargo run --quiet --locked --package mayfly-benches --bin plan > guest-sdk/target/engine.plan
	mv guest-sdk/target/engine.plan guest-sdk/dist/engine.plan

guest-verify: ## Fail when guest-sdk/dist differs from a build of its sources
	guest-sdk/build.sh --verify

check: fmt lint docs deny guest-verify test ## All checks of CI, except the build of the benches

fmt: ## Check the formatting
	cargo fmt --all --check
	cargo fmt --manifest-path guest-sdk/Cargo.toml --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo fmt --manifest-path benches/isolation/javy/Cargo.toml --check

lint: ## Run clippy, warnings denied
	cargo clippy --workspace --all-targets --locked -- --deny warnings

docs: ## Build the documentation, broken links denied
	RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps --document-private-items --locked

deny: ## Check licences, bans and sources of all dependencies
	cargo deny --version 2>/dev/null | grep -qF $(CARGO_DENY_VERSION) || \
		cargo install cargo-deny --version $(CARGO_DENY_VERSION) --locked --debug
	cargo deny --config .deny.toml check bans licenses sources

fuzz: ## Run every fuzz target, FUZZ_SECONDS (60) each
	cargo fuzz --version 2>/dev/null | grep -qF $(CARGO_FUZZ_VERSION) || \
		cargo install cargo-fuzz --version $(CARGO_FUZZ_VERSION) --locked --debug
	set -e; for target in $(FUZZ_TARGETS); do \
		fuzz/seed.sh $$target; \
		cargo fuzz run --sanitizer none $$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=10; \
	done

.PHONY: postgres python
postgres:
	@.ci/postgres.sh

python:
	@.ci/python.sh
