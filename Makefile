# Every target works in a fresh clone: what it needs, it sets up first. `make` lists them.
.DEFAULT_GOAL := help
PY := .venv/bin/python

.PHONY: help setup setup-dev demo test lint format lock bench bench-transforms bench-registry fuzz rest-fuzz group chaos simulate kill9 jdbc-source bench-jdbc-source jdbc-sink bench-jdbc-sink pg-cdc bench-pg-cdc footprint clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@scripts/setup

setup-dev:
	@scripts/setup dev

demo: setup ## stream a million lines through a broker into another file; FILE=… takes your own text
	@$(PY) scripts/demo.py $(if $(FILE),"$(FILE)")

test: setup-dev ## all checks and all tests, four at a time; fetches Apache Kafka with Java and Maven; ARGS=… goes to pytest
	@scripts/services
	@scripts/lint
	@$(PY) -m pytest --numprocesses 4 --dist loadfile $(ARGS)

lint: setup-dev ## style, format, types, import rules
	@scripts/lint

format: setup-dev ## rewrite the sources in the project's format
	@.venv/bin/ruff check --fix --quiet || true
	@.venv/bin/ruff format

lock: ## rewrite the locked requirements from pyproject.toml
	@scripts/lock $(ARGS)

bench: setup-dev ## compare with the JVM's Connect worker; writes docs/benchmarks.md
	@scripts/services
	@$(PY) -m bench $(ARGS)

rest-fuzz: setup-dev ## thousands of hostile requests to a worker
	@scripts/services
	@$(PY) -m campaigns.rest_fuzz $(ARGS)

bench-transforms: setup-dev ## compare transforms with the JVM's classes; writes docs/benchmark-transforms.md
	@scripts/services
	@$(PY) -m bench.transforms $(ARGS)

bench-registry: setup-dev ## compare Avro, Protobuf and JSON Schema with the JVM; writes docs/benchmark-registry.md
	@scripts/services
	@$(PY) -m bench.registry $(ARGS)

fuzz: setup-dev ## a million hostile byte strings through all converters
	@$(PY) -m campaigns.fuzz $(ARGS)

group: setup-dev ## three workers: fail-over, hand-over and start-up times; writes docs/distributed-measured.md
	@scripts/services
	@$(PY) -m campaigns.group $(ARGS)

chaos: setup-dev ## random faults over three workers; counts what arrives
	@scripts/services
	@$(PY) -m campaigns.chaos $(ARGS)

simulate: setup-dev ## a thousand workers on a virtual clock: who does what, and how much moves
	@$(PY) -m campaigns.group_simulation $(ARGS)

kill9: setup-dev ## kill -9 worker, task and broker again and again; count what arrives
	@scripts/services
	@$(PY) -m campaigns.kill9 $(ARGS)

jdbc-source: setup-dev ## JdbcSource under writers that end out of order and share timestamps, while it is killed
	@$(PY) -m campaigns.jdbc_source $(ARGS)

jdbc-sink: setup-dev ## kill -9 while rows go into PostgreSQL; compares the tables with what was sent
	@scripts/services
	@$(PY) -m campaigns.jdbc_sink $(ARGS)

bench-jdbc-sink: setup-dev ## compare JdbcSink with Debezium's on the JVM; writes docs/benchmark-postgres.md
	@scripts/services
	@$(PY) -m bench.jdbc_sink $(ARGS)

bench-jdbc-source: setup-dev ## what JdbcSource costs, out of PostgreSQL and into JSON with schemas
	@$(PY) -m bench.jdbc_source $(ARGS)

pg-cdc: setup-dev ## change data capture from PostgreSQL under kill -9; compares topics with tables
	@scripts/services
	@$(PY) -m campaigns.postgres_cdc $(ARGS)

bench-pg-cdc: setup-dev ## compare it with Debezium; writes docs/benchmark-postgres-cdc.md
	@scripts/services
	@$(PY) -m bench.postgres $(ARGS)

footprint: setup-dev ## measure the memory and start-up of an idle worker against their limits
	@$(PY) -m campaigns.footprint $(ARGS)

clean: ## remove everything that was generated, the environment included
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-data dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
