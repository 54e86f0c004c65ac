;; A store just past memory that was grown, where the reservation goes on.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.const 131072) (i32.const 1))
    (i32.const 1)))
