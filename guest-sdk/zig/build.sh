#!/usr/bin/env bash
# Builds and tests the Zig example. .ci/install.sh installs what it needs.
#
#   build.sh OUTDIR    OUTDIR/zig.wasm, the conformance extension,
#                      OUTDIR/zig-pass.wasm, the smallest pass-through, and
#                      OUTDIR/zig-deny.wasm, the example
#   build.sh test      the unit tests, on this machine and without a host
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PATH="${ARIL_TOOLCHAINS:-${XDG_CACHE_HOME:-$HOME/.cache}/aril/toolchains}/bin:$PATH"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cache=(--cache-dir "$tmp/cache" --global-cache-dir "$tmp/cache")

extension() { # SOURCE OUT
	# build-lib writes beside where it runs, with an object file it does not need.
	(cd "$tmp" && zig build-lib "$here/$1" --mod aril::"$here/aril.zig" --deps aril \
		-target wasm32-freestanding -mcpu=generic+bulk_memory -dynamic -rdynamic -O ReleaseSmall -fno-strip --stack 262144 "${cache[@]}")
	install -m 644 "$tmp/$(basename "$1" .zig).wasm" "$2"
}

case ${1-} in
'')
	sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
	exit 2
	;;
test) cd "$tmp" && zig test "$here/msgpack.zig" "${cache[@]}" ;;
*)
	mkdir -p "$1"
	out=$(cd "$1" && pwd)
	extension conformance/conformance.zig "$out/zig.wasm"
	extension pass/pass.zig "$out/zig-pass.wasm"
	extension example/deny.zig "$out/zig-deny.wasm"
	;;
esac
