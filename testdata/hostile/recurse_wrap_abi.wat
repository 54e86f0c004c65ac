;; Aril_wrap and aril_abi_v1 call each other without end.
(module
  (memory (export "memory") 1)
  (global $loaded (mut i32) (i32.const 0))
  (func $abi (export "aril_abi_v1") (result i64)
    (if (global.get $loaded) (then (drop (call $wrap (i32.const 0)))))
    (i64.const 0x100000001000))
  (func $wrap (export "aril_wrap") (param i32) (result i32)
    (global.set $loaded (i32.const 1))
    (drop (call $abi))
    (i32.const 1)))
