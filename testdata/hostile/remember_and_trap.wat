;; Writes a secret, grows, then traps: what comes after finds nothing.
(module
  (memory (export "memory") 2)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (global $g (mut i32) (i32.const 0))
  (func (export "aril_wrap") (param $len i32) (result i32)
    (local $at i32)
    ;; A secret that is found ends in a loop, not in a trap.
    (if (i32.or (global.get $g) (i32.ne (memory.size) (i32.const 2))) (then (loop $found (br $found))))
    (local.set $at (i32.const 8192))
    (loop $l
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (loop $found (br $found))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $l (i32.lt_u (local.get $at) (i32.const 0x20000))))
    (global.set $g (i32.const 1))
    (drop (memory.grow (i32.const 2)))
    (memory.fill (i32.const 8192) (i32.const 42) (i32.const 0x3e000))
    unreachable))
