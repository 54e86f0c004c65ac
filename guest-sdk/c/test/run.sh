#!/usr/bin/env bash
# The unit tests, under AddressSanitizer and UndefinedBehaviorSanitizer; then
# that the header compiles in every way that its comment promises.
#
#   run.sh [FUZZ_ROUNDS]
set -euo pipefail
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
goldens=../../../testdata/messages
warnings=(-Wall -Wextra -Wpedantic -Werror)
native=(gcc -std=gnu99 -g -O1 -Wall -Wextra -Werror -I.. -fsanitize=address,undefined
	-fno-sanitize-recover=all -fno-omit-frame-pointer)

"${native[@]}" goldens_test.c -o "$tmp/goldens" && "$tmp/goldens" "$goldens"
"${native[@]}" hooks_test.c -o "$tmp/hooks" && "$tmp/hooks"
"${native[@]}" ../examples/retry/test/retry_test.c -o "$tmp/retry" && "$tmp/retry"
"${native[@]}" fuzz.c -o "$tmp/fuzz" && "$tmp/fuzz" "$goldens" "${1:-50000}"

# Two files, one of which has the implementation.
cat >"$tmp/one.c" <<'C'
#define ARIL_IMPLEMENTATION
#include "aril.h"
aril_outcome other(aril_activation *a);
ARIL_WRAP(other);
C
cat >"$tmp/two.c" <<'C'
#include "aril.h"
aril_outcome other(aril_activation *a) { return aril_next(a) == ARIL_OK ? ARIL_PASS : aril_fail("no", "no"); }
C
cp "$tmp/one.c" "$tmp/one.cc"

wasm() { # NAME COMPILER-FLAGS… ; from one.* and two.c
	local name=$1
	shift
	for source in one two; do
		clang-19 -I.. "$@" -c "$tmp/$source.c" -o "$tmp/$source.o"
	done
	if [[ "$*" == *wasm32-wasi* ]]; then
		clang-19 --target=wasm32-wasi -mexec-model=reactor -Wl,--stack-first -Wl,-z,stack-size=262144 \
			"$tmp/one.o" "$tmp/two.o" -o "$tmp/$name.wasm"
	else
		wasm-ld-19 --no-entry --stack-first -z stack-size=262144 "$tmp/one.o" "$tmp/two.o" -o "$tmp/$name.wasm"
	fi
	exports "$tmp/$name.wasm" aril_abi_v1 aril_wrap memory
}
# exports FILE NAME…: exactly these, and _initialize
exports() {
	local file=$1 got
	shift
	got=$(wasm-objdump -x -j Export "$file" | sed -n 's/.*-> "\(.*\)"$/\1/p' | grep -vx _initialize | sort | xargs)
	if [ "$got" != "$*" ]; then
		echo "$(basename "$file") exports $got, not $*" >&2
		exit 1
	fi
}
wasm freestanding --target=wasm32 -O2 -std=c99 -ffreestanding "${warnings[@]}"
wasm small --target=wasm32 -Os -std=c11 "${warnings[@]}"
wasm unoptimised --target=wasm32 -O0 -std=c99 "${warnings[@]}"
wasm wasi --target=wasm32-wasi -O2 -std=c99 "${warnings[@]}"
wasm wasi11 --target=wasm32-wasi -Os -std=c11 "${warnings[@]}"
cat >>"$tmp/two.c" <<'C'
static char heap[1000], *top = heap;
void *malloc(size_t n);
void free(void *p);
void *malloc(size_t n) { return n > (size_t)(heap + sizeof heap - top) ? 0 : (top += n) - n; }
void free(void *p) { top = p; }
C
wasm malloc --target=wasm32 -O2 -std=c99 -ffreestanding -DARIL_ARENA_MALLOC "${warnings[@]}"
# C++11 without extensions, but for designated macros that C alone has.
clang-19 -x c++ -I.. --target=wasm32 -std=c++11 -O2 -fno-exceptions -fno-rtti -ffreestanding "${warnings[@]}" \
	-c "$tmp/one.cc" -o "$tmp/one.o"
echo "header: builds freestanding, small, unoptimised, with wasi-libc, as C++"

for example in ../examples/*/*.c; do
	clang-19 -I.. --target=wasm32 -O2 -std=c99 -ffreestanding -nostdlib "${warnings[@]}" -c "$example" -o "$tmp/example.o"
	wasm-ld-19 --no-entry --stack-first -z stack-size=262144 "$tmp/example.o" -o "$tmp/example.wasm"
done

# An extension imports what it calls and nothing else.
../build.sh "$tmp/built"
imports=$(wasm-objdump -x -j Import "$tmp/built/c-pass.wasm" | sed -n 's/.*<- //p' | sort | xargs)
if [ "$imports" != "aril_v1.next aril_v1.read env.abort" ]; then
	echo "the pass-through imports $imports" >&2
	exit 1
fi
size=$(stat -c %s "$tmp/built/c-pass.wasm")
if [ "$size" -gt 4096 ]; then
	echo "the pass-through has $size bytes, more than 4,096" >&2
	exit 1
fi
echo "size: the pass-through has $size bytes, names included"
