#!/usr/bin/env bash
# Builds the mapping in Rust, which is committed beside the definitions, so
# that the example needs nothing but Go. .ci/install.sh installs what it needs.
#
#   build.sh            writes ../definitions/Extensions/src/AccountLimitsMapping.wasm
#   build.sh --check    builds it and compares
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PATH="/usr/bin:$PATH" # Debian's cargo, not a rustup shim
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$here/../../../build/cargo}"
cd "$here/accountlimits" # where cargo finds .cargo/config.toml
cargo build --quiet --offline --release --target wasm32-unknown-unknown
built="$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/accountlimits.wasm"
committed="$here/../definitions/Extensions/src/AccountLimitsMapping.wasm"
if [ "${1-}" = --check ]; then
	cmp "$built" "$committed"
else
	install -m 644 "$built" "$committed"
fi
