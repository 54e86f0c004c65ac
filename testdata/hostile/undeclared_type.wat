;; wat2wasm: --no-check
;; Call_indirect with a type that does not exist.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (table 1 1 funcref)
  (func (export "aril_wrap") (param $len i32) (result i32)
    (call_indirect (type 99) (i32.const 0))
    (i32.const 1)))
