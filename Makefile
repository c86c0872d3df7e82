# Needs python3 (3.11 or later) with venv, nothing else. `make run`, `make test`, `make check`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check lock clean

run: .venv/installed
	@$(BIN)/secure-signal up $(ARGS)

test: .venv/installed
	@$(BIN)/python -m pytest $(ARGS)

check: .venv/installed
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# The stamp is written last, so an interrupted installation is done again.
.venv/installed: locks/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.13 …")'
	@echo "Preparing .venv (once; about 150 MB to download)"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar on --require-hashes -r locks/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Makes the lock files anew from pyproject.toml (needs uv).
lock:
	@sh locks/make

clean:
	@rm -rf .venv dist
