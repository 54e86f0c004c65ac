;; wat2wasm: --no-check
;; Local.set of an index that was not declared: after the rewrite it would be
;; the saved balance.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (local.set 1 (i64.const -1))
    (i32.const 1)))
