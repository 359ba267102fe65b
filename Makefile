# Invoiceflow: `make` explains itself. Everything is installed inside this folder (.tools, .venv); nothing needs root.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export UV_PYTHON_DOWNLOADS := never
# Where the system keeps certificates, trust those: they include the ones of a company's own proxy or mirror.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS := true
endif
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

UV := .tools/uv/bin/uv
BIN := .venv/bin
PACKAGES := contracts chassis samples evaluation services/ingest services/ocr services/extract services/query services/standalone
SERVICES := ingest ocr extract query standalone
SOURCES := $(PACKAGES) tests
DIR ?= samples
LABELLED ?= samples
SEED ?= 1
SEEDS ?= 3
SCENARIOS ?= all
ARGS ?=

.PHONY: help
help: ## This list
	@echo "Invoiceflow turns invoices in any form into checked, queryable data."
	@echo
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "Start with: make demo"

# -- set-up ------------------------------------------------------------------------------------------------------------

$(UV): requirements/tools.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed and was not found. Install it, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -m venv .tools/uv || { echo "Python's venv module does not work. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@.tools/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.lock
	@touch $@

.venv/installed: requirements/dev.lock pyproject.toml $(addsuffix /pyproject.toml,$(PACKAGES)) | $(UV)
	@echo "Installing the locked packages into .venv ..."
	@test -x $(BIN)/python || $(UV) venv --quiet --python "$(PYTHON)" .venv
	@$(UV) pip sync --quiet --python .venv --require-hashes requirements/dev.lock
	@$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation $(addprefix --editable ./,$(PACKAGES))
	@touch $@

.PHONY: setup
setup: .venv/installed ## Install everything from the lock files into .venv

# -- use ---------------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: .venv/installed ## Send the sample invoices through all four services and show what was extracted
	@$(BIN)/invoiceflow demo samples/documents

.PHONY: run
run: .venv/installed ## Serve on http://127.0.0.1:8080 (INVOICEFLOW_PORT, INVOICEFLOW_DATA_DIR); ctrl-C stops
	@exec $(BIN)/invoiceflow run

# -- the stack in containers -------------------------------------------------------------------------------------------

include deploy/compose.mk

# -- Kubernetes --------------------------------------------------------------------------------------------------------

include deploy/chart.mk
include deploy/cluster.mk

# -- develop -----------------------------------------------------------------------------------------------------------

.PHONY: test
test: .venv/installed ## Run every test that this machine can run, and say which it cannot and why
	@$(BIN)/pytest $(ARGS)

.PHONY: faults
faults: .venv/installed ## Break the stack in every way, with an oracle (SEEDS=3, SCENARIOS=1-5,12; needs Docker)
	@INVOICEFLOW_FAULTS_SEEDS=$(SEEDS) INVOICEFLOW_FAULTS_SCENARIOS=$(SCENARIOS) INVOICEFLOW_REQUIRE_ENGINE=1 \
		$(BIN)/pytest tests/faults -m faults --quiet $(ARGS)

.PHONY: lint
lint: .venv/installed ## Format, lint, types and generated files
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy $(addsuffix /src,$(PACKAGES))
	@$(BIN)/python -m invoiceflow_contracts.generate --check

.PHONY: check
check: lint ## All of that and the quick tests: under two minutes
	@$(BIN)/pytest -q -m "not slow and not engine" $(ARGS)

.PHONY: format
format: .venv/installed ## Format the code and mend what can be mended
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

.PHONY: schemas
schemas: .venv/installed ## Generate the JSON Schemas and the AsyncAPI document from the contracts
	@$(BIN)/python -m invoiceflow_contracts.generate

.PHONY: docs
docs: .venv/installed ## Make the tables of docs/reference anew from the code
	@$(BIN)/python tests/documentation/generate.py

.PHONY: samples
samples: .venv/installed ## Generate the sample invoices and their truth (SEED=1)
	@$(BIN)/python -m invoiceflow_samples --out samples/documents --seed $(SEED)

.PHONY: eval
eval: .venv/installed ## Precision, recall and F1 on labelled documents (DIR=samples, ARGS=--ignore-xml)
	@$(BIN)/python -m invoiceflow_evaluation "$(DIR)" $(ARGS)

.PHONY: calibrate
calibrate: .venv/installed ## Fit the confidence of the local engine anew (LABELLED="folder ..."), with its data card and docs/accuracy.md
	@$(BIN)/python -m invoiceflow_evaluation.calibration $(LABELLED) --page docs/accuracy.md \
		--table services/extract/src/invoiceflow_extract/calibration/calibration.json $(ARGS)

.PHONY: bench
bench: .venv/installed ## Latency by stage, pages a second beside bare docling and bare RapidOCR, the stack in containers, queries under load
	@$(BIN)/python -m invoiceflow_evaluation.bench $(ARGS)

# A lock names versions and hashes and no download address, so that plain pip and an air-gapped mirror serve as well.
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	$(foreach package,$(PACKAGES),--no-emit-package invoiceflow-$(notdir $(package)))

.PHONY: lock
lock: $(UV) ## Lock the dependencies anew (UPGRADE=--upgrade for newer versions)
	@echo "uv==$$($(UV) --version | cut -d' ' -f2)" | $(LOCK) $(UPGRADE) - --output-file requirements/tools.lock
	@$(LOCK) $(UPGRADE) --group dev $(addsuffix /pyproject.toml,$(PACKAGES)) --output-file requirements/dev.lock
	@for service in $(SERVICES); do \
		$(LOCK) --constraint requirements/dev.lock services/$$service/pyproject.toml --output-file requirements/$$service.lock || exit 1; \
	done
	@$(LOCK) --constraint requirements/dev.lock --extra standard services/ocr/pyproject.toml --output-file requirements/ocr-standard.lock
	@wc -l requirements/*.lock

.PHONY: clean
clean: ## Remove .venv, .tools and caches; the data in var stays
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
