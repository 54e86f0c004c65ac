;; Passes its input to aril_http_v1.fetch and answers with what that gives, value
;; or error. After any other status it runs on until it is ended.
(module
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (import "aril_http_v1" "fetch" (func $fetch (param i32 i32) (result i64)))
  (memory (export "memory") 4)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (func (export "aril_wrap") (param i32) (result i32)
    (local $r i64) (local $len i32)
    (local.set $len (i32.wrap_i64 (call $read (i32.const 1) (i32.const 0) (i32.const 8192) (i32.const 200000))))
    (local.set $r (call $fetch (i32.const 8192) (local.get $len)))
    (if (i64.gt_u (i64.shr_u (local.get $r) (i64.const 32)) (i64.const 1)) (then (loop $spin (br $spin))))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 200000)))
    (drop (call $outcome
      (i64.ne (i64.shr_u (local.get $r) (i64.const 32)) (i64.const 0))
      (i32.const 8192) (i32.wrap_i64 (local.get $r))))
    (i32.const 2)))
