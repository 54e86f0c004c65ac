;; Table.grow of externref by 100 000 is refused, nothing breaks.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (table $t 1 externref)
  (func (export "aril_wrap") (param $len i32) (result i32)
    (if (i32.ne (table.grow $t (ref.null extern) (i32.const 100000)) (i32.const -1)) (then unreachable))
    (if (i32.ne (table.size $t) (i32.const 1)) (then unreachable))
    (i32.const 1)))
