;; wat2wasm: --enable-all
;; A tag section and nothing that uses it.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (tag $e)
  (func (export "aril_wrap") (param $len i32) (result i32) (i32.const 1)))
