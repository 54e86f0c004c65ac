;; Refuses to be set up when its configuration is the number 7; reads it back as
;; the answer of every operation otherwise.
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (memory (export "memory") 2)
  ;; The mailbox is at 1024, 4096 bytes; data at 0; buffers from 8192 on.
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (data (i32.const 0) "\82\a4code\a3bad\a7message\a5seven")
  (func (export "aril_init") (param i32) (result i32)
    (drop (call $read (i32.const 5) (i32.const 0) (i32.const 4000) (i32.const 1)))
    (if (result i32) (i32.eq (i32.load8_u (i32.const 4000)) (i32.const 7))
      (then
        (drop (call $outcome (i32.const 1) (i32.const 0) (i32.const 24)))
        (i32.const 2))
      (else (i32.const 1))))
  (func (export "aril_wrap") (param i32) (result i32)
    (drop (call $outcome (i32.const 0) (i32.const 4000) (i32.const 1)))
    (i32.const 2))
)
