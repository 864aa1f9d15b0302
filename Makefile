# Every target makes the virtual environment by itself, and updates it when pyproject.toml changes.
# demo, app, lab and notebooks install the course alone, the others what developers and teachers need.
#   make demo
#   make test ARGS="-k neuron"      ARGS goes to the program that the target runs
#   make env PYTHON=python3.12      which Python the environment is made with
#   make env UV_TORCH_BACKEND=cu128 which build of PyTorch; else chosen by what the machine has

PYTHON ?= python3
ARGS ?=

VENV := .venv
LOWEST := .venv-lowest
BIN := $(VENV)/bin
UV := $(BIN)/python -m uv
COURSE := $(VENV)/.course
READY := $(VENV)/.ready
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
NBCONVERT := $(BIN)/python -m nbconvert --execute \
	--ExecutePreprocessor.timeout=3600 --ExecutePreprocessor.store_widget_state=False \
	--NbConvertBase.display_data_priority=text/html \
	--NbConvertBase.display_data_priority=image/png \
	--NbConvertBase.display_data_priority=text/plain
PYTEST := -m pytest -n logical --maxprocesses 8 --dist worksteal

.DEFAULT_GOAL := help
.NOTPARALLEL: # two targets may install into one environment
.PHONY: help env demo test test-all test-gpu test-lowest lint format app lab notebooks slides docs bench bench-gpu results clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(READY)  ## Make the virtual environment in .venv, or update it
	@echo "$(VENV) is ready: $$($(BIN)/python --version)"

demo: $(COURSE)  ## Train from three starts, draw accuracy against timesteps
	$(BIN)/snnlab demo $(ARGS)

test: $(READY)  ## Run a quarter of the quick tests, always the same: two minutes
	$(BIN)/python $(PYTEST) -m "not slow" --sample $(ARGS)

test-all: $(READY)  ## Run all tests and all cases, those that train for minutes too
	$(BIN)/python $(PYTEST) $(ARGS)

test-gpu: $(READY)  ## Run the tests that need a CUDA GPU
	$(BIN)/python -m pytest -m gpu $(ARGS)

test-lowest: $(READY)  ## Run demo and quick tests with the lowest versions that pyproject.toml allows
	@echo "Installing the lowest versions that pyproject.toml allows into $(LOWEST)."
	@$(UV) venv --quiet --clear --python $(BIN)/python $(LOWEST)
	@$(CHOOSE_TORCH); $(UV) pip install --quiet --resolution lowest-direct \
		--python $(LOWEST)/bin/python -e ".[dev]"
	$(LOWEST)/bin/snnlab demo --seeds 1 --again --runs build/lowest
	$(LOWEST)/bin/python $(PYTEST) -m "not slow" $(ARGS)

lint: $(READY)  ## Check style, format and types
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy snnlab

format: $(READY)  ## Format the code and mend what can be mended automatically
	$(BIN)/python -m ruff check --fix-only .
	$(BIN)/python -m ruff format .

app: $(COURSE)  ## Open the dashboard, served to this machine only
	$(BIN)/snnlab app $(ARGS)

lab: $(COURSE)  ## Open the notebooks in JupyterLab
	$(BIN)/snnlab lab $(ARGS)

notebooks: $(COURSE)  ## Run all notebooks and write them as web pages to build/notebooks
	$(NBCONVERT) --to snnlab.classroom.page.CoursePage --output-dir=build/notebooks \
		$(ARGS) notebooks/*.ipynb
	$(BIN)/python -m snnlab.classroom.page notebooks/README.md build/notebooks/index.html
	$(BIN)/python -m snnlab.classroom.page notebooks/lecture/README.md build/notebooks/lecture/index.html

slides: $(READY)  ## Run the notebooks, or those in ARGS, and write slides to build/slides
	$(NBCONVERT) --to snnlab.classroom.slides.CourseSlides --output-dir=build/slides \
		$(or $(ARGS),notebooks/*.ipynb)
	$(BIN)/python -m snnlab.classroom.slides build/slides

docs: $(READY)  ## Write the reference of all public names to build/docs
	$(BIN)/python docs/reference/build.py build/docs $(ARGS)

bench: $(READY)  ## Measure the speed of training and inference
	$(BIN)/snnlab bench $(ARGS)

bench-gpu: $(READY)  ## The same on a CUDA GPU, part by part; ARGS=--cifar10 trains there, too
	$(BIN)/snnlab bench-gpu $(ARGS)

results: $(READY)  ## Write the tables of RESULTS.md from the races in results/
	$(BIN)/python -m snnlab.bench.results

clean:  ## Remove the virtual environment, caches and build outputs; runs/ stays
	rm -rf $(VENV) $(LOWEST) build dist snnlab.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path "./runs/*" -prune -exec rm -rf {} +

# The ordinary builds of PyTorch for Linux bring CUDA, several GB that only an NVIDIA GPU can use. So
# where none is found, uv is asked once, without patience, whether the index of the CPU builds has an
# answer; if not, everything comes from the ordinary index. uv's own choice, `auto`, knows no way back
# and takes large builds for other makers' graphics. A PyTorch that is there already stays.
define CHOOSE_TORCH
if [ -z "$$UV_TORCH_BACKEND" ] && [ "$$(uname -s)" = Linux ] \
	&& [ ! -e /proc/driver/nvidia/version ] && ! nvidia-smi -L >/dev/null 2>&1; then \
	if UV_HTTP_RETRIES=0 UV_HTTP_TIMEOUT=10 $(UV) pip install --quiet --dry-run --no-deps \
		--python $(BIN)/python --torch-backend=cpu \
		--refresh-package=torch --reinstall-package=torch torch 2>/dev/null; \
	then echo "No NVIDIA GPU found: taking PyTorch without CUDA."; export UV_TORCH_BACKEND=cpu; \
	else echo "No NVIDIA GPU found, but the index of PyTorch without CUDA is out of reach: taking PyTorch with it."; \
	fi; \
fi
endef

# An environment whose Python still works is kept and brought up to date; any other is made anew.
# uv installs in a minute what takes pip several; pip stands in where uv cannot be had. Both compile
# what they install: not every machine lets Python keep what it compiles, and torch then takes twice
# as long to import, in every process.
$(READY): EXTRAS := [dev]
$(COURSE) $(READY): pyproject.toml
	@$(BIN)/python -c "$(SUPPORTED)" 2>/dev/null || "$(PYTHON)" -c "$(SUPPORTED)" 2>/dev/null || { \
		echo "snnlab needs Python 3.11 to 3.13; $(PYTHON) is: $$("$(PYTHON)" --version 2>&1 | head -n 1)." \
			"Name another one: make env PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -c "$(SUPPORTED)" 2>/dev/null || "$(PYTHON)" -m venv --clear $(VENV)
	@echo "Installing snnlab into $(VENV), once: 2 GB, or 7 GB where PyTorch brings CUDA."
	@{ $(BIN)/python -m pip install --quiet --disable-pip-version-check uv \
			&& { $(CHOOSE_TORCH); } \
			&& $(UV) pip install --compile-bytecode --python $(BIN)/python -e ".$(EXTRAS)"; } \
		|| { echo "uv did not succeed; installing with pip$${UV_TORCH_BACKEND:+, the build of PyTorch that pip takes, not $$UV_TORCH_BACKEND}." >&2; \
			$(BIN)/python -m pip install --disable-pip-version-check -e ".$(EXTRAS)"; }
	@touch $(COURSE) $@
