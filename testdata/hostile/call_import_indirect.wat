;; Call_indirect of an import through the table, without end: the added import
;; of the meter must not shift it.
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (type $next (func (param i32 i32 i32) (result i64)))
  (table 1 1 funcref)
  (elem (i32.const 0) $next)
  (func (export "aril_wrap") (param $len i32) (result i32)
    (loop $l
      (drop (call_indirect (type $next) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (br $l))
    (i32.const 1)))
