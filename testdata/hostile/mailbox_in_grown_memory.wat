;; A mailbox in memory that aril_init has grown: part of the template like all
;; else.
(module
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (global $at (mut i64) (i64.const 0x100000001000))
  (func (export "aril_abi_v1") (result i64) (global.get $at))
  (func (export "aril_init") (param i32) (result i32)
    (drop (memory.grow (i32.const 1)))
    (global.set $at (i64.const 0x1000000010000)) ;; 0x10000, the whole new page
    (i32.const 1))
  (func (export "aril_wrap") (param $len i32) (result i32)
    (if (i32.lt_u (i32.load8_u (i32.const 0x10000)) (i32.const 0x80)) (then unreachable))
    (i32.const 1)))
