# `make` alone lists the verbs. On a bare Debian, as root, they install what they need; see setup/.
.DEFAULT_GOAL := help
.PHONY: help demo up down test check unit integration conformance ladder attack chaos soak sbom doctor-faults bench page browser screenshots docker images simulation
.DELETE_ON_ERROR:

PYTHON ?= python3
RUN := .venv/bin/
# A machine that others share may stand still for a second under a call, and Asterisk leaves a leg deaf now and then
# (docs/asterisk.md). A test that fails gets two more tries and is listed as RERUN; one that often is has a fault.
ONCE_MORE := --reruns 2 -raR
SHELL_SCRIPTS := setup/docker setup/fetch-compose setup/base-images setup/build-base-image setup/python setup/sipp setup/sbom \
	setup/postgres setup/pipecat setup/voice setup/node setup/chromium setup/demo asterisk-conf/entrypoint \
	asterisk-conf/healthcheck setup/faketime

help:  ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

demo: docker  ## the whole of it: a call through a carrier, the bot, the human, the record
	@setup/demo

up: docker  ## bring the stack up and leave it running
	@docker compose up --detach --build --wait
	@docker compose exec -T controller ari-controller phone

down:  ## take the stack down, and a demo's that was kept; records and passwords stay
	@docker compose --profile carrier down
	@docker compose --project-name ari-controller-demo --profile carrier down

test: check unit integration browser  ## everything that has to pass

check: .venv/ready  ## lint, format, types, layers
	$(RUN)ruff check
	$(RUN)ruff format --check
	$(RUN)mypy
	$(RUN)lint-imports
	@if command -v shellcheck >/dev/null; then shellcheck -x -P SCRIPTDIR -S warning $(SHELL_SCRIPTS); \
	else for script in $(SHELL_SCRIPTS); do sh -n $$script || exit 1; done; fi

unit: .venv/ready  ## tests without containers, and a million simulated events
	@setup/voice
	@setup/postgres
	$(RUN)pytest --numprocesses auto $(ONCE_MORE) tests/unit tests/simulation

# Two at a time, each with Asterisks of its own; what is built is built beforehand, so that no call shares the processor.
integration: .venv/ready images  ## tests on real Asterisk
	@docker compose build --quiet
	@docker build --quiet --tag ari-controller/test-router tests/integration/stack/router >/dev/null
	@setup/pipecat >/dev/null
	@setup/node >/dev/null
	TESTCONTAINERS_RYUK_DISABLED=true $(RUN)pytest --numprocesses 2 --dist loadfile $(ONCE_MORE) tests/integration

simulation: .venv/ready  ## calls in virtual time with every fault: EVENTS=1000000 from a seed by chance, or SEED=n to tell that call
	$(RUN)python -m tests.simulation $(SEED) --events $(or $(EVENTS),1000000) --from $$(shuf -i 0-999999999 -n 1)

conformance: .venv/ready images  ## what each bot protocol can do on real calls, a line each
	CONFORMANCE_LINES=1 TESTCONTAINERS_RYUK_DISABLED=true $(RUN)pytest -q tests/integration/conformance

ladder: .venv/ready images  ## every trigger, rung and transfer on real calls, a line each
	LADDER_LINES=1 TESTCONTAINERS_RYUK_DISABLED=true $(RUN)pytest -q tests/integration/ladder

attack: .venv/ready images  ## attacks on containers of their own, whether each is withstood, a line each
	@setup/sipp
	ATTACK_WHOLE=1 TESTCONTAINERS_RYUK_DISABLED=true $(RUN)pytest -q -p tests.attack.lines -m attack tests/unit/api tests/integration

chaos: .venv/ready images  ## faults under live calls whose audio is checked, a line each: FAULT=name, SEED=n, CALLS=20
	@setup/faketime
	TESTCONTAINERS_RYUK_DISABLED=true $(RUN)python -m tests.chaos $(FAULT) $(if $(SEED),--seed $(SEED)) --calls $(or $(CALLS),20)

soak: .venv/ready images  ## calls that come and go, each word checked, and whether anything is left of them: MINUTES=60, CALLS=50
	TESTCONTAINERS_RYUK_DISABLED=true $(RUN)python -m tests.chaos.soak --minutes $(or $(MINUTES),60) --calls $(or $(CALLS),50)

doctor-faults: .venv/ready images  ## faults planted on a real stack, whether the doctor names each, a line each
	DOCTOR_FAULTS=1 TESTCONTAINERS_RYUK_DISABLED=true $(RUN)pytest -q tests/integration/doctor

sbom:  ## what is in it: sbom/, CycloneDX and lists of packages
	@setup/sbom

bench: .venv/ready images  ## figures; PART=name for one of them
	@setup/sipp
	@setup/postgres
	$(RUN)python -m tests.bench $(PART)

page: web/node_modules/.package-lock.json  ## build the page that the controller serves, from web/ into web/dist
	node=$$(setup/node) && cd web && PATH=$$node:$$PATH && npm run build

# npm leaves this file behind when it is done.
web/node_modules/.package-lock.json: web/package-lock.json web/package.json
	node=$$(setup/node) && cd web && PATH=$$node:$$PATH && npm ci --no-audit --no-fund
	@touch $@

browser: .venv/ready images page  ## the page in a real browser: calls from it, and what it does under load, on one line at the end
	@setup/chromium
	@setup/voice
	TESTCONTAINERS_RYUK_DISABLED=true $(RUN)pytest $(ONCE_MORE) tests/browser

screenshots: .venv/ready page  ## the pictures of the README
	@setup/chromium
	$(RUN)python -m tests.browser.screenshots

docker:
	@setup/docker
	@setup/base-images

images: docker
	docker compose build --quiet asterisk

# Made anew when the lock changes.
.venv/ready: requirements-dev.lock pyproject.toml
	@setup/python
	$(PYTHON) -m venv --clear .venv
	$(RUN)pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(RUN)pip install -qq --disable-pip-version-check --no-deps --editable .
	@touch $@
