;; A small table with a maximum of 2^32 - 1 is clamped.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (table 1 0xFFFFFFFF funcref)
  (func (export "aril_wrap") (param $len i32) (result i32)
    (if (i32.ne (table.grow 0 (ref.null func) (i32.const 100000)) (i32.const -1)) (then unreachable))
    (i32.const 1)))
