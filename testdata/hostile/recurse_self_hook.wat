;; Aril_wrap that calls itself without end, so that the hook is its own
;; recursion.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func $wrap (export "aril_wrap") (param i32) (result i32)
    (call $wrap (local.get 0))))
