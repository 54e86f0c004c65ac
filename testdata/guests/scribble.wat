;; Writes where its message says: records of 16 bytes (what, address, value).
;; Shows that a reset undoes every kind of write.
(module
  (memory (export "memory") 4 8)
  (data (i32.const 0) "template")
  (data (i32.const 131070) "across a page")
  (data (i32.const 262130) "the end")
  (data $passive "passive bytes that memory.init copies")
  (global $i32 (mut i32) (i32.const 1))
  (global $i64 (mut i64) (i64.const 2))
  (global $f32 (mut f32) (f32.const 3))
  (global $f64 (mut f64) (f64.const 4))
  ;; The mailbox is at 8192, 8192 bytes.
  (func (export "aril_abi_v1") (result i64) (i64.const 0x200000002000))
  (func (export "aril_wrap") (param $len i32) (result i32)
    (local $at i32) (local $end i32) (local $a i32) (local $v i64)
    (local.set $at (i32.const 8192))
    (local.set $end (i32.add (i32.const 8192) (local.get $len)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $a (i32.load offset=4 (local.get $at)))
        (local.set $v (i64.load offset=8 (local.get $at)))
        (block $b13 (block $b12 (block $b11 (block $b10 (block $b9 (block $b8 (block $b7 (block $b6 (block $b5 (block $b4 (block $b3 (block $b2 (block $b1 (block $b0
          (br_table $b0 $b1 $b2 $b3 $b4 $b5 $b6 $b7 $b8 $b9 $b10 $b11 $b12 $b13
            (i32.rem_u (i32.load (local.get $at)) (i32.const 14))))
          ;; b0
          (i64.store8 (local.get $a) (local.get $v)) (br $b13))
          (i64.store16 offset=3 (local.get $a) (local.get $v)) (br $b13))
          (i32.store offset=500 (local.get $a) (i32.wrap_i64 (local.get $v))) (br $b13))
          (i64.store offset=5000 (local.get $a) (local.get $v))
          (i64.store offset=4600 (local.get $a) (local.get $v)) (br $b13))
          (f64.store (local.get $a) (f64.reinterpret_i64 (local.get $v)))
          (f32.store offset=511 (local.get $a) (f32.reinterpret_i32 (i32.wrap_i64 (local.get $v)))) (br $b13))
          (v128.store (local.get $a) (i64x2.splat (local.get $v))) (br $b13))
          (v128.store8_lane 5 (local.get $a) (i64x2.splat (local.get $v))) (br $b13))
          (memory.fill (local.get $a) (i32.wrap_i64 (local.get $v)) (i32.and (i32.wrap_i64 (i64.shr_u (local.get $v) (i64.const 8))) (i32.const 0x1ffff))) (br $b13))
          (memory.copy (local.get $a) (i32.and (i32.wrap_i64 (local.get $v)) (i32.const 0xffff)) (i32.and (i32.wrap_i64 (i64.shr_u (local.get $v) (i64.const 16))) (i32.const 0xffff))) (br $b13))
          (memory.init $passive (local.get $a) (i32.const 3) (i32.and (i32.wrap_i64 (local.get $v)) (i32.const 31))) (br $b13))
          (drop (memory.grow (i32.and (local.get $a) (i32.const 1)))) (br $b13))
          (global.set $i32 (local.get $a)) (global.set $i64 (local.get $v)) (br $b13))
          (global.set $f32 (f32.reinterpret_i32 (local.get $a))) (global.set $f64 (f64.reinterpret_i64 (local.get $v))) (br $b13))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))
    (i32.const 1))
)
