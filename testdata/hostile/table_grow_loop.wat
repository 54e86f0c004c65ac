;; Table.grow in a loop without end: the host keeps an element for each.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (table $t 1 funcref)
  (func (export "aril_wrap") (param $len i32) (result i32)
    (loop $l
      (drop (table.grow $t (ref.null func) (i32.const 1000)))
      (br $l))
    (i32.const 1)))
