;; Data.drop, which the template could not undo.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (data $d "aril")
  (func (export "aril_wrap") (param $len i32) (result i32)
    (data.drop $d)
    (i32.const 1)))
