# One line per target: "make help". Every target may be run again; what is done already is not done twice.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
WORKERS ?= 2
ARGS ?=
CT ?=
OUT ?= demo-output/result
LABEL_MAPS ?=
REAL ?=
RUN ?= checkpoints/femur

# A Python that constraints.txt is made for, if there is one; else any that is new enough.
PYTHON ?= $(shell for python in python3 python3.12 python3.11 python3.13 python3.10; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $$python && exit; done; \
	for python in python3 python3.13 python3.10; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$python && exit; done)

BIN := $(VENV)/bin
INSTALLED_BY := pyproject.toml constraints.txt Testing/tools/make_venv.sh Testing/tools/install.sh Testing/tools/install_training.sh
INSTALL := bash Testing/tools/install.sh $(VENV)

# The environment is made anew where it does not run, or where PYTHON names another version than it has.
VERSION_OF = $(shell $(1) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
THERE := $(call VERSION_OF,$(BIN)/python)
ifeq ($(THERE),)
MAKE_ANEW := make-anew
else ifneq ($(origin PYTHON),file)
ifneq ($(THERE),$(call VERSION_OF,$(PYTHON)))
MAKE_ANEW := make-anew
endif
endif

.PHONY: make-anew help demo test train lint format bench cmake-lists messages constraints clean

help:  ## This list
	@echo "OsteoScreen: what make can do"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo "Variables: PYTHON=python3.12  VENV=.venv  CT=/path/to/scan  OUT=folder  WORKERS=2  ARGS='-k reader'"

demo: $(VENV)/.installed  ## Install, make the CT of a digital patient, screen it (CT=/path/to/scan: screen that)
ifeq ($(strip $(CT)),)
	@echo "== Making the CT of a digital patient: simulated, of known bone density, not a person"
	@rm -rf demo-output/scan demo-output/result
	@$(BIN)/osteoscreen phantom --out demo-output/scan --count 1 --seed 4 --dicom
	@echo "== Screening it"
	@$(BIN)/osteoscreen screen demo-output/scan/*/dicom --out "$(OUT)" \
		--vertebrae demo-output/scan/patient-0001/labels.nii.gz --vertebra-labels L1=12
else
	@echo "== Screening $(CT)"
	@$(BIN)/osteoscreen screen "$(CT)" --out "$(OUT)"
endif
	@echo "== Table:  $(OUT)/results.csv"
	@find "$(OUT)" -name result.json -print | sort | sed 's/^/   Result: /'
	@find "$(OUT)" -name report.html -print | sort | sed 's/^/   Report: /'

test: $(VENV)/.installed-test  ## Run every test (ARGS='-k reader' for some)
	@$(BIN)/python Testing/tools/system_packages.py
	@echo "== Testing with $(WORKERS) workers"
	@$(BIN)/python -m pytest -n $(WORKERS) -q $(ARGS)

train: $(VENV)/.installed-train  ## Train the femur networks again (LABEL_MAPS=folder REAL=folder RUN=folder)
	@bash Testing/tools/train_femur.sh $(BIN)/osteoscreen "$(RUN)" "$(LABEL_MAPS)" "$(REAL)" $(ARGS)

lint: $(VENV)/.installed-lint  ## Check format, style, types, the floors and the CMake file lists
	@echo "== Format and style (ruff)"
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@echo "== Types (mypy)"
	@$(BIN)/mypy
	@echo "== Floors (import-linter)"
	@PYTHONPATH=. $(BIN)/lint-imports
	@echo "== CMake file lists"
	@$(BIN)/python Testing/tools/cmake_lists.py

format: $(VENV)/.installed-lint  ## Bring every file into the house's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.installed  ## Measure time and memory (wants a machine that does nothing else)
	@for program in Testing/bench/*.py; do echo "== $$program"; $(BIN)/python $$program $(ARGS); done

cmake-lists: $(VENV)/.installed  ## Rewrite the file lists of the CMake files
	@$(BIN)/python Testing/tools/cmake_lists.py --write

messages: $(VENV)/.installed  ## Rewrite the list of messages in Docs/troubleshooting.md
	@$(BIN)/python Testing/tools/troubleshooting_page.py --write

constraints:  ## Rewrite constraints.txt with the newest versions that fit (PYTHON=python3.11)
	@bash Testing/tools/make_constraints.sh "$(PYTHON)"

clean:  ## Remove the virtual environment, caches and every output
	@echo "== Removing $(VENV), demo-output, bench-output, caches and build folders"
	@rm -rf $(VENV) demo-output bench-output build dist *.egg-info
	@rm -rf .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	@find OsteoScreen OsteoScreenLib Testing -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: $(INSTALLED_BY) $(MAKE_ANEW)
	@bash Testing/tools/make_venv.sh $(VENV) "$(PYTHON)"
	@echo "== Installing OsteoScreen into $(VENV)"
	@$(INSTALL) .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo "== Installing what the tests need"
	@$(INSTALL) ".[test]"
	@echo "== Installing Slicer's MRML (slicer-core, about 1 GB unpacked)"
	@$(INSTALL) ".[slicer]" || echo "   slicer-core has no wheel for this machine: tests on MRML nodes will be skipped"
	@echo "== Installing PyRadiomics, to compare with (its C code is compiled here, about a minute)"
	@command -v cc >/dev/null && $(INSTALL) ".[reference]" \
	  || echo "   no compiler, or it failed: figures recorded from PyRadiomics are compared, PyRadiomics itself is not run"
	@echo "== Installing what training needs (torch)"
	@bash Testing/tools/install_training.sh $(VENV) || echo "   tests of training will be skipped"
	@touch $@

$(VENV)/.installed-train: $(VENV)/.installed
	@echo "== Installing what training needs (torch)"
	@$(INSTALL) ".[train]"
	@touch $@

$(VENV)/.installed-lint: $(VENV)/.installed
	@echo "== Installing what lint needs"
	@$(INSTALL) ".[lint]"
	@touch $@

make-anew:
