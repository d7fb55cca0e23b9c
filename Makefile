# Each target makes the virtual environment that it needs, then runs the real command. Three stamps in one
# environment: what the program needs to run, and on top of it the developers' tools and the site's generator.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUNS := $(VENV)/.runs
DEVELOPS := $(VENV)/.develops
DOCUMENTS := $(VENV)/.documents
LOCK := $(VENV)/lock
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --quiet

.PHONY: help demo test check docs generate release lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1: /p' Makefile

demo: $(RUNS) ## migrate, fill, sweep, audit, then plant a sender and see it caught
	$(BIN)/nosender demo

test: $(DEVELOPS) ## every test, on real PostgreSQL servers that the tests start
	$(BIN)/python -m pytest -q -n 2

check: $(DEVELOPS) ## what has to hold before a commit: style, types, imports, workflows, SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --no-progress --quiet .
	git ls-files -z '*.sql' | xargs -0 -r $(BIN)/sqlfluff lint --processes 2 --disable-progress-bar

docs: $(DOCUMENTS) ## the documentation as a site in site/; a link that leads nowhere stops it
	$(BIN)/zensical build --clean --strict

generate: $(DEVELOPS) ## renew what is made from something else and committed; read what it changes
	$(BIN)/python -m nosender.gate.generated
	NOSENDER_GOLDEN=write $(BIN)/python -m pytest -q tests/privacy_audit/reports/test_formats.py -k whole_text

release: $(DEVELOPS) ## build wheel and sdist into dist/, check them, and try them in an empty environment
	.ci/release $(BIN)

# UPGRADE=--upgrade takes the newest versions; without it those stay that pyproject.toml still allows.
lock: ## renew the three requirements files after a change of pyproject.toml
	$(PYTHON) -m venv --clear $(LOCK)
	$(LOCK)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(LOCK)/bin/$(COMPILE) $(UPGRADE) pyproject.toml -o requirements.txt
	$(LOCK)/bin/$(COMPILE) $(UPGRADE) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	$(LOCK)/bin/$(COMPILE) $(UPGRADE) --group docs -c requirements-dev.txt -o requirements-docs.txt
	rm -rf $(LOCK)

clean: ## remove the environment and what was built
	rm -rf $(VENV) .cache dist site

$(RUNS): pyproject.toml requirements.txt
	@$(PYTHON) -c 'import sys; old = sys.version_info < (3, 11); \
	sys.exit("nosender needs Python 3.11 or newer and this is %d.%d; name another: make PYTHON=python3.12" \
	% sys.version_info[:2] if old else 0)'
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) -r requirements.txt
	$(PIP) --no-deps -e .
	@touch $@

$(DEVELOPS): $(RUNS) requirements-dev.txt
	$(PIP) -r requirements-dev.txt
	@touch $@

$(DOCUMENTS): $(RUNS) requirements-docs.txt
	$(PIP) -r requirements-docs.txt
	@touch $@
