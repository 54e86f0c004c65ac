#!/usr/bin/env bash
# Builds the mapping in Rust, which is committed beside the definitions, so
# that the example needs nothing but Go. .ci/install.sh installs what it needs.
#
#   build.sh            writes ../definitions/Extensions/src/AccountLimitsMapping.wasm
#   build.sh --check    builds it and compares
#
# rustc and not cargo, whose output depends on the folder that it runs in; the
# flags are those of accountlimits/Cargo.toml and .cargo/config.toml, with which
# `cargo build` and `aril build` work there too.
set -euo pipefail
cd "$(dirname "$0")/../../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
flags=(--edition 2021 --target wasm32-unknown-unknown -Copt-level=s -Cpanic=abort -Ccodegen-units=1 -Ctarget-feature=+bulk-memory)
# Debian's, not a rustup shim that may come first on the PATH.
/usr/bin/rustc "${flags[@]}" --crate-name aril --crate-type rlib --cfg 'feature="std"' --cfg 'feature="allocator"' --out-dir "$tmp" guest-sdk/rust/src/lib.rs
/usr/bin/rustc "${flags[@]}" --crate-name accountlimits --crate-type cdylib --extern aril="$tmp/libaril.rlib" -Clto -Cstrip=debuginfo \
	-Clink-arg=-zstack-size=262144 -Clink-arg=--stack-first --out-dir "$tmp" examples/enrichment/mappings/accountlimits/src/lib.rs
committed=examples/enrichment/definitions/Extensions/src/AccountLimitsMapping.wasm
if [ "${1-}" = --check ]; then
	cmp "$tmp/accountlimits.wasm" "$committed"
else
	install -m 644 "$tmp/accountlimits.wasm" "$committed"
fi
