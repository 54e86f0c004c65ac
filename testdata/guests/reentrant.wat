;; Asks, while it wraps a resolution, for that same executor, and answers with
;; what it gets.
(module
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (import "aril_scope_v1" "resolve" (func $resolve (param i32 i32) (result i64)))
  (memory (export "memory") 2)
  ;; The mailbox is at 1024, 4096 bytes; buffers from 8192 on.
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (func (export "aril_wrap") (param i32) (result i32)
    (local $r i64)
    ;; PARAMS name scope and executor, as the request does.
    (local.set $r (call $read (i32.const 4) (i32.const 0) (i32.const 8192) (i32.const 65536)))
    (local.set $r (call $resolve (i32.const 8192) (i32.wrap_i64 (local.get $r))))
    (memory.copy (i32.const 8192) (i32.const 1024) (i32.wrap_i64 (local.get $r)))
    (drop (call $outcome
      (i64.ne (i64.shr_u (local.get $r) (i64.const 32)) (i64.const 0))
      (i32.const 8192) (i32.wrap_i64 (local.get $r))))
    (i32.const 2)))
