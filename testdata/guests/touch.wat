;; Calls next, then writes to its memory: shows that the memory is still there.
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (memory (export "memory") 2)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (func (export "aril_wrap") (param i32) (result i32)
    (drop (call $next (i32.const 0) (i32.const 0) (i32.const 0)))
    (i32.store (i32.const 65536) (i32.const 42))
    (i32.const 1)))
