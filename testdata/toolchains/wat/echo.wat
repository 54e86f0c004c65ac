;; Reads the input, runs the rest with its outcome read at once, and answers
;; 128 bytes of its own: byte i is byte (i mod n) of the input message,
;; xor 0x5A, where n is the length of that message.
(module
  (import "aril_v1" "next" (func $next (param i32 i32 i32) (result i64)))
  (import "aril_v1" "read" (func $read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param i32 i32 i32) (result i64)))
  ;; 1024: answer, 130 bytes. 4096: mailbox. 8192: the input.
  (memory (export "memory") 1)
  (data (i32.const 1024) "\c4\80") ;; msgpack bin 8, 128 bytes
  (func (export "aril_abi_v1") (result i64)
    (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32)
    (local $r i64) (local $n i32) (local $i i32)
    ;; read(INPUT, 0, 8192, 4096)
    (local.set $r (call $read (i32.const 1) (i32.const 0) (i32.const 8192) (i32.const 4096)))
    (if (i64.ne (i64.shr_u (local.get $r) (i64.const 32)) (i64.const 0))
      (then (return (i32.const 0)))) ;; breaks the ABI, so that a test sees it
    (local.set $n (i32.wrap_i64 (local.get $r)))
    (if (i32.gt_u (local.get $n) (i32.const 4096))
      (then (local.set $n (i32.const 4096))))
    ;; next(0, 0, READ): an error of the rest stands
    (if (i64.ne (i64.shr_u (call $next (i32.const 0) (i32.const 0) (i32.const 2)) (i64.const 32)) (i64.const 0))
      (then (return (i32.const 1))))
    (loop $fill
      (i32.store8 offset=1026
        (local.get $i)
        (i32.xor (i32.load8_u offset=8192 (i32.rem_u (local.get $i) (local.get $n))) (i32.const 0x5a)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 128))))
    ;; outcome(VALUE, 1024, 130)
    (if (i64.ne (call $outcome (i32.const 0) (i32.const 1024) (i32.const 130)) (i64.const 0))
      (then (return (i32.const 0))))
    (i32.const 2))) ;; DONE
