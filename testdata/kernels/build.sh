#!/bin/sh
# Builds the kernels: small C programs, without libc, that do real work.
# Each exports its memory and run(i32 times) -> i64 checksum.
# Needs clang-19 and lld-19 of Debian (apt-get install clang-19 lld-19).
set -eu
cd "$(dirname "$0")"
for name in sha256 sieve fib sort json; do
	clang-19 --target=wasm32 -O2 -nostdlib -ffreestanding -fno-builtin -c "$name.c" -o "$name.o"
	wasm-ld-19 --no-entry --stack-first -z stack-size=262144 --strip-all --export-memory "$name.o" -o "$name.wasm"
	rm "$name.o"
done
