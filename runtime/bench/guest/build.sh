#!/bin/sh
# Builds the committed guests from their sources, with clang-19 and lld-19 of
# Debian (apt-get install clang-19 lld-19). The bytes are the same on every
# machine.
#
#   guest/build.sh [DIR]   into DIR; default: beside the sources
set -eu
out=${1:-}
cd "$(dirname "$0")"
out=${out:-$PWD}

build() { # SOURCE NAME MEMORY FLAG...
	source=$1 name=$2 memory=$3
	shift 3
	clang-19 --target=wasm32 -O2 -Wall -mbulk-memory -ffreestanding -nostdlib "$@" -c "$source.c" -o "$out/$name.o"
	wasm-ld-19 --no-entry --stack-first -z stack-size=8192 ${memory:+--initial-memory=$memory} --strip-all "$out/$name.o" -o "$out/$name.wasm"
	rm "$out/$name.o"
	chmod 644 "$out/$name.wasm"
}

for abi in aril raw extism; do
	build $abi ${abi}_pass ''  -DPASS
	build $abi ${abi}_echo ''
	build $abi ${abi}_compute '' -DCOMPUTE
	build $abi ${abi}_large '' -DCAPACITY=65536
done
build aril aril_huge '' -DCAPACITY=4194304
build raw raw_huge '' -DCAPACITY=4194304
for kib in 64 1024 16384 65536; do
	build aril aril_memory_$kib $((kib << 10)) -DTOUCH=$((kib << 10))
done
