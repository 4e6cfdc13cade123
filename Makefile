# Every command of the house. `make` alone lists them.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# The first Python here that Ebbtide runs on; `make PYTHON=...` names another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)
UV    := uv==0.13.9
BIN   := .venv-dev/bin
RUN   := .venv/.ready
DEV   := .venv-dev/.ready
BENCH := .venv-bench/.ready
LOCKS := requirements/run.txt requirements/build.txt

CONTROL_PLANE := tests/cluster/controlplane/build.sh

# $(call venv,FOLDER,LOCKS): a virtual environment with exactly what the locks name, and Ebbtide.
define venv
	@test -n "$(PYTHON)" || { echo "Ebbtide needs Python 3.11, 3.12 or 3.13: install one, or name it with make PYTHON=..." >&2; exit 1; }
	@echo "setting up $(1) from $(2) (less than a minute, once) ..."
	@rm -rf $(1)
	@$(PYTHON) -m venv $(1)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes $(2:%=-r %)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
endef

##@ Use

.PHONY: help
help: ## List these commands
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(RUN) ## A promotion week on the embedded default; ARGS="--seed 7" passes options
	.venv/bin/ebbtide demo $(ARGS)

CSV    ?= docs/examples/demand.csv
POLICY ?= docs/examples/stream-edge.yaml
REPORT ?= build/plan.html
.PHONY: plan
plan: $(RUN) ## From a demand to a report; CSV=demand.csv POLICY=edge.yaml take yours, ARGS passes options
	.venv/bin/ebbtide plan $(POLICY) --csv $(CSV) --report $(REPORT) $(ARGS)

##@ Check

.PHONY: check
check: ## All of lint, types and test, in this order
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory types
	@$(MAKE) --no-print-directory test

.PHONY: lint
lint: $(DEV) ## Rules, format, the drawing of the house, the length of files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo --config pyproject.toml
	@find controller policies -name '*.py' -exec awk \
	  'FNR == 251 { print FILENAME ": over 250 lines, split it"; bad = 1 } END { exit bad }' {} +

.PHONY: types
types: $(DEV) ## mypy, strict
	$(BIN)/mypy

# Coverage is held for a whole run. What real parts would have covered is not asked of a run
# without them; policies/ is pure and always is at 100 %.
.PHONY: test
test: export KUBEBUILDER_ASSETS ?= $(shell bash $(CONTROL_PLANE) --print 2>/dev/null)
test: $(DEV) ## The tests and their coverage; ARGS="-k descent" runs some, without the gates
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine --quiet
ifeq ($(strip $(ARGS)),)
	$(BIN)/coverage report --include='policies/*' --fail-under=100
	@left=; \
	test -n "$$KUBECONFIG" || test -x "$$KUBEBUILDER_ASSETS/kube-apiserver" || \
	  left="the real control plane ('make control-plane' builds it once)"; \
	command -v prometheus >/dev/null || \
	  left="$${left:+$$left, }the real Prometheus (Debian package 'prometheus')"; \
	if test -z "$$left"; then \
	  echo "$(BIN)/coverage report --omit='policies/*' --fail-under=90"; \
	  $(BIN)/coverage report --omit='policies/*' --fail-under=90; \
	else \
	  $(BIN)/coverage report --omit='policies/*' --fail-under=0; \
	  echo "left out, and with it the gate of 90 % on controller/: $$left"; \
	fi
endif

.PHONY: control-plane
control-plane: ## Build etcd, the Kubernetes servers and kwok for the cluster tests, once
	bash $(CONTROL_PLANE)

.PHONY: helm
helm: ## Build Helm for the tests of the chart, once
	bash tests/deploy/helm/build.sh

.PHONY: bench-demo
bench-demo: $(DEV) ## Ebbtide against HPA over 20 seeds; the rows go to build/bench/demo.json
	$(BIN)/python -m tests.bench.demo $(ARGS)

