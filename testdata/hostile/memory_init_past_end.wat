;; Memory.init past the end of its segment.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (data $d "aril")
  (func (export "aril_wrap") (param $len i32) (result i32)
    (memory.init $d (i32.const 0) (i32.const 2) (i32.const 3))
    (i32.const 1)))
