;; A mailbox that would move at every call of aril_abi_v1: the one that was
;; kept counts.
(module
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (global $at (mut i64) (i64.const 0x100000001000))
  (func (export "aril_abi_v1") (result i64)
    (global.get $at)
    (global.set $at (i64.const 0xFFFFF00000001000)))
  (func (export "aril_wrap") (param $len i32) (result i32)
    ;; The header is a msgpack map, so its first byte is 8x or dx.
    (if (i32.lt_u (i32.load8_u (i32.const 4096)) (i32.const 0x80)) (then unreachable))
    (i32.const 1)))
