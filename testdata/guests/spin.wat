;; Never ends.
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (memory (export "memory") 2)
  ;; The mailbox is at 1024, 4096 bytes; data at 0; buffers from 8192 on.
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (func (export "aril_wrap") (param i32) (result i32)
    (loop $l (br $l))
    (i32.const 1))
)
