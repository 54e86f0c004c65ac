;; Grows to its limit and writes every page, so that all of it is committed.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (local $at i32)
    (loop $l
      (br_if $l (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
    (loop $touch
      (i32.store (local.get $at) (i32.const -1))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $touch (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
    (i32.const 1)))
