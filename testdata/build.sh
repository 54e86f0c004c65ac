#!/usr/bin/env bash
# Builds the committed guests of testdata/guests, testdata/hostile,
# testdata/kernels and testdata/toolchains from their sources. .ci/install.sh installs what it needs.
#
#   testdata/build.sh                      everything, in place
#   testdata/build.sh -o DIR               into DIR/hostile, DIR/toolchains, …
#   testdata/build.sh --check              into a temporary folder, and compare
#   testdata/build.sh [-o DIR | --check] PART...
#
# The parts: guests hostile kernels wat c c-wasi cpp rust assemblyscript zig. All but zig give
# the same bytes on every machine with these versions, so --check only builds
# zig; a test runs it.
set -euo pipefail
cd "$(dirname "$0")"
testdata=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
out=$testdata
check=
case ${1-} in
-o)
	mkdir -p "$2"
	out=$(cd "$2" && pwd)
	shift 2
	;;
--check)
	check=yes
	out=$tmp/out
	shift
	;;
esac
export PATH="${ARIL_TOOLCHAINS:-${XDG_CACHE_HOME:-$HOME/.cache}/aril/toolchains}/bin:$PATH"

# Compile and link are two commands, and the link has no -O: with one, clang
# runs whatever wasm-opt is on the PATH. --stack-first makes a stack overflow
# a trap instead of a write over static data.
ld_flags=(--strip-all --stack-first -z stack-size=65536)

hostile() {
	local f flags
	mkdir -p "$out/hostile"
	for f in hostile/*.wat; do
		# The first line may hold flags: ";; wat2wasm: --no-check".
		flags=$(sed -n '1s/^;; wat2wasm: //p' "$f")
		# shellcheck disable=SC2086 # one word a flag
		wat2wasm $flags "$f" -o "$out/${f%.wat}.wasm"
	done
	for f in hostile/*.hex; do
		perl -ne 's/#.*//; s/\s//g; print pack "H*", $_' "$f" >"$out/${f%.hex}.wasm"
	done
}

guests() {
	local f
	mkdir -p "$out/guests"
	for f in guests/*.wat; do
		wat2wasm "$f" -o "$out/${f%.wat}.wasm"
	done
}

kernels() {
	mkdir -p "$out/kernels"
	kernels/build.sh "$out/kernels"
}

wat() { # NAME
	wat2wasm "wat/$1.wat" -o "$out/toolchains/wat/$1.wasm"
}

c() {
	clang-19 --target=wasm32 -O2 -Wall -ffreestanding -nostdlib -c "c/$1.c" -o "$tmp/$1.o"
	wasm-ld-19 --no-entry "${ld_flags[@]}" "$tmp/$1.o" -o "$out/toolchains/c/$1.wasm"
}

c-wasi() {
	clang-19 --target=wasm32-wasi -O2 -Wall -c "c-wasi/$1.c" -o "$tmp/$1.o"
	clang-19 --target=wasm32-wasi -mexec-model=reactor "${ld_flags[@]/#/-Wl,}" "$tmp/$1.o" -o "$out/toolchains/c-wasi/$1.wasm"
}

cpp() {
	clang-19 --target=wasm32 -O2 -Wall -ffreestanding -nostdlib -fno-exceptions -fno-rtti -std=c++20 -c "cpp/$1.cc" -o "$tmp/$1.o"
	wasm-ld-19 --no-entry "${ld_flags[@]}" "$tmp/$1.o" -o "$out/toolchains/cpp/$1.wasm"
}

rust() {
	# Debian's, not a rustup shim that may come first on the PATH.
	/usr/bin/rustc --edition 2021 --target wasm32-unknown-unknown -C opt-level=s -C lto -C panic=abort \
		-C strip=symbols -C link-arg=-zstack-size=262144 "rust/$1.rs" -o "$out/toolchains/rust/$1.wasm"
}

assemblyscript() {
	local abort=()
	# A guest that cannot abort imports nothing for it.
	[ "$1" != pass ] || abort=(--use abort=)
	asc "assemblyscript/$1.ts" -O3 --runtime incremental --stackSize 32768 "${abort[@]}" \
		-o "$out/toolchains/assemblyscript/$1.wasm"
}

zig() {
	# build-lib writes beside where it runs, with an object file it does not need.
	(cd "$tmp" && command zig build-lib "$testdata/toolchains/zig/$1.zig" -target wasm32-freestanding -dynamic -rdynamic \
		-O ReleaseSmall -fstrip --stack 65536 --cache-dir "$tmp/zig" --global-cache-dir "$tmp/zig")
	mv "$tmp/$1.wasm" "$out/toolchains/zig/$1.wasm"
}

[ $# -gt 0 ] || set -- guests hostile kernels wat c c-wasi cpp rust assemblyscript zig
for part in "$@"; do
	case $part in
	guests | hostile | kernels) "$part" ;;
	wat | c | c-wasi | cpp | rust | assemblyscript | zig)
		mkdir -p "$out/toolchains/$part"
		for guest in pass echo; do
			(cd toolchains && "$part" "$guest")
			chmod 644 "$out/toolchains/$part/$guest.wasm" # some linkers make it executable
		done
		;;
	*)
		echo "build: unknown part: $part" >&2
		exit 2
		;;
	esac
done

if [ -n "$check" ]; then
	differs=0
	while read -r f; do
		case $f in toolchains/zig/*) continue ;; esac
		if ! cmp -s "$out/$f" "$testdata/$f"; then
			echo "build: testdata/$f is not what its source builds" >&2
			differs=1
		fi
	done < <(cd "$out" && find . -name '*.wasm' | sed 's,^\./,,' | sort)
	exit $differs
fi
