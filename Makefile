# Everything that people and CI run. Each target sets up what it needs, in this folder; elsewhere are only the caches of
# pip and virtualenv, asv's ~/.asv-machine.json, and the system's programs, which a target of a server or a test installs.

.DEFAULT_GOAL := help
.PHONY: help bench compare bisect trial served locust-worker crossing site report history measure attribute merge push pending \
	milestones results publish summary test documents check lint lock hooks vendor clean system wall

# The first Python that runs and is new enough; one may name another: make bench PYTHON=python3.13
PYTHON ?= $(shell for python in python3.12 python3.13 python3.14 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
ALONE = $(PYTHON) tools/files.py .venv/lock sh -ec

# What is installed is what the lock names, by digest. pip ends with digests where one differs, so its first words are said.
PINS := pyproject.toml .ci/locks/tools.txt
LOCKED := --require-hashes --constraint .ci/locks/tools.txt
WHY_NOT := { grep -m 1 ^ERROR .venv/pip.log || tail -n 1 .venv/pip.log; } >&2
REMEDY := $$(if grep -q "DO NOT MATCH THE HASHES" .venv/pip.log; then echo "a package is not the one that .ci/locks names: \
	find out why before you install it"; else echo "check network and package index, then run the same again"; fi)

# With it Python would look for tools and harness anywhere but in this folder.
unexport PYTHONSAFEPATH

# git, which asks the workflow's own server with the token of the step, and runs no hook.
GIT_BY_TOKEN := export GIT_TERMINAL_PROMPT=0 GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=core.hooksPath \
	GIT_CONFIG_VALUE_0=/dev/null GIT_CONFIG_KEY_1="credential.$$GITHUB_SERVER_URL.helper" \
	GIT_CONFIG_VALUE_1='!f() { echo username=x-access-token; echo "password=$$GITHUB_TOKEN"; }; f'

NAMESPACES := kernel/apparmor_restrict_unprivileged_userns
SYSTEM_PROGRAMS := chromium tidy valgrind wrk

.venv/bench .venv/compare .venv/load .venv/test: $(PINS)
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or later is needed$(if $(PYTHON),; $(PYTHON) is older or does not run, and none is on the PATH): install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(ALONE) 'ls -t $@ $(PINS) 2>/dev/null | head -n 1 | grep -qx $@ || { \
		echo "Setting up .venv for $(@F) with $(PYTHON)"; \
		$(PYTHON) -m venv .venv; \
		{ $(BIN)/python -m pip install --require-hashes -r .ci/locks/pip.txt && \
			$(BIN)/python -m pip install $(LOCKED) --group $(@F); } > .venv/pip.log 2>&1 || { \
			$(WHY_NOT); \
			echo "The tools could not be installed (.venv/pip.log): $(REMEDY)." >&2; exit 1; }; \
		touch $@; }'

.venv/measured .venv/served: .venv/compare
	@$(ALONE) 'test $@ -nt $< || { $(BIN)/python -m virtualenv -q $@ && \
		$(BIN)/python -m pip --python $@ install $(LOCKED) --group $(@F) > .venv/pip.log 2>&1 && touch $@; } || { \
		rm -rf $@; $(WHY_NOT); \
		echo "The environment $(@F) could not be made (.venv/pip.log): $(REMEDY)." >&2; exit 1; }'

system: wall
	@for program in $(SYSTEM_PROGRAMS); do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	test -n "$$missing" || exit 0; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		said="$$({ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$missing; } 2>&1)" && exit 0; \
		why="apt-get says: $$(echo "$$said" | tail -n 1)"; \
	else why="this is not root on Debian"; fi; \
	echo "Not installed:$$missing ($$why). The tests that need them will skip." >&2

# Where Ubuntu forbids a user the namespaces in which make measure runs a commit, root allows them until the next start.
wall:
	@test "$$(id -u)" != 0 || ! test -e /proc/sys/$(NAMESPACES) || echo 0 > /proc/sys/$(NAMESPACES)

# What a tenth of a second a test is enough for.
QUICK := awaitable changes count groups history make milestones releases verdict

PROJECT := Django

# The groups of a lock that has not one of its own name alone.
LOCK_tools := test served

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bench: .venv/bench ## measure Django releases and show what a request costs: RELEASES="4.2 5.2 6.1" SCENARIOS="handlers" or all, or RELEASES=6.1 PYTHONS="3.12 3.13"
	@$(BIN)/python -m tools bench --project "$(PROJECT)" --releases "$(RELEASES)" --scenarios "$(SCENARIOS)" --pythons "$(PYTHONS)"

compare: .venv/measured ## did a change slow the sync or the async path: BASE=6.0 HEAD=6.1, or DJANGO=path BASE=main HEAD=worktree, or PROJECT=asgiref BASE=3.12.1 HEAD=3.13.0
	@$(BIN)/python -m tools compare --project "$${PROJECT:-Django}" --base "$$BASE" --head "$$HEAD" $${DJANGO:+--django "$$DJANGO"} --scenarios "$$SCENARIOS" $(OPTIONS)

bisect: .venv/measured ## which commit changed it: DJANGO=path GOOD=3.0 BAD=main SCENARIO="handlers.Hello ASGI" METRIC=hops
	@$(BIN)/python -m tools bisect --project "$(PROJECT)" --django "$(DJANGO)" --good "$(GOOD)" --bad "$(BAD)" --scenario "$(SCENARIO)" \
		--metric "$(METRIC)" $(OPTIONS)

trial: .venv/measured $(if $(findstring --served,$(OPTIONS)),.venv/load .venv/served) ## learn what compare finds on this machine: TIMES=20 OPTIONS=--busy
	@$(BIN)/python -m tools trial --times $(or $(TIMES),20) $(OPTIONS)

served: .venv/load .venv/served system ## serve it by real servers, and load it: SERVERS= PAGES= MIDDLEWARE= VIEWS= CONCURRENCY= RATES= DJANGO= WORKERS= REQUESTS=
	@$(BIN)/python -m tools served --generator "$(or $(GENERATOR),wrk)" --host "$(HOST)" --servers "$(SERVERS)" --pages "$(PAGES)" --middleware "$(MIDDLEWARE)" --views "$(VIEWS)" --rates "$(RATES)" \
		$(if $(BASE),--base "$(BASE)") --concurrency "$(CONCURRENCY)" --django "$(or $(DJANGO),6.1)" --workers "$(or $(WORKERS),2)" --requests "$(or $(REQUESTS),0)" --results "$(or $(RESULTS),results)" $(OPTIONS)

locust-worker: .venv/load ## on another machine, for served GENERATOR=locust OPTIONS="--remote-workers 1 --bind 0.0.0.0": MASTER=address
	@while $(BIN)/python -m locust --worker --master-host "$(MASTER)" --locustfile -; do :; done

crossing: .venv/load .venv/served system ## from which wait on async serves more than sync: WORKERS=8 CONCURRENCY=64 OPTIONS="--sync gunicorn --async uvicorn"
	@$(BIN)/python -m tools crossing --workers "$(or $(WORKERS),8)" --concurrency "$(or $(CONCURRENCY),64)" --results "$(or $(RESULTS),results)" $(OPTIONS)

site: .venv/bench ## the site from results alone, where there is no git history; with one, asv publish adds asv's graphs: CONFIG=asv.releases.conf.json
	@$(BIN)/python -m tools site --config "$(or $(CONFIG),asv.conf.json)"

report: .venv/bench ## what a commit did, as Markdown for a ticket, from results alone: COMMIT=5.2 DJANGO=path RESULTS=
	@$(BIN)/python -m tools report "$$COMMIT" $(HISTORY)

history: .venv/bench ## write docs/history.md and docs/async-or-not.md from the results: RESULTS= DJANGO=
	@$(BIN)/python -m tools history $(HISTORY)

# What follows, and compare, is what workflows call: "$$NAME" is read by the shell, so that no text of a stranger is
# ever part of a command, as it would be by "$(NAME)".
HISTORY = --results "$${RESULTS:-results}" $${DJANGO:+--django "$$DJANGO"}

measure: .venv/bench ## measure listed commits that have no result: COMMITS=file SHARD=1/4 TWICE=10 BENCHMARKS=exact, all or a pattern, RESULTS= DJANGO=
	@$(BIN)/python -m tools measure --commits "$$COMMITS" --shard "$${SHARD:-1/1}" --twice "$${TWICE:-0}" --benchmarks "$${BENCHMARKS:-exact}" --project "$${PROJECT:-Django}" \
		--machine "$$MACHINE" --anchor "$$ANCHOR" --job "$$JOB" $(HISTORY) $(OPTIONS)

attribute: .venv/bench ## measure what lies between, until each change has one commit: COUNT=20 at most, 0 only says how many; RESULTS= DJANGO=
	@$(BIN)/python -m tools attribute $${COUNT:+--count "$$COUNT"} --machine "$$MACHINE" --anchor "$$ANCHOR" --job "$$JOB" $(HISTORY) $(OPTIONS)

merge: .venv/bench ## put the results of several jobs together: SHARDS=folder COMMITS=file RESULTS= DJANGO=, or PUSH=branch REMOTE=origin, or BUNDLE=merged.bundle
	@$(BIN)/python -m tools merge "$$SHARDS" $${COMMITS:+--commits "$$COMMITS"} --anchor "$$ANCHOR" --machine "$$MACHINE" --push "$$PUSH" $${BUNDLE:+--bundle "$$BUNDLE"} --remote "$${REMOTE:-origin}" $(HISTORY) $(OPTIONS)

# By git alone, and without force: a token that may write is given to nothing else.
push: ## push what merge left in a file, if it did: BUNDLE=merged.bundle PUSH=results REMOTE=origin
	@bundle="$${BUNDLE:-merged.bundle}"; branch="$${PUSH:-results}"; \
	test -e "$$bundle" || { echo "$$bundle is not there: nothing new was merged"; exit 0; }; set -e; \
	remote=$$(git remote get-url "$${REMOTE:-origin}" 2>/dev/null || echo "$$REMOTE"); \
	$(GIT_BY_TOKEN) GIT_DIR="$$bundle.git"; rm -rf "$$GIT_DIR"; git init --quiet --bare; \
	known=$$(git ls-remote "$$remote" "refs/heads/$$branch"); \
	test -z "$$known" || git fetch --quiet --depth=1 "$$remote" "refs/heads/$$branch"; \
	git fetch --quiet "$$bundle" HEAD || { echo "another push to $$branch came first: merge again" >&2; exit 1; }; \
	test "$$(git ls-tree --name-only FETCH_HEAD)" = results || { \
		echo "$$bundle holds more than results: it is not pushed" >&2; exit 1; }; \
	git push --quiet "$$remote" "FETCH_HEAD:refs/heads/$$branch"; rm -rf "$$GIT_DIR"

pending: .venv/bench ## list the commits of Django that have no result: COMMITS=file SINCE="4 weeks ago" COUNT=40 RESULTS= DJANGO=
	@$(BIN)/python -m tools pending --commits "$$COMMITS" --since "$${SINCE:-4 weeks ago}" --count "$${COUNT:-40}" \
		--shards "$${SHARDS:-1}" $${OUTPUT:+--output "$$OUTPUT"} $(HISTORY) $(OPTIONS)

milestones: .venv/bench ## list the commits that tell the history: COMMITS=file NAMED=file.csv, whose first column names commits, DJANGO=
	@$(BIN)/python -m tools milestones --commits "$$COMMITS" $${NAMED:+--named "$$NAMED"} $${DJANGO:+--django "$$DJANGO"}

results: .venv/bench ## get the results that were pushed to the branch results: RESULTS= REMOTE=origin
	@$(BIN)/python -m tools results --remote "$${REMOTE:-origin}" --results "$${RESULTS:-results}"

publish: .venv/bench ## make the site of the results: RESULTS= DJANGO=
	@$(BIN)/python -m tools publish $(HISTORY)

summary: ## show a file in the summary of a workflow's run: MARKDOWN=file
	@cat "$$MARKDOWN" >> "$${GITHUB_STEP_SUMMARY:-/dev/stdout}"

test: .venv/test .venv/measured .venv/served system ## prove that the suite measures what it says; one file of it: TESTS=tests/test_verdict.py
	@$(BIN)/python -m pytest $(TESTS)

# What is slow is left out of test and of .ci/run for their time; the workflow documents runs it each night.
documents: .venv/test .venv/measured .venv/served system ## run what takes long of the lines that the documents tell one to type
	@$(BIN)/python -m pytest -m slow $(TESTS)

check: lint ## lint, and the tests that measure little, in a minute
	@$(BIN)/python -m pytest $(foreach part,$(QUICK),tests/test_$(part).py)

lint: .venv/test ## check style, types and workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/zizmor --quiet --offline --persona pedantic .github
	@$(BIN)/actionlint .github/workflows/*.yml

lock: .venv/test ## write .ci/locks, the versions and digests of all that is installed, after a change of pyproject.toml
	@$(foreach lock,pip asv tools,$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --custom-compile-command "make lock" --output-file .ci/locks/$(lock).txt \
		$(foreach group,$(or $(LOCK_$(lock)),$(lock)),--group $(group)) &&) true

hooks: ## have git run make lint before each commit here
	@git config core.hooksPath .ci/hooks

vendor: .venv/bench ## fetch the site's scripts from the npm registry again and compare
	@$(BIN)/python -m tools.offline

clean: ## remove what the other targets made; results/ stays
	rm -rf .venv .asv Django .releases asv*.releases.conf.json .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
