;; A loop without end that is only ever left to a loop around it.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (loop $outer
      (loop $inner
        (br_if $inner (i32.eqz (i32.const 1)))
        (br $outer)))
    (i32.const 1)))
