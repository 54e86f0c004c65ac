;; A mailbox at 0xFFFFF000, which ends at 2^32 exactly.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0xFFFFF00000001000))
  (func (export "aril_wrap") (param $len i32) (result i32) (i32.const 1)))
