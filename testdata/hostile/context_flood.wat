;; Sets context keys until it is refused, which must come.
(module
  (import "aril_v1" "context_set" (func $set (param i32 i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (local $i i32) (local $r i64)
    (loop $l
      ;; The key is four bytes at 8192, the value a message of one byte.
      (i32.store (i32.const 8192) (local.get $i))
      (local.set $r (call $set (i32.const 0) (i32.const 8192) (i32.const 4) (i32.const 16384) (i32.const 1)))
      (if (i64.ne (local.get $r) (i64.const 0))
        (then
          (if (i64.ne (local.get $r) (i64.const 0x500000000)) (then unreachable))
          (return (i32.const 1))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 257))))
    unreachable))
