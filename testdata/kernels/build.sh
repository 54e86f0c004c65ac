#!/bin/sh
# Builds the kernels: small C programs, without libc, that do real work.
# Each exports its memory and run(i32 times) -> i64 checksum.
# Needs clang-19 and lld-19 of Debian (apt-get install clang-19 lld-19).
#
#   kernels/build.sh [DIR]   into DIR; default: beside the sources
set -eu
out=${1:-}
cd "$(dirname "$0")"
out=${out:-$PWD}
for name in sha256 sieve fib sort json; do
	clang-19 --target=wasm32 -O2 -nostdlib -ffreestanding -fno-builtin -c "$name.c" -o "$out/$name.o"
	wasm-ld-19 --no-entry --stack-first -z stack-size=262144 --strip-all --export-memory "$out/$name.o" -o "$out/$name.wasm"
	rm "$out/$name.o"
	chmod 644 "$out/$name.wasm"
done
