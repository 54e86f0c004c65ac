;; Elem.drop, which the template could not undo.
(module
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (elem $e func $f)
  (func $f)
  (func (export "aril_wrap") (param $len i32) (result i32)
    (elem.drop $e)
    (i32.const 1)))
