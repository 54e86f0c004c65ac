#!/usr/bin/env bash
# Builds the modules with DWARF that the tests of this package read, from the
# guest of runtime/testdata/trace, into the folder given (default: here). Each
# is a version of DWARF; c0 is not optimised.
set -euo pipefail
cd "$(dirname "$0")"
out=$(cd "${1-.}" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd ../../../../testdata/trace

build() { # NAME FLAGS...
	clang-19 --target=wasm32 "${@:2}" -ffile-compilation-dir=/src -Wall -ffreestanding -nostdlib -c trap.c -o "$tmp/$1.o"
	wasm-ld-19 --no-entry --stack-first -z stack-size=65536 "$tmp/$1.o" -o "$out/$1.wasm"
	chmod 644 "$out/$1.wasm"
}
build c0 -gdwarf-4 -O0
build c2 -gdwarf-2 -O2
build c3 -gdwarf-3 -O2
build c4 -gdwarf-4 -O2
build c5 -gdwarf-5 -O2
