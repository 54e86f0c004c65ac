;; Aril_wrap that is a global.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (global (export "aril_wrap") i32 (i32.const 1)))
