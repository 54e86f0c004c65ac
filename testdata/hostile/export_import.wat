;; Aril_wrap that is an import, exported again.
(module
  (import "evil" "wrap" (func $w (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (export "aril_wrap" (func $w)))
