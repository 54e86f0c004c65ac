;; Unreachable in aril_abi_v1.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (unreachable) (i64.const 0x100000001000))
  (func (export "aril_wrap") (param $len i32) (result i32) (i32.const 1)))
