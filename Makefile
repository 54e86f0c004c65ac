# Every target is one line in `make help`. `make check` writes nothing.
MODULES := . cmd/aril runtime/enrich examples/devtools examples/enrichment guest-sdk/js/compat/seeds
GO_GUEST := GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w'
FUZZTIME ?= 10s
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@latest

.PHONY: help check test soak service deploy race bench bench-serve bench-peers fuzz guests sdks conformance conformance-table demo enrichment-demo examples generate

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## build the extensions from source and run the main job on real requests
	@for e in retry audit hostile; do $(GO_GUEST) -o build/demo/$$e.wasm ./examples/embed/$$e || exit 1; done
	@go run ./examples/embed -extensions build/demo

enrichment-demo: ## enrich a standing API by the definitions of a directory
	@go run ./examples/enrichment

examples: ## run every example and compare what it prints with its README
	@go test -count=1 ./examples/...
	@for m in $(filter examples/%,$(MODULES)); do (cd $$m && go test -count=1 ./...) || exit 1; done

test: ## run every test that needs nothing but Go
	@for m in $(MODULES); do (cd $$m && go test ./...) || exit 1; done

soak: ## a million mixed operations, and what they leave in the process
	@ARIL_SOAK=1000000 go test -count=1 -timeout 60m -v -run MixedOperations ./runtime

service: ## the service's tests in their long form, on SQLite and PostgreSQL (needs .ci/install.sh)
	@cd cmd/aril && ARIL_SERVE_LONG=1 ../../.ci/postgres go test -count=1 -timeout 20m ./internal/serve/...

deploy: ## check the static binary as the image has it, the Dockerfile and the systemd unit (needs .ci/install.sh)
	@.ci/deploy

race: ## run the concurrent packages under the race detector (bombs, and what measures the process, left out)
	@go test -race -skip 'Bomb|Process|Committed|LeaveNothing|TenThousand' ./runtime ./runtime/state/...
	@go test -race ./runtime/scope ./runtime/conformance ./guest-sdk/go/native
	@cd runtime/enrich && go test -race -short ./...
	@cd cmd/aril && go test -race -short ./internal/serve/flow ./internal/serve/guard ./internal/serve/store ./internal/serve/api
	@go test -race -short ./runtime/internal/sandbox ./runtime/internal/codec ./runtime/internal/capability ./guest-sdk/go/guest/...

check: ## formatting, vet, staticcheck, tidy modules, generated files, other platforms
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	@for m in $(MODULES); do (cd $$m && go vet ./... && $(STATICCHECK) ./... && go mod tidy -diff) || exit 1; done
	@GOOS=wasip1 GOARCH=wasm go vet ./guest-sdk/go/guest/...
	@for p in darwin/arm64 windows/amd64 freebsd/amd64 linux/arm64; do GOOS=$${p%/*} GOARCH=$${p#*/} go build ./runtime/... || exit 1; done
	@go build -tags aril_heap ./runtime/...
	@.ci/generated

bench: ## measure: limits on in all of them
	@go test -run '^$$' -bench 'Wrap|End|GC|Load|Metering' -benchmem ./runtime/...

bench-serve: ## measure the service: a client in a process of its own, 10,000 instances in SQLite
	@cd cmd/aril && go run ./internal/serve/bench

bench-peers: ## compare with other systems; writes runtime/bench/REPORT.md (needs gcc)
	@cd runtime/bench && GOWORK=off go run .

fuzz: ## run each fuzz target for FUZZTIME
	@.ci/fuzz $(FUZZTIME)

guests: ## rebuild the committed guests from their sources and compare (needs .ci/install.sh)
	@testdata/build.sh --check
	@guest-sdk/js/build.sh --check
	@examples/enrichment/mappings/build.sh --check

sdks: ## the unit tests of the SDKs, which need no host (needs .ci/install.sh)
	@for s in guest-sdk/*/build.sh; do echo "== $$s"; $$s test || exit 1; done

conformance: ## build every SDK's extension, run all cases on each, compare with the table (needs .ci/install.sh)
	@.ci/conformance

conformance-table: ## write the table in guest-sdk/README.md anew
	@.ci/conformance table

generate: ## write the generated files anew
	@go generate ./...
