;; Exports a mutable global and writes it: its own state, gone with the
;; operation.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (global $g (export "counter") (mut i64) (i64.const 7))
  (func (export "aril_wrap") (param $len i32) (result i32)
    (if (i64.ne (global.get $g) (i64.const 7)) (then unreachable))
    (global.set $g (i64.const -1))
    (i32.const 1)))
