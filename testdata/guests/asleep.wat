;; Sleeps for an hour, and traps when it is woken.
(module
  (import "aril_clock_v1" "sleep" (func $sleep (param i64) (result i64)))
  (memory (export "memory") 2)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (func (export "aril_wrap") (param i32) (result i32)
    (drop (call $sleep (i64.const 3600000000000)))
    unreachable))
