# All tasks of this repository. Each target installs the tools that it needs.
.DEFAULT_GOAL := help
.PHONY: help dev test bench conformance guest guest-verify check fmt lint docs deny fuzz

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
