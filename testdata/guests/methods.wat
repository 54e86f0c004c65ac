;; Serves a method for every name: answers with its arguments. Answers an event
;; with its data too, and refuses to be disposed of twice.
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (memory (export "memory") 2)
  ;; The mailbox is at 1024, 4096 bytes; data at 0; buffers from 8192 on.
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (global $gone (mut i32) (i32.const 0))
  (func $give (result i32)
    (local $n i32)
    (local.set $n (i32.wrap_i64 (call $read (i32.const 1) (i32.const 0) (i32.const 8192) (i32.const 65536))))
    (drop (call $outcome (i32.const 0) (i32.const 8192) (local.get $n)))
    (i32.const 2))
  (func (export "aril_call") (param i32) (result i32) (call $give))
  (func (export "aril_event") (param i32) (result i32) (call $give))
  (func (export "aril_dispose") (result i32)
    (if (global.get $gone) (then (unreachable)))
    (global.set $gone (i32.const 1))
    (i32.const 1))
)
