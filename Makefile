# Needs python3 (3.11 or later) with venv, nothing else. `make run`, `make test`, `make check`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test compose-test check durability durability-detector bench bench-detector bench-detection lock lock-kafka clean

run: .venv/installed
	@exec $(BIN)/secure-signal up $(ARGS)

test: .venv/installed
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

# docker-compose.yml for real, every container killed once; needs Docker and some minutes.
compose-test: .venv/installed
	@$(BIN)/python -m tests.compose

check: .venv/installed
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# Kills every part once while 100,000 signals come in, and counts: 3 minutes.
durability: .venv/installed
	@$(BIN)/python -m tests.durability.kill_everything $(ARGS)

# Kills detectors 50 times while signals come in, and compares what was found: 3 minutes.
durability-detector: .venv/installed
	@$(BIN)/python -m tests.durability.kill_detector $(ARGS)

# Made anew when a lock changes. The stamp is written last, so what was interrupted is gone on with.
.venv/installed: locks/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.13 …")'
	@echo "Preparing .venv (once; about 150 MB to download)"
	@$(PYTHON) locks/install.py .venv locks/dev.txt
	@touch $@

bench: .venv/installed
	@$(BIN)/python -m benchmarks.throughput $(ARGS)

# Kafka to the detector and back to Kafka, with ten stateful rules.
bench-detector: .venv/installed
	@$(BIN)/python -m benchmarks.detector_throughput $(ARGS)

# The engine alone, by rules and by groups: 3 minutes. With --corpora FOLDER SigmaHQ's rules too.
bench-detection: .venv/installed
	@$(BIN)/python -m benchmarks.detection $(ARGS)

# Makes the lock files anew from pyproject.toml (needs uv).
lock:
	@sh locks/make

# Makes the list of Kafka's jars anew from locks/kafka.xml (needs Maven).
lock-kafka:
	@sh locks/make-kafka

clean:
	@rm -rf .venv dist
