;; Goes on and on, and calls next and sleep, though the caller has given up.
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (import "aril_clock_v1" "sleep" (func $sleep (param i64) (result i64)))
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (loop $l
      (drop (call $sleep (i64.const 1000)))
      (drop (call $next (i32.const 0) (i32.const 0) (i32.const 0)))
      (br $l))
    (i32.const 1)))
