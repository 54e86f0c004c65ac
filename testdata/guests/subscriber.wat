;; Subscribes in attach to changes, releases and ticks. Traps on the event that
;; its configuration names; configured with "answer", answers changes with text.
(module
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  (import "aril_scope_v1" "subscribe" (func $subscribe (param i32 i32) (result i64)))
  (memory (export "memory") 2)
  ;; The mailbox is at 1024, 4096 bytes; data at 0; the message is copied to
  ;; 16384, a pattern or request made at 8192.
  (func (export "aril_abi_v1") (result i64) (i64.const 0x40000001000))
  (data (i32.const 0) "\a5event\a6attach")
  (data (i32.const 16) "\a5event\a6change")
  (data (i32.const 32) "\a5scope")
  (data (i32.const 48) "\a6answer")
  (data (i32.const 64) "\83\a5every\ce\00\98\96\80\a5event\a6change\a5scope")
  (data (i32.const 128) "\83\a5every\ce\00\98\96\80\a5event\a7release\a5scope")
  (data (i32.const 192) "\83\a5every\ce\00\98\96\80\a5event\a4tick\a5scope")
  (data (i32.const 256) "\a4text")
  (global $len (mut i32) (i32.const 0))

  (func $equal (param $a i32) (param $b i32) (param $n i32) (result i32)
    (block $differ
      (loop $next
        (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $differ (i32.ne
          (i32.load8_u (i32.add (local.get $a) (local.get $n)))
          (i32.load8_u (i32.add (local.get $b) (local.get $n)))))
        (br $next)))
    (i32.const 0))

  ;; Where the message goes on after the first occurrence of n bytes, else 0.
  (func $find (param $bytes i32) (param $n i32) (result i32)
    (local $at i32)
    (local.set $at (i32.const 16384))
    (loop $next
      (if (call $equal (local.get $at) (local.get $bytes) (local.get $n))
        (then (return (i32.add (local.get $at) (local.get $n)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.le_u
        (i32.add (local.get $at) (local.get $n))
        (i32.add (i32.const 16384) (global.get $len)))))
    (i32.const 0))

  ;; The request is n bytes at ptr, then the scope's number as it came: at most
  ;; nine bytes, of which the first says how many.
  (func $ask (param $ptr i32) (param $n i32)
    (local $scope i32) (local $first i32) (local $size i32)
    (local.set $scope (call $find (i32.const 32) (i32.const 6)))
    (local.set $first (i32.load8_u (local.get $scope)))
    (local.set $size (i32.const 1))
    (if (i32.ge_u (local.get $first) (i32.const 0xcc))
      (then (local.set $size (i32.add (i32.const 1)
        (i32.shl (i32.const 1) (i32.sub (local.get $first) (i32.const 0xcc)))))))
    (memory.copy (i32.const 8192) (local.get $ptr) (local.get $n))
    (memory.copy (i32.add (i32.const 8192) (local.get $n)) (local.get $scope) (local.get $size))
    (if (i64.ne (i64.shr_u
          (call $subscribe (i32.const 8192) (i32.add (local.get $n) (local.get $size)))
          (i64.const 32)) (i64.const 0))
      (then (unreachable))))

  (func (export "aril_event") (param $n i32) (result i32)
    (local $config i32)
    (global.set $len (local.get $n))
    (memory.copy (i32.const 16384) (i32.const 1024) (local.get $n))
    (memory.copy (i32.const 8192) (i32.const 0) (i32.const 6))
    (local.set $config (i32.wrap_i64 (call $read (i32.const 5) (i32.const 0) (i32.const 8198) (i32.const 64))))
    (if (call $find (i32.const 8192) (i32.add (i32.const 6) (local.get $config)))
      (then (unreachable)))
    (if (call $equal (i32.const 8198) (i32.const 48) (i32.const 7))
      (then (if (call $find (i32.const 16) (i32.const 13))
        (then
          (drop (call $outcome (i32.const 0) (i32.const 256) (i32.const 5)))
          (return (i32.const 2))))))
    (if (call $find (i32.const 0) (i32.const 13))
      (then
        (call $ask (i32.const 64) (i32.const 31))
        (call $ask (i32.const 128) (i32.const 32))
        (call $ask (i32.const 192) (i32.const 29))))
    (i32.const 1))
)
