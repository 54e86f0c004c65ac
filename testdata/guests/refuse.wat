;; Answers with an error of its own: code "refused", message "not today".
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (memory (export "memory") 2)
  ;; The mailbox is at 1024, 4096 bytes; data at 0; buffers from 8192 on.
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (data (i32.const 0) "\82\a4code\a7refused\a7message\a9not today")
  (func (export "aril_wrap") (param i32) (result i32)
    (drop (call $outcome (i32.const 1) (i32.const 0) (i32.const 32)))
    (i32.const 2))
)
