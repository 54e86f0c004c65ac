;; Recursion that calls itself twice, 100 deep: 2^100 calls on little stack.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func $f (param $depth i32)
    (if (local.get $depth)
      (then
        (call $f (i32.sub (local.get $depth) (i32.const 1)))
        (call $f (i32.sub (local.get $depth) (i32.const 1))))))
  (func (export "aril_wrap") (param $len i32) (result i32)
    (call $f (i32.const 100))
    (i32.const 1)))
