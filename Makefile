# Everything a newcomer needs: `make demo` shows the job, `make test` proves it, `make` lists the rest.
#
# What is installed goes to CACHE, pinned, and nowhere else; `make clean` removes it.

CACHE ?= $(CURDIR)/.cache
PYTHON ?= python3
NEXTEST_VERSION := 0.9.143
CARGO_DENY_VERSION := 0.20.2

export RINGFENCE_CACHE := $(CACHE)
export RINGFENCE_LAB_PYTHON := $(CACHE)/venv-lab/bin/python
export SAM_CLI_TELEMETRY := 0
export PATH := $(CACHE)/tools/bin:$(CACHE)/venv-cargo-lambda/bin:$(CACHE)/venv-sam/bin:$(PATH)

LAB := PYTHONPATH=$(CURDIR)/tests/lab $(RINGFENCE_LAB_PYTHON) -m ringfence_lab
VENVS := $(foreach venv,lab sam cargo-lambda,$(CACHE)/venv-$(venv)/.installed)

.DEFAULT_GOAL := help
.PHONY: help demo lab bench test lint test-unit test-canaries test-lab lab-build deny tools clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: tools ## show the whole job in a local AWS account
	@$(LAB) demo

lab: tools ## start the local AWS account with Ringfence in it, until Ctrl-C
	@$(LAB) lab

bench: tools ## print figures: calls, ratios, sizes
	@$(LAB) bench

test: lint test-unit test-canaries test-lab deny ## run every test
	@echo "all tests passed"

lint: tools ## format, clippy and templates
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	sam validate --lint --region us-east-1 --template template.yaml

test-unit: tools ## unit, property, fixture and template tests
	cargo nextest run --locked --workspace
	cargo test --locked --workspace --doc

test-canaries: tools ## whether each patch of the local AWS account is needed, in place and working
	$(LAB) canaries
	cd tests/lab && $(RINGFENCE_LAB_PYTHON) -m unittest discover -q -s tests -t .

lab-build: tools ## build the functions for the lab
	@$(LAB) build

test-lab: lab-build ## everything that crosses functions, in local AWS accounts
	cargo nextest run --locked --workspace --profile lab

deny: tools ## licences, sources and, where its data is reachable, advisories of the dependencies
	@if command -v cargo-deny >/dev/null; then \
	  cargo deny --locked check --hide-inclusion-graph licenses bans sources && \
	  { cargo deny --locked check --hide-inclusion-graph advisories 2>$(CACHE)/advisories.log || \
	    { grep -q 'failed to fetch' $(CACHE)/advisories.log && echo "SKIPPED: advisories (the advisory data cannot be reached from here)" || \
	      { cat $(CACHE)/advisories.log; exit 1; }; }; }; \
	else echo "SKIPPED: cargo deny (cargo install cargo-deny@$(CARGO_DENY_VERSION) --locked)"; fi

tools: $(VENVS) $(CACHE)/.checked ## install what the other commands need

$(CACHE)/venv-%/.installed: tests/lab/requirements-%.txt | $(CACHE)/.checked
	@echo "installing $* tools ($<) …"
	@rm -rf $(@D) && $(PYTHON) -m venv $(@D) && $(@D)/bin/pip install -q --disable-pip-version-check -r $<
	@touch $@

$(CACHE)/.checked: rust-toolchain.toml
	@$(PYTHON) tests/lab/ringfence_lab/demo/prerequisites.py
	@cargo nextest --version >/dev/null 2>&1 || \
	  { echo "installing cargo-nextest $(NEXTEST_VERSION) …"; cargo install -q cargo-nextest --version $(NEXTEST_VERSION) --locked --root $(CACHE)/tools; }
	@mkdir -p $(CACHE) && touch $@

clean: ## remove what was built and installed
	cargo clean
	rm -rf $(CACHE) .aws-sam
