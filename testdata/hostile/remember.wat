;; Writes a secret by every way a guest has and looks for the last operation's:
;; Fresh keeps nothing.
(module
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_random_v1" "fill" (func $random (param i32 i32) (result i64)))
  (memory (export "memory") 4)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (global $g32 (mut i32) (i32.const 0))
  (global $g64 (mut i64) (i64.const 0))
  (global $f32 (mut f32) (f32.const 0))
  (global $f64 (mut f64) (f64.const 0))
  (data $passive "\2a\2a\2a\2a")
  (func $clean (param $ok i32) (if (i32.eqz (local.get $ok)) (then unreachable)))
  (func (export "aril_wrap") (param $len i32) (result i32)
    (local $at i32)
    ;; Nothing of the last operation may be here.
    (call $clean (i32.eqz (global.get $g32)))
    (call $clean (i64.eqz (global.get $g64)))
    (call $clean (f32.eq (global.get $f32) (f32.const 0)))
    (call $clean (f64.eq (global.get $f64) (f64.const 0)))
    (call $clean (i32.eq (memory.size) (i32.const 4)))
    (local.set $at (i32.const 8192)) ;; past the mailbox
    (loop $l
      (call $clean (i64.eqz (i64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $l (i32.lt_u (local.get $at) (i32.const 0x40000))))
    ;; Memory that is grown is zero.
    (call $clean (i32.eq (memory.grow (i32.const 4)) (i32.const 4)))
    (loop $l
      (call $clean (i64.eqz (i64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $l (i32.lt_u (local.get $at) (i32.const 0x80000))))
    ;; Write a secret, by each way to write.
    (global.set $g32 (i32.const 42))
    (global.set $g64 (i64.const 42))
    (global.set $f32 (f32.const 42))
    (global.set $f64 (f64.const 42))
    (i32.store8 (i32.const 0x3000) (i32.const 42))
    (i64.store (i32.const 0x4ffc) (i64.const -1)) ;; over a page's edge
    (v128.store (i32.const 0x6ff8) (v128.const i64x2 -1 -1))
    (v128.store8_lane 15 (i32.const 0x8fff) (v128.const i64x2 -1 -1))
    (i64.store32 (i32.const 0x9ffe) (i64.const -1))
    (f64.store (i32.const 0xaffd) (f64.const 42))
    (memory.fill (i32.const 0xc800) (i32.const 42) (i32.const 0x5000)) ;; whole pages in its middle
    (memory.copy (i32.const 0x20800) (i32.const 0xc800) (i32.const 0x5000))
    (memory.init $passive (i32.const 0x2fffe) (i32.const 0) (i32.const 4))
    (drop (call $random (i32.const 0x31800) (i32.const 0x4000)))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 0x3fff0) (i32.const 16))) ;; the last bytes
    (memory.fill (i32.const 0x40000) (i32.const 42) (i32.const 0x40000)) ;; all that was grown
    (i32.const 1)))
