# `make demo` and `make test` make a virtual environment with everything in it, then run the real command.
# UV, where it is there, is only the faster installer.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
INSTALLED := $(VENV)/.installed

.PHONY: demo test check generate clean

demo: $(INSTALLED)
	$(BIN)/nosender demo

test: $(INSTALLED)
	$(BIN)/python -m pytest -q -n 2

# What has to hold before a commit: style, types, imports, SQL.
check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	git ls-files -z '*.sql' | xargs -0 -r $(BIN)/sqlfluff lint --processes 2 --disable-progress-bar

# Everything that is made from something else and committed; tests hold it fresh. Read what it changes.
generate: $(INSTALLED)
	$(BIN)/python -m nosender.gate.generated
	NOSENDER_GOLDEN=write $(BIN)/python -m pytest -q tests/privacy_audit/reports/test_formats.py -k whole_text

clean:
	rm -rf $(VENV) dist

$(INSTALLED): pyproject.toml requirements-dev.txt
	$(PYTHON) -m venv --clear --upgrade-deps $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@
