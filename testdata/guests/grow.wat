;; Takes memory until there is no more, and answers with the pages it has. Ends
;; every event in an endless loop.
(module
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (memory (export "memory") 2)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (func (export "aril_wrap") (param i32) (result i32)
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (i32.store8 (i32.const 0) (memory.size))
    (drop (call $outcome (i32.const 0) (i32.const 0) (i32.const 1)))
    (i32.const 2))
  (func (export "aril_event") (param i32) (result i32)
    (loop $l (br $l))
    (i32.const 1)))
