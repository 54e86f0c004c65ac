#!/usr/bin/env bash
# Builds and tests the AssemblyScript SDK. .ci/install.sh installs what it needs.
#
#   build.sh OUTDIR   the conformance extension and the smallest pass-through:
#                     OUTDIR/assemblyscript.wasm, OUTDIR/assemblyscript-pass.wasm
#   build.sh test     the unit tests, which need no host
set -euo pipefail
out=${1:?"build.sh OUTDIR | test"}
[ "$out" = test ] || { mkdir -p "$out" && out=$(cd "$out" && pwd); }
cd "$(dirname "$0")"
export PATH="${ARIL_TOOLCHAINS:-${XDG_CACHE_HOME:-$HOME/.cache}/aril/toolchains}/bin:$PATH"
for tool in asc node; do
	command -v $tool >/dev/null || {
		echo "build: $tool is not there: run .ci/install.sh, with Node.js 20 or newer" >&2
		exit 1
	}
done

if [ "$out" = test ]; then
	node --test --test-reporter=dot tests/
	# The example as an author has it: beside the package, not within.
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	cp -r example/retry "$tmp/retry"
	mkdir -p "$tmp/retry/node_modules"
	ln -s "$PWD" "$tmp/retry/node_modules/aril"
	cd "$tmp/retry"
	asc --config asconfig.json
	node --test --test-reporter=dot
	exit
fi
asc conformance/roles.ts --debug -o "$out/assemblyscript.wasm"
asc conformance/pass.ts --debug -o "$out/assemblyscript-pass.wasm"
