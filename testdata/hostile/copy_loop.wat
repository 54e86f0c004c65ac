;; Overlapping copies of 8 MiB in a loop without end.
(module
  (memory (export "memory") 160)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (loop $l
      (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x800000))
      (memory.copy (i32.const 0) (i32.const 1) (i32.const 0x800000))
      (br $l))
    (i32.const 1)))
