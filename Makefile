PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
export IL6_HOME ?= $(CURDIR)/.il6

.PHONY: demo test ui lint shell
demo: $(READY)
	$(VENV)/bin/il6 demo

test: $(READY)
	$(VENV)/bin/python -m pytest -n auto --dist worksteal

ui: $(READY)
	$(VENV)/bin/il6 ui --operate --landing data/demo

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/sqlfluff lint sql
	$(VENV)/bin/dagster definitions validate -w workspace.yaml

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

shell: $(READY)
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $${SHELL:-bash}
