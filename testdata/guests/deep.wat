;; Calls itself 8,000 deep, calls next from there, and passes.
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (func $down (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then
      (drop (call $next (i32.const 0) (i32.const 0) (i32.const 0)))
      (return (i32.const 1))))
    (i32.add (i32.const 0) (call $down (i32.sub (local.get $n) (i32.const 1)))))
  (func (export "aril_wrap") (param i32) (result i32)
    (call $down (i32.const 6000))))
