;; Calls next 16 times; on four layers that would be 65 536 runs.
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (local $i i32)
    (loop $l
      (drop (call $next (i32.const 0) (i32.const 0) (i32.const 0)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 16))))
    (i32.const 1)))
