;; A fill whose end wraps round 32 bits.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (memory.fill (i32.const 0xFFFFFFF0) (i32.const 1) (i32.const 0x20))
    (i32.const 1)))