.PHONY: bench-forecast
bench-forecast: $(BENCH) ## Forecasters side by side on EBBTIDE_TRACES; rows in build/bench/forecast.json
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1 \
	  .venv-bench/bin/python -m tests.bench.forecast $(ARGS)

.PHONY: bench-replay
bench-replay: $(DEV) ## Replay speed by variants and workloads; rows in build/bench/replay.json
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.bench.replay $(ARGS)

.PHONY: bench-capacity
bench-capacity: $(DEV) ## What an objective costs on EBBTIDE_TRACES; rows in build/bench/capacity.json
	$(BIN)/python -m tests.bench.capacity $(ARGS)

.PHONY: bench-descent
bench-descent: $(DEV) ## The way down beside the rivals'; rows go to build/bench/descent.json
	$(BIN)/python -m tests.bench.descent $(ARGS)

.PHONY: bench-sessions
bench-sessions: $(DEV) ## Live sessions with victim choice and without; rows in build/bench/sessions.json
	$(BIN)/python -m tests.bench.sessions $(ARGS)

##@ Change

.PHONY: fmt
fmt: $(DEV) ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

.PHONY: generate
generate: $(DEV) ## Write CRDs and JSON Schemas from the models; CRDs and alerts for the chart
	@mkdir -p deploy/crds charts/ebbtide/crds docs/schema
	@for each in plan plan-from-cluster compare tune; do \
	  $(BIN)/ebbtide schema $$each > docs/schema/$$each.schema.json || exit 1; done
	$(BIN)/ebbtide crd --output deploy/crds
	@cp deploy/crds/ebbtide.dev_*.yaml charts/ebbtide/crds/
	@cp deploy/alerts/rules.yaml charts/ebbtide/alerts/
	@{ echo 'apiVersion: monitoring.coreos.com/v1'; echo 'kind: PrometheusRule'; \
	   echo 'metadata: {name: ebbtide, namespace: ebbtide}'; echo 'spec:'; \
	   sed 's/^\(.\)/  \1/' deploy/alerts/rules.yaml; } > deploy/alerts/prometheusrule.yaml

# Pins stay as they are where they still fit; ARGS=--upgrade moves them. A lock names no index.
COMPILE = env -u UV_FIND_LINKS UV_CUSTOM_COMPILE_COMMAND="make lock" build/uv/bin/uv pip compile \
	--quiet --no-config --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links -c requirements/constraints.txt
EXTRAS := dask jobs parquet png
.PHONY: lock
lock: build/uv/bin/uv ## Pin and hash the dependencies again; ARGS=--upgrade moves the pins
	$(COMPILE) $(ARGS) pyproject.toml -o requirements/run.txt
	$(COMPILE) $(ARGS) --group build -c requirements/run.txt -o requirements/build.txt
	$(COMPILE) $(ARGS) pyproject.toml --group dev $(EXTRAS:%=--extra %) $(LOCKS:%=-c %) \
	  -o requirements/dev.txt
	$(COMPILE) $(ARGS) pyproject.toml --group build --extra lightgbm --extra statsforecast \
	  $(LOCKS:%=-c %) -c requirements/dev.txt -o requirements/bench.txt

.PHONY: clean
clean: ## Remove the environments, caches and everything built here
	rm -rf .venv .venv-dev .venv-bench build dist .coverage .coverage.* .hypothesis
	rm -rf .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find controller policies tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): pyproject.toml $(LOCKS)
	$(call venv,.venv,$(LOCKS))

$(DEV): pyproject.toml requirements/dev.txt
	$(call venv,.venv-dev,requirements/dev.txt)

# The libraries that forecasts are compared with; nothing of the house needs them.
$(BENCH): pyproject.toml requirements/bench.txt
	$(call venv,.venv-bench,requirements/bench.txt)
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --editable plugins/ebbtide-forecasters

build/uv/bin/uv:
	@$(PYTHON) -m venv build/uv
	@build/uv/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
