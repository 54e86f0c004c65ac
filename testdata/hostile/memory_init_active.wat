;; Memory.init from an active segment, which the specification calls empty by
;; then: its own bytes at most.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (data $d (i32.const 0) "aril")
  (func (export "aril_wrap") (param $len i32) (result i32)
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))
    (i32.const 1)))
