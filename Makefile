# The workshop. `make` alone says what there is.

GO    ?= go
NPM   ?= npm
WEB   := web
BUILT := internal/console/dist examples/jamstack/site/sdk
FUZZ  ?= 20s
DEV   ?=
BENCH ?=
GOVULNCHECK ?= $(GO) run golang.org/x/vuln/cmd/govulncheck@latest
ROUNDS ?= 60
CLIENTS ?= 5000
LOST ?= 3000
EACH ?= 150
STORM ?= 20m
SEED ?= 0
FORMATION ?= cluster
PUBLISHERS ?= 300
SUBSCRIBERS ?= 3000

.PHONY: help run test check check-go check-web check-dist test-go test-web test-browser web bench bench-compare bench-servers chaos chaos-client reconnect storm fuzz vuln tools clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## serve in development mode (DEV="--http localhost:9000" passes flags)
	$(GO) run ./cmd/holdfast dev $(DEV)

test: tools check test-go test-web test-browser ## everything that must pass; installs what it needs

check: check-go check-web check-dist ## formatting, vet, staticcheck, import floors, web lint and types

check-go:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not gofmt'd (run gofmt -w):" $$unformatted; exit 1; fi
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) -C bench mod tidy -diff
	$(GO) -C bench vet ./...
	$(GO) test ./test

check-web: $(WEB)/node_modules/.installed
	$(NPM) --prefix $(WEB) run check

check-dist: $(WEB)/node_modules/.installed ## the committed pages are what the sources build
	@rm -rf tmp/built && for dir in $(BUILT); do mkdir -p tmp/built/$$dir && cp -r $$dir/. tmp/built/$$dir; done
	$(NPM) --prefix $(WEB) run build
	@for dir in $(BUILT); do diff -r tmp/built/$$dir $$dir >/dev/null || \
	  { echo "$$dir is stale: run make web and commit it"; exit 1; }; done

test-go: $(WEB)/node_modules/.installed ## Go tests with the race detector, quick packages first
	$(GO) test -race $$($(GO) list ./... | grep -v -e '/holdfast/test$$' -e /test/browser)
	$(GO) -C bench test ./...

test-web: $(WEB)/node_modules/.installed ## unit tests of the pages
	$(NPM) --prefix $(WEB) test

test-browser: $(WEB)/node_modules/.installed ## the binary in a real browser
	$(GO) test -count=1 ./test/browser

web: $(WEB)/node_modules/.installed ## rebuild the pages that the binary serves
	$(NPM) --prefix $(WEB) run build

bench: ## benchmarks of the engine and the hub
	$(GO) test -run '^$$' -bench . -benchmem ./websocket/... ./internal/hub

bench-compare: ## compare the engine with its peers (ten minutes on a quiet machine; BENCH=-quick for a look)
	$(GO) -C bench run . run $(BENCH)

bench-servers: ## compare Holdfast with other servers (fifteen minutes on a quiet machine; BENCH=-quick for a look)
	$(GO) -C bench run . servers $(BENCH)

chaos: storm ## a storm, and then kill the server in the middle of its work, again and again (ROUNDS=200)
	HOLDFAST_CRASH_ROUNDS=$(ROUNDS) $(GO) test -count=1 -run Kill -timeout 1h -v ./internal/broker ./internal/hooks

storm: $(WEB)/node_modules/.installed ## break three nodes under a crowd (STORM=20m SEED=7; docs/chaos.md); report in tmp/storm
	rm -rf tmp/storm && mkdir -p tmp/storm
	$(GO) test -count=1 -timeout 0 -run '^TestStorm$$' -v ./test/storm -dir $(CURDIR)/tmp/storm -lasts $(STORM) -seed $(SEED) \
	  -formation $(FORMATION) -publishers $(PUBLISHERS) -subscribers $(SUBSCRIBERS) -interval 2s -calm 10s -most 15s -drain 8s

reconnect: ## kill a node with all its clients, and watch the others take them in (LOST=3000 EACH=150; docs/reconnect-storms.md)
	$(GO) test -count=1 -timeout 10m -v ./test/reconnect -clients $(LOST) -each $(EACH)

chaos-client: ## cut the connections of many clients, again and again (CLIENTS=10000; docs/chaos.md)
	HOLDFAST_CHAOS_CLIENTS=$(CLIENTS) $(GO) test -count=1 -timeout 1h -run '^TestJitter$$' -v ./test/chaos

fuzz: ## every fuzz target for $(FUZZ) each
	@for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ) $$pkg || exit 1; \
	  done; \
	done

vuln: ## known vulnerabilities of what is used (asks vuln.go.dev)
	@$(GOVULNCHECK) ./... || { code=$$?; \
	  echo "Nothing found above? Then govulncheck or its database was not reached. Elsewhere: go install golang.org/x/vuln/cmd/govulncheck@latest,"; \
	  echo "copy it and https://vuln.go.dev to this machine, and: make vuln GOVULNCHECK='govulncheck -db=file:///PATH'"; exit $$code; }

$(WEB)/node_modules/.installed: $(WEB)/package.json $(WEB)/package-lock.json | tools
	$(NPM) --prefix $(WEB) ci --no-audit --no-fund
	@touch $@

tools: ## install what the tests need, or say what is missing
	@./test/tools.sh

clean: ## remove what was built
	rm -rf bin tmp $(WEB)/node_modules
