# Everything happens in .venv; nothing else on the machine changes.

PYTHON ?= python3
# More processes than cores, since tests also wait.
WORKERS ?= 4
BIN := .venv/bin
CHECKOV := .venv/checkov/bin
SAM := .venv/sam/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Some set this, and then each start of a process compiles all that it imports anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test trials check format faults holds bench docs dist reference pictures pins clean

help:  ## What can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 16

demo: .venv/run  ## Bake 100 pizzas in an oven on this machine
	@$(BIN)/oven demo

test: .venv/dev .venv/checkov/done  ## Lint, types, and all tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

trials: .venv/dev .venv/sam/done  ## Try what others make with an oven: the SAM CLI, the AWS SDK for Node, the AWS CDK
	$(BIN)/python -m pytest trials

check: .venv/dev .venv/checkov/done  ## Lint and types alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yml
	CKV_SKIP_PACKAGE_UPDATE_CHECK=true $(CHECKOV)/checkov --file template.yml --framework cloudformation --compact --quiet --skip-download

format: .venv/dev  ## Lay out the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

faults: .venv/dev  ## Bake 200 items over a network that fails, and count what came out twice
	$(BIN)/python -m pytest -q -s tests/wire --items 200

holds: .venv/dev  ## Let 40 oven hold processes want 4 slots, and kill some of them
	$(BIN)/python -m pytest -q -s tests/stack/test_hold_crowd.py --holds 40

bench: .venv/dev  ## Measure the oven on the local stack
	$(BIN)/python -m benchmarks

docs: .venv/dev  ## Make the site of the documentation, in build/site
	@# MkDocs checks links and anchors; here the theme's authors speak of a successor of MkDocs.
	NO_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --quiet
	@echo "build/site/index.html; with its search: python3 -m http.server --bind 127.0.0.1 -d build/site"

reference: .venv/dev  ## Make the pages of docs/reference, from the template and the code
	$(BIN)/python -m pictures.reference

dist: .venv/dev  ## Build the wheel and the source archive, in dist
	$(BIN)/python -m build --no-isolation

pictures: .venv/dev  ## Make the pictures of the documentation anew (needs Chromium and npm)
	$(BIN)/python -m pictures.demo
	$(BIN)/python -m pytest -q tests/browser/test_rush.py --save-pictures
	$(BIN)/python -m pictures.scaling
	$(BIN)/oven simulate --items 2000 --arrivals daily:2000/day --bake 100-900 --size 1-3 \
	  --compare '--capacity 28' --plot docs/images/simulate.svg >/dev/null
	$(BIN)/python -m pictures.diagrams

# All extras but login: botocore loads the CRT whenever it is there, and that slows each start of each function.
pins: .venv/dev  ## Pin the newest versions of everything
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --upgrade --extra local --extra plot pyproject.toml requirements/run.in -o requirements/run.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --upgrade --extra local --extra plot -c requirements/run.txt \
	  --group dev pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --upgrade requirements/checkov.in -o requirements/checkov.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --upgrade requirements/sam.in -o requirements/sam.txt

clean:  ## Remove what was made
	rm -rf .venv dist build .aws-sam .mypy_cache .ruff_cache .pytest_cache

# The command with its extras; and what tests and checks need besides.
.venv/run: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $$($(PYTHON) -V) is there: name another with PYTHON=..." >&2; exit 1; }
	@echo "Setting up .venv: once, half a minute or so." >&2
	@$(PYTHON) -m venv .venv
	@# What is imported is compiled then; compiling all of it now would take as long as the rest.
	@$(PIP) install --quiet --no-compile --require-hashes -r requirements/run.txt
	@$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

.venv/dev: .venv/run requirements/dev.txt
	@echo "Adding what tests and checks need." >&2
	@$(PIP) install --quiet --no-compile --require-hashes -r requirements/dev.txt
	@touch $@

# In an environment of its own: it wants other versions than we do.
.venv/checkov/done: requirements/checkov.txt | .venv/run
	@echo "Adding checkov: once, a minute or so." >&2
	@$(PYTHON) -m venv .venv/checkov
	@$(CHECKOV)/python -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes -r $<
	@touch $@

# In one of its own for the same reason. Without dependencies, since all of them are pinned: pip takes a pinned
# package for another one where it is asked for with extras.
.venv/sam/done: requirements/sam.txt | .venv/run
	@echo "Adding the SAM CLI, 240 MB: once, a minute or so." >&2
	@$(PYTHON) -m venv .venv/sam
	@$(SAM)/python -m pip --disable-pip-version-check install --quiet --no-compile --no-deps --require-hashes -r $<
	@touch $@
