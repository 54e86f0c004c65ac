;; Reads the input, calls next, reads the outcome with it, and answers with the
;; input as the value: the smallest guest that moves both ways.
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (memory (export "memory") 2)
  ;; The mailbox is at 1024, 4096 bytes; data at 0; buffers from 8192 on.
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (func (export "aril_wrap") (param i32) (result i32)
    (local $n i32)
    (local.set $n (i32.wrap_i64 (call $read (i32.const 1) (i32.const 0) (i32.const 8192) (i32.const 65536))))
    (drop (call $next (i32.const 0) (i32.const 0) (i32.const 2)))
    (drop (call $outcome (i32.const 0) (i32.const 8192) (local.get $n)))
    (i32.const 2))
)
