;; Next, read and outcome in the start function answer PHASE.
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (global $bad (mut i32) (i32.const 0))
  (func $phase (param i64)
    (if (i64.ne (local.get 0) (i64.const 0x400000000)) (then (global.set $bad (i32.const 1)))))
  (func $start
    (call $phase (call $next (i32.const 0) (i32.const 0) (i32.const 0)))
    (call $phase (call $read (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 16)))
    (call $phase (call $outcome (i32.const 0) (i32.const 0) (i32.const 1))))
  (start $start)
  (func (export "aril_wrap") (param $len i32) (result i32)
    (if (global.get $bad) (then unreachable))
    (i32.const 1)))
