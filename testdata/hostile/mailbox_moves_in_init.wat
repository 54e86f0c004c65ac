;; A mailbox that aril_init moves out of memory.
(module
  (memory (export "memory") 1)
  (global $at (mut i64) (i64.const 0x100000001000))
  (func (export "aril_abi_v1") (result i64) (global.get $at))
  (func (export "aril_init") (param i32) (result i32)
    (global.set $at (i64.const 0xFFFFF00000001000))
    (i32.const 1))
  (func (export "aril_wrap") (param $len i32) (result i32) (i32.const 1)))
