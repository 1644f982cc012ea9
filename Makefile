PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
export IL6_HOME ?= $(CURDIR)/.il6

.PHONY: demo test ui lint soak supply shell
demo: $(READY)
	$(VENV)/bin/il6 demo

test: $(READY)
	# what Python compiles is kept: each process else compiles all tests
	PYTHONDONTWRITEBYTECODE= $(VENV)/bin/python -m pytest -n auto --dist worksteal

ui: $(READY)
	$(VENV)/bin/il6 ui --operate --landing data/demo

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/sqlfluff lint sql
	$(VENV)/bin/dagster definitions validate -w workspace.yaml

# what is installed: a CycloneDX list of parts, their licences, and known advisories where they can be had
supply: $(READY)
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt '.[supply]'
	$(VENV)/bin/cyclonedx-py environment --output-reproducible --output-file $(VENV)/sbom.json $(VENV)/bin/python
	$(VENV)/bin/pip-licenses --format=plain-vertical --with-system --output-file $(VENV)/licences.txt
	$(VENV)/bin/pip-audit --strict --requirement constraints.txt --no-deps \
		|| echo "advisories: there are some, or not all could be looked up; see above"

# two minutes of deliveries, readers, kills and an open UI; `--minutes 60` for an hour
soak: $(READY)
	$(VENV)/bin/python -m il6_platform_tests.benchmarks.soak --minutes 2

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	# as pip does for the rest, so that no process compiles what another one has
	$(VENV)/bin/python -m compileall -q il6_platform
	touch $(READY)

shell: $(READY)
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $${SHELL:-bash}
