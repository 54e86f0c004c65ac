;; Call_indirect of a function of another type.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (type $void (func))
  (table 1 1 funcref)
  (elem (i32.const 0) $other)
  (func $other (param i64))
  (func (export "aril_wrap") (param $len i32) (result i32)
    (call_indirect (type $void) (i32.const 0))
    (i32.const 1)))
