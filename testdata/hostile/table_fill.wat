;; Table.fill.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (table 1 1 funcref)
  (func (export "aril_wrap") (param $len i32) (result i32)
    (table.fill 0 (i32.const 0) (ref.null func) (i32.const 1))
    (i32.const 1)))
