# Civitwin: every target sets itself up; see README.md.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CITY ?=
ARGS ?=

.PHONY: demo story test test-long check bench bench-long bundle screenshots setup lock clean help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: $(VENV)/.done ## system libraries, virtual environment, dependencies

$(VENV)/.done: pyproject.toml constraints.txt scripts/setup.sh scripts/system_libraries.sh
	PYTHON=$(PYTHON) VENV=$(VENV) bash scripts/setup.sh

demo: setup ## hub + simulator + console (CITY=path, ARGS="--seconds 30 --screenshot a.png --report a.json")
	bash scripts/with_display.sh $(BIN)/civitwin demo $(if $(CITY),--city "$(CITY)") $(ARGS)

story: setup ## three consoles, a hub and a city play resources/scripts/flood-gate.yaml (JOURNAL=postgresql SAMPLES=nats)
	$(if $(filter postgresql,$(JOURNAL)),bash scripts/postgresql.sh >/dev/null)
	bash scripts/with_display.sh $(BIN)/python scripts/story.py --journal $(or $(JOURNAL),sqlite) --samples $(or $(SAMPLES),zmq) $(ARGS)

check: setup ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/architecture.py --check
	$(BIN)/python scripts/command_types.py --check
	$(BIN)/python scripts/wire_schema.py --check

test: check ## check + all tests
	bash scripts/test.sh $(ARGS)

test-long: setup ## the longer campaigns
	CIVITWIN_LONG=1 bash scripts/test.sh -m long -v --durations=0 $(ARGS)

bench: setup ## figures of docs/performance.md, one JSON line each
	bash scripts/bench.sh $(ARGS)

bench-long: setup ## cities from 1 k to 10 M buildings (20 GB of disk, an hour the first time)
	CIVITWIN_LONG=1 bash scripts/bench.sh city_scale $(ARGS)

bundle: setup ## PyInstaller one-folder app, which then tests itself
	bash scripts/bundle.sh

screenshots: setup ## the pictures of README and docs, from the running app
	bash scripts/with_display.sh $(BIN)/python scripts/screenshots.py $(ARGS)

lock: ## write constraints.txt anew
	bash scripts/lock.sh

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
