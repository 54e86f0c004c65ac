;; Keeps a mark at level scope. Traps in the scope that has it already.
(module
  (import "aril_v1" "context_get" (func $get (param i32 i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "context_set" (func $set (param i32 i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 2)
  (data (i32.const 0) "mark")
  (data (i32.const 8) "\c3") ;; true
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (func (export "aril_wrap") (param i32) (result i32)
    (if (i64.eqz (i64.shr_u (call $get (i32.const 2) (i32.const 0) (i32.const 4) (i32.const 8192) (i32.const 8)) (i64.const 32)))
      (then unreachable))
    (if (i64.ne (i64.shr_u (call $set (i32.const 2) (i32.const 0) (i32.const 4) (i32.const 8) (i32.const 1)) (i64.const 32)) (i64.const 0))
      (then unreachable))
    (i32.const 1)))
