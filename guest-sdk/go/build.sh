#!/usr/bin/env bash
# Builds the modules that the Go SDK is tested with.
#
#   guest-sdk/go/build.sh DIR     DIR/go.wasm plays every role of
#                                 testdata/conformance, DIR/go-pass.wasm is the
#                                 smallest extension
#   guest-sdk/go/build.sh test    the SDK's own tests
set -euo pipefail
out=${1?usage: build.sh DIR | build.sh test}
if [ "$out" = test ]; then
	cd "$(dirname "$0")"
	exec go test ./...
fi
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")"
export GOOS=wasip1 GOARCH=wasm
# -w leaves out DWARF. Without -s the names of functions stay, for traces.
go build -buildmode=c-shared -trimpath -ldflags=-w -o "$out/go.wasm" ./conformance
go build -buildmode=c-shared -trimpath -ldflags=-w -o "$out/go-pass.wasm" ./guest/testdata/pass
