#!/usr/bin/env bash
# Builds and tests the C++ layer over aril.h. .ci/install.sh installs what it
# needs.
#
#   build.sh OUTDIR    OUTDIR/cpp.wasm, the conformance extension, and
#                      OUTDIR/cpp-pass.wasm, the smallest pass-through
#   build.sh test      the unit tests, on this machine and without a host
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Compile and link are two commands, and the link has no -O: with one, clang
# runs whatever wasm-opt is on the PATH. --stack-first makes a stack overflow
# a trap instead of a write over static data.
compile=(clang-19 -std=c++20 --target=wasm32 -O2 -Wall -Wextra -Werror -ffreestanding -nostdlib
	-fno-exceptions -fno-rtti -fno-threadsafe-statics -I"$here" -I"$here/../c")
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
test)
	native=(g++ -std=c++20 -g -O1 -Wall -Wextra -Werror -I"$here" -I"$here/../c" -fno-exceptions -fno-rtti
		-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
	"${native[@]}" "$here/test/layer_test.cpp" -o "$tmp/layer" && "$tmp/layer"
	"${native[@]}" "$here/example/quota/test/quota_test.cpp" -o "$tmp/quota" && "$tmp/quota"
	extension "$here/example/quota/quota.cpp" "$tmp/quota.wasm"
	;;
*)
	mkdir -p "$1"
	extension "$here/conformance/conformance.cpp" "$1/cpp.wasm"
	extension "$here/pass/pass.cpp" "$1/cpp-pass.wasm"
	;;
esac
