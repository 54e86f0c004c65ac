;; A 64-bit remainder of a division by zero.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (i32.wrap_i64 (i64.rem_u (i64.extend_i32_u (local.get $len)) (i64.const 0)))))
