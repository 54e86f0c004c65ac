;; Recursion without end through a table.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (type $void (func))
  (table 2 2 funcref)
  (elem (i32.const 0) $a $b)
  (func $a (call_indirect (type $void) (i32.const 1)))
  (func $b (call_indirect (type $void) (i32.const 0)))
  (func (export "aril_wrap") (param $len i32) (result i32)
    (call $a)
    (i32.const 1)))
