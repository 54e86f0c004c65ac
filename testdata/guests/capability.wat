;; Passes its input to the embedder's function acme_stock_v1.reserve and answers
;; with what that gives, value or error.
(module
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (import "acme_stock_v1" "reserve" (func $reserve (param i32 i32) (result i64)))
  (memory (export "memory") 2)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (func (export "aril_wrap") (param i32) (result i32)
    (local $r i64)
    (local.set $r (call $read (i32.const 1) (i32.const 0) (i32.const 8192) (i32.const 65536)))
    (local.set $r (call $reserve (i32.const 8192) (i32.wrap_i64 (local.get $r))))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 65536)))
    (drop (call $outcome
      (i64.ne (i64.shr_u (local.get $r) (i64.const 32)) (i64.const 0))
      (i32.const 8192) (i32.wrap_i64 (local.get $r))))
    (i32.const 2)))
