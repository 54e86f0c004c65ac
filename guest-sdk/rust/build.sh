#!/usr/bin/env bash
# Builds and tests the Rust SDK. .ci/install.sh installs what it needs.
#
#   build.sh OUTDIR    OUTDIR/rust.wasm, the conformance extension, and
#                      OUTDIR/rust-pass.wasm, the smallest pass-through
#   build.sh test      the unit tests, on this machine and without a host
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# Debian's, not a rustup shim that may come first on the PATH.
export PATH="/usr/bin:$PATH"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$here/../../build/cargo}"

extension() { # FOLDER NAME OUT
	# Cargo reads .cargo/config.toml, with the linker's flags, from where it runs.
	(cd "$here/$1" && cargo build --quiet --offline --release --target wasm32-unknown-unknown)
	install -m 644 "$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/$2.wasm" "$3"
}

case ${1-} in
'')
	sed -n '2,/^set/{/^set/d;s/^# \{0,1\//;p}' "$0" >&2
	exit 2
	;;
test)
	# Only the tests and the feature serde need a crate: Debian's.
	debian=(--config 'source.crates-io.replace-with="debian"' --config 'source.debian.directory="/usr/share/cargo/registry"')
	cd "$here"
	cargo "${debian[@]}" test --quiet --offline --features serde
	cargo "${debian[@]}" test --quiet --offline --no-default-features --lib
	(cd examples/retry && cargo test --quiet --offline)
	;;
*)
	mkdir -p "$1"
	out=$(cd "$1" && pwd)
	extension conformance conformance "$out/rust.wasm"
	extension examples/pass pass "$out/rust-pass.wasm"
	;;
esac
