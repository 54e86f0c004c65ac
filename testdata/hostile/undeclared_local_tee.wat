;; wat2wasm: --no-check
;; Local.tee of an index that was not declared, in dead code.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (return (i32.const 1))
    (drop (local.tee 9 (i32.const 1)))
    (i32.const 1)))
