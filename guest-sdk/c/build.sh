#!/usr/bin/env bash
# Builds and tests the C SDK. .ci/install.sh installs what it needs.
#
#   build.sh OUTDIR    OUTDIR/c.wasm, the conformance extension, and
#                      OUTDIR/c-pass.wasm, the smallest pass-through
#   build.sh test      the unit tests, on this machine and without a host
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Compile and link are two commands, and the link has no -O: with one, clang
# runs whatever wasm-opt is on the PATH. --stack-first makes a stack overflow
# a trap instead of a write over static data.
compile=(clang-19 --target=wasm32 -O2 -std=c99 -Wall -Wextra -Wpedantic -Werror -ffreestanding -nostdlib)
link=(wasm-ld-19 --no-entry --stack-first -z stack-size=262144)

extension() { # SOURCE OUT
	"${compile[@]}" -c "$1" -o "$tmp/extension.o"
	"${link[@]}" "$tmp/extension.o" -o "$2"
	chmod 644 "$2"
}

case ${1-} in
'')
	sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
	exit 2
	;;
test) exec "$here/test/run.sh" ;;
*)
	mkdir -p "$1"
	extension "$here/conformance/conformance.c" "$1/c.wasm"
	extension "$here/pass/pass.c" "$1/c-pass.wasm"
	;;
esac
