;; wat2wasm: --no-check
;; A write to an immutable global.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (global $g i32 (i32.const 1))
  (func (export "aril_wrap") (param $len i32) (result i32)
    (global.set $g (i32.const 2))
    (i32.const 1)))
