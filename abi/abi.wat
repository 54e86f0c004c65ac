;; ABI v1, in the text format: every host function with its exact type, and
;; every export with its exact type. What they do: ABI.md, which is normative.
;;
;;   wat2wasm abi.wat
;;
;; An extension imports only what it uses, since its imports are what it asks
;; to be allowed, and exports only the hooks that it has. The functions of
;; wasi_snapshot_preview1 are in wasi.txt.
;;
;; The module below is a whole extension: it accepts every message and passes
;; every operation through.
(module
  ;; Always granted. next runs the rest of the pipeline; read copies from the
  ;; host; outcome says what DONE will mean; context_* keep values between
  ;; operations.
  (import "aril_v1" "next" (func $next (param $ptr i32) (param $len i32) (param $flags i32) (result i64)))
  (import "aril_v1" "read" (func $read (param $slot i32) (param $offset i32) (param $buf i32) (param $limit i32) (result i64)))
  (import "aril_v1" "outcome" (func $outcome (param $kind i32) (param $ptr i32) (param $len i32) (result i64)))
  (import "aril_v1" "context_get" (func $context_get (param $level i32) (param $key i32) (param $klen i32) (param $buf i32) (param $limit i32) (result i64)))
  (import "aril_v1" "context_set" (func $context_set (param $level i32) (param $key i32) (param $klen i32) (param $val i32) (param $vlen i32) (result i64)))
  (import "aril_v1" "context_append" (func $context_append (param $level i32) (param $key i32) (param $klen i32) (param $val i32) (param $vlen i32) (result i64)))
  (import "aril_v1" "context_swap" (func $context_swap (param $level i32) (param $key i32) (param $klen i32) (param $val i32) (param $vlen i32) (param $buf i32) (param $limit i32) (result i64)))

  ;; Granted by default.
  (import "aril_log_v1" "write" (func $log_write (param $level i32) (param $msg i32) (param $mlen i32) (param $attrs i32) (param $alen i32) (result i64)))

  ;; Granted by default. Coarsened to 1 µs.
  (import "aril_clock_v1" "now" (func $clock_now (param $clock i32) (param $buf i32) (result i64)))
  (import "aril_clock_v1" "sleep" (func $clock_sleep (param $ns i64) (result i64)))

  ;; Granted by default.
  (import "aril_random_v1" "fill" (func $random_fill (param $buf i32) (param $len i32) (result i64)))

  ;; To be granted. Bytes that outlive instances.
  (import "aril_state_v1" "get" (func $state_get (param $key i32) (param $klen i32) (param $buf i32) (param $limit i32) (result i64)))
  (import "aril_state_v1" "put" (func $state_put (param $key i32) (param $klen i32) (param $val i32) (param $vlen i32) (result i64)))
  (import "aril_state_v1" "delete" (func $state_delete (param $key i32) (param $klen i32) (result i64)))
  (import "aril_state_v1" "list" (func $state_list (param $prefix i32) (param $plen i32) (param $after i32) (param $alen i32) (param $buf i32) (param $limit i32) (result i64)))
  (import "aril_state_v1" "add" (func $state_add (param $key i32) (param $klen i32) (param $delta i64) (param $buf i32) (result i64)))
  (import "aril_state_v1" "append" (func $state_append (param $key i32) (param $klen i32) (param $val i32) (param $vlen i32) (result i64)))
  (import "aril_state_v1" "compare_and_swap" (func $state_compare_and_swap (param $key i32) (param $klen i32) (param $old i32) (param $olen i32) (param $new i32) (param $nlen i32) (result i64)))

  ;; What an interpreter calls instead of importing it.
  (import "aril_dynamic_v1" "call" (func $dynamic_call (param $module i32) (param $mlen i32) (param $name i32) (param $nlen i32) (param $ptr i32) (param $len i32) (result i64)))

  ;; To be granted. What an extension may ask of a scope that it is attached
  ;; to. One message in, one message out, as with an embedder's functions.
  (import "aril_scope_v1" "lookup" (func $scope_lookup (param $ptr i32) (param $len i32) (result i64)))
  (import "aril_scope_v1" "entries" (func $scope_entries (param $ptr i32) (param $len i32) (result i64)))
  (import "aril_scope_v1" "resolve" (func $scope_resolve (param $ptr i32) (param $len i32) (result i64)))
  (import "aril_scope_v1" "update" (func $scope_update (param $ptr i32) (param $len i32) (result i64)))
  (import "aril_scope_v1" "release" (func $scope_release (param $ptr i32) (param $len i32) (result i64)))
  (import "aril_scope_v1" "subscribe" (func $scope_subscribe (param $ptr i32) (param $len i32) (result i64)))
  (import "aril_scope_v1" "unsubscribe" (func $scope_unsubscribe (param $ptr i32) (param $len i32) (result i64)))
  (import "aril_scope_v1" "get" (func $scope_get (param $ptr i32) (param $len i32) (result i64)))
  (import "aril_scope_v1" "set" (func $scope_set (param $ptr i32) (param $len i32) (result i64)))

  ;; To be granted. Fetches from the hosts that were granted with it.
  (import "aril_http_v1" "fetch" (func $http_fetch (param $ptr i32) (param $len i32) (result i64)))

  ;; To be granted, with the secrets that the host lets this extension have.
  (import "aril_secrets_v1" "get" (func $secrets_get (param $ptr i32) (param $len i32) (result i64)))

  ;; AssemblyScript's; does not come back.
  (import "env" "abort" (func $abort (param $message i32) (param $file i32) (param $line i32) (param $column i32)))

  ;; Required. One page; the mailbox is its second half.
  (memory (export "memory") 1)

  ;; Required. ptr << 32 | cap of the mailbox: 32,768 bytes at 32,768.
  (func (export "aril_abi_v1") (result i64)
    i64.const 0x0000_8000_0000_8000)

  ;; The toolchain's reactor start. First, once.
  (func (export "_initialize"))

  ;; Init message in the mailbox, len bytes. 1 is PASS: ready.
  (func (export "aril_init") (param $len i32) (result i32)
    i32.const 1)

  ;; After each restore from the template.
  (func (export "aril_resume") (param $seed i64))

  ;; Operation message in the mailbox. PASS without next: the host runs the
  ;; rest by itself.
  (func (export "aril_wrap") (param $len i32) (result i32)
    i32.const 1)

  ;; Event message in the mailbox. PASS: nothing to say.
  (func (export "aril_event") (param $len i32) (result i32)
    i32.const 1)

  ;; Call message in the mailbox. PASS: no such method.
  (func (export "aril_call") (param $len i32) (result i32)
    i32.const 1)

  ;; Once, at the end.
  (func (export "aril_dispose") (result i32)
    i32.const 1)
)
