# The commands of this project; `make help` lists them.
.POSIX:
.PHONY: help demo test test-long bench bench-native prove fuzz check lab-up lab-down lab-clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1:/p' Makefile | awk -F: '{ printf "  make %-12s %s\n", $$1, $$2 }'

demo: ## build, push and verify the recipes for amd64 and arm64 against the lab
	@tests/lab/demo.sh

test: ## run all tests, those against a real builder and registry included (lab-up first)
	@tests/lab/lab run -- env KILN_LIVE=1 tests/lab/test.sh

test-long: ## the same and the live cases that take minutes each
	@KILN_LAB_SUITES="trixie pythons" tests/lab/lab run -- env KILN_LIVE=1 KILN_LIVE_LONG=1 tests/lab/test.sh

bench: ## kiln beside buildx bake and buildctl; BENCH="images-20 context" chooses parts (lab-up first)
	@tests/lab/bench.sh $(BENCH)

bench-native: ## kiln beside buildx bake where one of two platforms is foreign to the builder; LIST=torch for the long list (lab-up first)
	@tests/lab/bench.sh native-$${LIST:-28} --rounds $${ROUNDS:-3}

prove: ## hold native tools against emulation, path by path; PROVE="proofs/apt:python" chooses images (lab-up first)
	@tests/lab/prove.sh $(PROVE)

fuzz: ## feed the parsers with what nobody would write; FUZZ_SECONDS=300 for each target
	@set -e; cp Cargo.lock fuzz/Cargo.lock; \
	for target in recipe workspace expression template reference service-ports quantity tag; do \
		echo "fuzz: $$target, $${FUZZ_SECONDS:-300} s"; \
		mkdir -p fuzz/corpus/$$target; \
		tar -xzf fuzz/corpus/$$target.tar.gz -C fuzz/corpus/$$target; \
		cargo +nightly fuzz run $$target -- -max_total_time=$${FUZZ_SECONDS:-300} -timeout=20 -rss_limit_mb=4096; \
	done

check: ## formatting, and clippy on all targets with warnings denied
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

lab-up: ## install, build and start what is missing of the lab
	@tests/lab/lab up

lab-down: ## stop what lab-up started
	@tests/lab/lab down

lab-clean: ## lab-down, and remove the lab's cache
	@tests/lab/lab clean
