;; wat2wasm: --no-check
;; Global.set of an index that was not declared: after the rewrite it would be
;; the meter.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (global.set 0 (i64.const 0x7fffffffffffffff))
    (i32.const 1)))
