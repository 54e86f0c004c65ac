;; Call_indirect past the end of the table.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (type $void (func))
  (table 1 1 funcref)
  (func (export "aril_wrap") (param $len i32) (result i32)
    (call_indirect (type $void) (i32.const -1))
    (i32.const 1)))
