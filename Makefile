# The front door. Needs Python 3.11 or newer and make; everything else is put into .venv.
#
#   make mirror URL=https://files.example.org/pub/ DIR=pub
#   make test

VENV   ?= .venv
DIR    ?= mirror
URL    ?=
ARGS   ?=
MINUTES ?= 0
SEED   ?=
# More processes than processors: many tests wait for a time-out or for another attempt.
JOBS   ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) * 3 )))
# Of each property test. In CI they are the same in each run, so more of them would find little; make test-random has more.
EXAMPLES ?= 25
# The newest interpreter that is on the PATH and new enough; name another one with PYTHON=...
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

RUN  := $(VENV)/.run.stamp
DEV  := $(VENV)/.dev.stamp
BIN  := $(VENV)/bin
# Releases that work together: `make lock` renews them. The second variable is for the requirements of a build.
PIP  := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
	$(BIN)/python -m pip -qq --disable-pip-version-check install

.DEFAULT_GOAL := help
.PHONY: help mirror test test-random test-heavy cover bench fuzz mutants soak peers-faults check docs recording fmt lock release clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(RUN): pyproject.toml constraints.txt | $(if $(and $(filter-out file,$(origin PYTHON)),$(PYTHON)),same-python)
	@test -n '$(PYTHON)' || { echo 'make: no Python >= 3.11 found; name one with PYTHON=/path/to/python3' >&2; exit 1; }
	@command -v '$(PYTHON)' >/dev/null || { echo 'make: PYTHON=$(PYTHON): not found' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: PYTHON=$(PYTHON): Python 3.11 or newer is needed, this is $$('$(PYTHON)' --version 2>&1)" >&2; exit 1; }
	@echo 'Setting up $(VENV), once: this downloads packages, which may take a minute ...' >&2
	@begun=$$(date +%s); { '$(PYTHON)' -m venv $(VENV) && $(PIP) --editable . && touch $@; } && \
		echo "Set up $(VENV) in $$(( $$(date +%s) - begun )) s" >&2 || \
		{ echo 'make: cannot set up $(VENV), for the reason above; then run make again' >&2; exit 1; }

# A PYTHON that was named is never ignored because another one has made $(VENV).
WHICH := -c 'import sys; print(sys.version.split()[0], "of", sys.base_prefix)'
.PHONY: same-python
same-python:
	@test ! -e $(RUN) || { command -v '$(PYTHON)' >/dev/null || { echo 'make: PYTHON=$(PYTHON): not found' >&2; exit 1; }; \
		named=$$('$(PYTHON)' $(WHICH)); made=$$($(BIN)/python $(WHICH)); test "$$named" = "$$made" || { \
		echo "make: PYTHON=$(PYTHON) is $${named:-no Python}, but $(VENV) has $$made: make clean removes it; VENV=DIR makes another" >&2; \
		exit 1; }; }

$(DEV): $(RUN)
	@$(PIP) --editable '.[dev]'
	@touch $@

# URL and DIR reach the program through the environment: neither make nor the shell interprets their $, quotes and blanks.
export MIRROR_URL := $(value URL)
export MIRROR_DIR := $(value DIR)
# make itself exits with 2 whenever a command fails, so the code is printed; scripts call .venv/bin/crawler instead.
SAY_CODE = || { code=$$?; echo "make: crawler ended with exit code $$code, see docs/exit-codes.md" >&2; exit $$code; }

mirror: $(RUN) ## mirror URL=... into DIR=..., or a sample site; ARGS=...
# An empty URL that was given, as by an unset variable, is an error of the program, and not the sample site.
ifeq ($(origin URL),file)
	@$(BIN)/python config/sample_site.py -- $(BIN)/python -m crawler $(ARGS) '{url}' "$$MIRROR_DIR" $(SAY_CODE)
else
	@$(BIN)/python -m crawler $(ARGS) "$$MIRROR_URL" "$$MIRROR_DIR" $(SAY_CODE)
endif

test: $(DEV) ## every test but the heavy ones; ARGS=... goes to pytest
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m 'not heavy' --most-examples $(EXAMPLES) $(ARGS)

test-random: $(DEV) ## property tests with new examples; MINUTES=..., SEED=...
	@$(BIN)/python -m tests.new_seeds --minutes '$(MINUTES)' --seed '$(SEED)' $(ARGS)

test-heavy: $(DEV) ## the tests that need minutes or gigabytes
	@$(BIN)/python -m pytest -q -m heavy $(ARGS)

cover: $(DEV) ## branch coverage of the unit tests: three minutes
	@$(BIN)/python -m tests.branch_coverage $(ARGS)

bench: $(RUN) ## compare with other programs; ARGS=--quick: a minute
	@$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(DEV) ## fuzz listings and responses: 10 minutes each
	@$(PIP) --editable '.[dev,fuzz]'
	@for target in listing response; do $(BIN)/python -m tests.fuzz $$target -max_total_time=600 || exit 1; done

mutants: $(DEV) ## list changes that no test notices: 5 to 15 minutes
	@$(PIP) --editable '.[dev,mutants]'
	@CI=true $(BIN)/python -m mutmut run $(ARGS)
	@$(BIN)/python -m mutmut results

soak: $(DEV) ## 200,000 files, failures, kills: 20 minutes; ARGS=--quick
	@$(BIN)/python -m tests.e2e.soak $(ARGS)

peers-faults: $(DEV) ## the fault suite against wget, wget2, lftp and rclone
	@$(BIN)/python benchmarks/peers_faults.py $(ARGS)

check: $(DEV) ## linter, format, types, imports, budgets, links in docs
	@$(BIN)/ruff check $(ARGS) .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --cache-dir .mypy_cache/imports >.mypy_cache/imports.log || { cat .mypy_cache/imports.log; exit 1; }
	@$(BIN)/python -m pytest -q tests/unit/test_architecture.py tests/unit/test_wiring.py
	@$(BIN)/python docs/build_site.py --check

docs: $(DEV) ## the documentation as a web site in build/site
	@$(BIN)/python docs/build_site.py build/site
	@echo 'build/site/index.html'

recording: $(DEV) ## record the runs that the README shows
	@$(BIN)/python docs/record.py

fmt: $(DEV) ## put the source into the one format
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

lock: $(RUN) ## write the newest releases into constraints.txt
	@$(PIP) uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --upgrade --no-annotate \
		--custom-compile-command 'make lock' --output-file constraints.txt pyproject.toml

release: $(DEV) ## build and check the archives of this version; tag it
	@$(PIP) --editable '.[release]'
	@BIN='$(BIN)' .ci/release

clean: ## remove what make has made
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
