;; A declared maximum of 65 536 pages buys no more memory than the limit.
(module
  (memory (export "memory") 1 65536)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (if (i32.eq (memory.grow (i32.const 40000)) (i32.const -1)) (then unreachable))
    (i32.const 1)))
