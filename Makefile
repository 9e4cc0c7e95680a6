# make run and make test need Go, nothing else; the tools are fetched as Go modules.
GO          ?= go
BIN         := bin/edgecert
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
ACTIONLINT  := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
PLATFORMS   := linux/amd64 linux/arm64 darwin/arm64 windows/amd64 windows/arm64
FUZZTIME    ?= 20s
BENCHN      ?= 10000
# HTTP/2 is half a megabyte, and nothing that is fetched needs it.
BUILD       := CGO_ENABLED=0 $(GO) build -tags nethttpomithttp2 -trimpath -ldflags '-s -w'
# The race detector is C: without a compiler the tests run without it.
RACE         = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

.DEFAULT_GOAL := help
.PHONY: help build run test test-real test-windows lint vulncheck bench fuzz golden cross release clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/edgecert
	@$(BUILD) -o "$(BIN)" ./cmd/edgecert

run: build ## build, raise an Edge pool on loopback, scan it, print the report
	@$(BIN) demo

test: ## all tests with the race detector (what this machine lacks is left out, and named)
	@.ci/peers --missing
	@$(if $(RACE),,echo "without the race detector: it needs a C compiler")
	$(GO) test $(RACE) -timeout 10m ./...

test-real: ## all tests, with every server program installed from Debian's packages
	@.ci/peers
	EDGECERT_REAL=1 $(GO) test -race -timeout 20m ./...

test-windows: ## the tests, and the program as released, on Windows: under Wine, from Debian's packages
	@.ci/windows

lint: ## gofmt, vet, staticcheck, actionlint, and govulncheck where its database answers
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l cmd scanner report) || exit 1; test -z "$$unformatted" || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) run $(ACTIONLINT)
	@.ci/vulncheck $(GOVULNCHECK)

vulncheck: ## known vulnerabilities that are reached; without the database it fails, where lint only says so
	$(GO) run $(GOVULNCHECK) ./...

bench: build ## whole scans of a farm beside a bare loop (Linux), then the benchmarks of the hot paths
	$(GO) run ./scanner/lab/farm/bench -n $(BENCHN) $(BIN)
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## run every fuzz target for FUZZTIME (20s)
	@for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
	  done; \
	done

golden: ## write the golden reports, the README's picture, and what the documents have from the code, anew
	$(GO) test ./report/text ./report/formats -update
	$(GO) test ./cmd/edgecert -run 'TestWritten|TestPicture' -update

cross: ## build for every platform that is supported
	@for platform in $(PLATFORMS); do \
	  echo "$$platform"; \
	  GOOS=$${platform%/*} GOARCH=$${platform#*/} $(BUILD) -o /dev/null ./cmd/edgecert || exit 1; \
	  CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) vet ./... || exit 1; \
	done

release: ## build dist/: archives, packages, checksums, SBOM, and manifests where RELEASE_URL says for which place
	@GO="$(GO)" .ci/release dist $(PLATFORMS)

clean: ## remove what was built
	@rm -rf bin dist
