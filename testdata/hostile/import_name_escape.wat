;; Names with escape sequences and newlines, for whoever prints the refusal.
(module
  (import "\1b[2J\0aevil" "f\0d\00\e2\80\ae" (func))
  (memory (export "memory") 1)
  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000)) ;; mailbox: 4096 << 32 | 4096
  (func (export "aril_wrap") (param $len i32) (result i32) (i32.const 1)))
