;; A loop without end over the slowest instructions, divisions and square
;; roots.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (local $x f64)
    (local.set $x (f64.const 2))
    (loop $l
      (local.set $x (f64.sqrt (f64.div (f64.const 1) (f64.add (local.get $x) (f64.const 3)))))
      (br_if $l (f64.gt (local.get $x) (f64.const -1))))
    (i32.const 1)))
