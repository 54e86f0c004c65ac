;; Runs a program of calls, so that an attack on a host function is a line in
;; cases.json and not a guest of its own. Answers what each call returned. The
;; program of aril_wrap is in the operation's parameters, or, where it may not
;; read these, in the configuration; that of aril_init in the configuration;
;; that of aril_event and aril_call in their input.
;;
;; A program is a msgpack bin. It begins with the number 0 (u64) if it is for
;; aril_init, else 1. Then come records of 80 bytes, little-endian:
;; the operation's number (u32), how often to do it (u32, 0 counts as 1), nine
;; arguments (u64); then 0xFFFFFFFF as the end; then bytes for arguments to
;; point at. The program comes to lie at 0x10000. Operation i is import i; the
;; operations after the imports are listed at the end of the table.
(module
  (import "aril_v1" "next" (func $aril_v1.next (param i32 i32 i32) (result i64)))
  (import "aril_v1" "read" (func $aril_v1.read (param i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "outcome" (func $aril_v1.outcome (param i32 i32 i32) (result i64)))
  (import "aril_v1" "context_get" (func $aril_v1.context_get (param i32 i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "context_set" (func $aril_v1.context_set (param i32 i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "context_append" (func $aril_v1.context_append (param i32 i32 i32 i32 i32) (result i64)))
  (import "aril_v1" "context_swap" (func $aril_v1.context_swap (param i32 i32 i32 i32 i32 i32 i32) (result i64)))
  (import "aril_log_v1" "write" (func $aril_log_v1.write (param i32 i32 i32 i32 i32) (result i64)))
  (import "aril_clock_v1" "now" (func $aril_clock_v1.now (param i32 i32) (result i64)))
  (import "aril_clock_v1" "sleep" (func $aril_clock_v1.sleep (param i64) (result i64)))
  (import "aril_random_v1" "fill" (func $aril_random_v1.fill (param i32 i32) (result i64)))
  (import "aril_state_v1" "get" (func $aril_state_v1.get (param i32 i32 i32 i32) (result i64)))
  (import "aril_state_v1" "put" (func $aril_state_v1.put (param i32 i32 i32 i32) (result i64)))
  (import "aril_state_v1" "delete" (func $aril_state_v1.delete (param i32 i32) (result i64)))
  (import "aril_state_v1" "list" (func $aril_state_v1.list (param i32 i32 i32 i32 i32 i32) (result i64)))
  (import "aril_state_v1" "add" (func $aril_state_v1.add (param i32 i32 i64 i32) (result i64)))
  (import "aril_state_v1" "append" (func $aril_state_v1.append (param i32 i32 i32 i32) (result i64)))
  (import "aril_state_v1" "compare_and_swap" (func $aril_state_v1.compare_and_swap (param i32 i32 i32 i32 i32 i32) (result i64)))
  (import "aril_dynamic_v1" "call" (func $aril_dynamic_v1.call (param i32 i32 i32 i32 i32 i32) (result i64)))
  (import "env" "abort" (func $env.abort (param i32 i32 i32 i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $wasi_snapshot_preview1.args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $wasi_snapshot_preview1.args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_res_get" (func $wasi_snapshot_preview1.clock_res_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $wasi_snapshot_preview1.clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $wasi_snapshot_preview1.environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $wasi_snapshot_preview1.environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_advise" (func $wasi_snapshot_preview1.fd_advise (param i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_allocate" (func $wasi_snapshot_preview1.fd_allocate (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $wasi_snapshot_preview1.fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_datasync" (func $wasi_snapshot_preview1.fd_datasync (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $wasi_snapshot_preview1.fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $wasi_snapshot_preview1.fd_fdstat_set_flags (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_rights" (func $wasi_snapshot_preview1.fd_fdstat_set_rights (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_get" (func $wasi_snapshot_preview1.fd_filestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $wasi_snapshot_preview1.fd_filestat_set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_times" (func $wasi_snapshot_preview1.fd_filestat_set_times (param i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread" (func $wasi_snapshot_preview1.fd_pread (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $wasi_snapshot_preview1.fd_prestat_dir_name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $wasi_snapshot_preview1.fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $wasi_snapshot_preview1.fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $wasi_snapshot_preview1.fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $wasi_snapshot_preview1.fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func $wasi_snapshot_preview1.fd_renumber (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $wasi_snapshot_preview1.fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_sync" (func $wasi_snapshot_preview1.fd_sync (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_tell" (func $wasi_snapshot_preview1.fd_tell (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $wasi_snapshot_preview1.fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $wasi_snapshot_preview1.path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $wasi_snapshot_preview1.path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times" (func $wasi_snapshot_preview1.path_filestat_set_times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $wasi_snapshot_preview1.path_link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $wasi_snapshot_preview1.path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_readlink" (func $wasi_snapshot_preview1.path_readlink (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $wasi_snapshot_preview1.path_remove_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $wasi_snapshot_preview1.path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $wasi_snapshot_preview1.path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $wasi_snapshot_preview1.path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $wasi_snapshot_preview1.poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $wasi_snapshot_preview1.proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "proc_raise" (func $wasi_snapshot_preview1.proc_raise (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $wasi_snapshot_preview1.random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $wasi_snapshot_preview1.sched_yield (result i32)))
  (import "wasi_snapshot_preview1" "sock_accept" (func $wasi_snapshot_preview1.sock_accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $wasi_snapshot_preview1.sock_recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $wasi_snapshot_preview1.sock_send (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_shutdown" (func $wasi_snapshot_preview1.sock_shutdown (param i32 i32) (result i32)))

  ;; 0x01000  mailbox
  ;; 0x02010  results, 8 bytes each, behind the head of a msgpack bin
  ;; 0x09000  results as hexadecimal text
  ;; 0x0F000  head of the program's message
  ;; 0x10000  program
  ;; 0x20000  '?' up to the end of memory, 0x30000
  (memory (export "memory") 3)
  (global $count (mut i32) (i32.const 0)) ;; of results
  (global $return (mut i32) (i32.const -1)) ;; what the hook is to return
  (func $start
    (memory.fill (i32.const 0x20000) (i32.const 0x3f) (i32.const 0x10000)))
  (start $start)

  (func (export "aril_abi_v1") (result i64) (i64.const 0x100000001000))
  (func (export "aril_init") (param i32) (result i32) (call $run (i32.const 5) (i32.const 0))) ;; CONFIG
  (func (export "aril_wrap") (param i32) (result i32)
    (if (i64.eqz (i64.shr_u (call $aril_v1.read (i32.const 4) (i32.const 0) (i32.const 0xF000) (i32.const 0)) (i64.const 32)))
      (then (return (call $run (i32.const 4) (i32.const 1))))) ;; PARAMS
    (call $run (i32.const 5) (i32.const 1)))
  (func (export "aril_event") (param i32) (result i32) (call $run (i32.const 1) (i32.const 1))) ;; INPUT
  (func (export "aril_call") (param i32) (result i32) (call $run (i32.const 1) (i32.const 1)))

  ;; Runs the program in a slot, if it is meant for such a hook. Answers the
  ;; results, except in init.
  (func $run (param $slot i32) (param $hook i32) (result i32)
    (local $head i32) (local $at i32) (local $times i32) (local $op i32) (local $result i64)
    (global.set $return (i32.const -1))
    (if (i64.ne (i64.shr_u (call $aril_v1.read (local.get $slot) (i32.const 0) (i32.const 0xF000) (i32.const 8)) (i64.const 32)) (i64.const 0))
      (then (return (i32.const 1))))
    (local.set $head (i32.load8_u (i32.const 0xF000)))
    (if (i32.eq (local.get $head) (i32.const 0xc4)) (then (local.set $head (i32.const 2)))
    (else (if (i32.eq (local.get $head) (i32.const 0xc5)) (then (local.set $head (i32.const 3)))
    (else (if (i32.eq (local.get $head) (i32.const 0xc6)) (then (local.set $head (i32.const 5)))
    (else (return (i32.const 1))))))))
    (drop (call $aril_v1.read (local.get $slot) (local.get $head) (i32.const 0x10000) (i32.const 0x10000)))
    (if (i32.ne (i32.load (i32.const 0x10000)) (local.get $hook)) (then (return (i32.const 1))))
    (local.set $at (i32.const 0x10008))
    (block $end
      (loop $next
        (br_if $end (i32.eq (local.tee $op (i32.load (local.get $at))) (i32.const -1)))
        (local.set $times (i32.load offset=4 (local.get $at)))
        (loop $again
          (local.set $result (call_indirect $ops (type $op) (local.get $at) (local.get $op)))
          (br_if $again (i32.gt_s (local.tee $times (i32.sub (local.get $times) (i32.const 1))) (i32.const 0))))
        (if (i32.ge_s (global.get $return) (i32.const 0)) (then (return (global.get $return))))
        (i64.store offset=0x2010 (i32.shl (global.get $count) (i32.const 3)) (local.get $result))
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (local.set $at (i32.add (local.get $at) (i32.const 80)))
        (br $next)))
    (if (i32.eqz (local.get $hook)) (then (return (i32.const 1))))
    (i32.store8 (i32.const 0x200d) (i32.const 0xc5))
    (i32.store8 (i32.const 0x200e) (i32.shr_u (global.get $count) (i32.const 5)))
    (i32.store8 (i32.const 0x200f) (i32.shl (global.get $count) (i32.const 3)))
    (if (i64.ne (call $aril_v1.outcome (i32.const 0) (i32.const 0x200d) (i32.add (i32.shl (global.get $count) (i32.const 3)) (i32.const 3))) (i64.const 0))
      (then unreachable))
    (i32.const 2))

  ;; An operation gets the address of its record.
  (type $op (func (param i32) (result i64)))
  (table $ops funcref (elem
    ;; The imports, in their order.
    $do.aril_v1.next
    $do.aril_v1.read
    $do.aril_v1.outcome
    $do.aril_v1.context_get
    $do.aril_v1.context_set
    $do.aril_v1.context_append
    $do.aril_v1.context_swap
    $do.aril_log_v1.write
    $do.aril_clock_v1.now
    $do.aril_clock_v1.sleep
    $do.aril_random_v1.fill
    $do.aril_state_v1.get
    $do.aril_state_v1.put
    $do.aril_state_v1.delete
    $do.aril_state_v1.list
    $do.aril_state_v1.add
    $do.aril_state_v1.append
    $do.aril_state_v1.compare_and_swap
    $do.aril_dynamic_v1.call
    $do.env.abort
    $do.wasi_snapshot_preview1.args_get
    $do.wasi_snapshot_preview1.args_sizes_get
    $do.wasi_snapshot_preview1.clock_res_get
    $do.wasi_snapshot_preview1.clock_time_get
    $do.wasi_snapshot_preview1.environ_get
    $do.wasi_snapshot_preview1.environ_sizes_get
    $do.wasi_snapshot_preview1.fd_advise
    $do.wasi_snapshot_preview1.fd_allocate
    $do.wasi_snapshot_preview1.fd_close
    $do.wasi_snapshot_preview1.fd_datasync
    $do.wasi_snapshot_preview1.fd_fdstat_get
    $do.wasi_snapshot_preview1.fd_fdstat_set_flags
    $do.wasi_snapshot_preview1.fd_fdstat_set_rights
    $do.wasi_snapshot_preview1.fd_filestat_get
    $do.wasi_snapshot_preview1.fd_filestat_set_size
    $do.wasi_snapshot_preview1.fd_filestat_set_times
    $do.wasi_snapshot_preview1.fd_pread
    $do.wasi_snapshot_preview1.fd_prestat_dir_name
    $do.wasi_snapshot_preview1.fd_prestat_get
    $do.wasi_snapshot_preview1.fd_pwrite
    $do.wasi_snapshot_preview1.fd_read
    $do.wasi_snapshot_preview1.fd_readdir
    $do.wasi_snapshot_preview1.fd_renumber
    $do.wasi_snapshot_preview1.fd_seek
    $do.wasi_snapshot_preview1.fd_sync
    $do.wasi_snapshot_preview1.fd_tell
    $do.wasi_snapshot_preview1.fd_write
    $do.wasi_snapshot_preview1.path_create_directory
    $do.wasi_snapshot_preview1.path_filestat_get
    $do.wasi_snapshot_preview1.path_filestat_set_times
    $do.wasi_snapshot_preview1.path_link
    $do.wasi_snapshot_preview1.path_open
    $do.wasi_snapshot_preview1.path_readlink
    $do.wasi_snapshot_preview1.path_remove_directory
    $do.wasi_snapshot_preview1.path_rename
    $do.wasi_snapshot_preview1.path_symlink
    $do.wasi_snapshot_preview1.path_unlink_file
    $do.wasi_snapshot_preview1.poll_oneoff
    $do.wasi_snapshot_preview1.proc_exit
    $do.wasi_snapshot_preview1.proc_raise
    $do.wasi_snapshot_preview1.random_get
    $do.wasi_snapshot_preview1.sched_yield
    $do.wasi_snapshot_preview1.sock_accept
    $do.wasi_snapshot_preview1.sock_recv
    $do.wasi_snapshot_preview1.sock_send
    $do.wasi_snapshot_preview1.sock_shutdown
    ;; The rest, in the order that the test knows them by.
    $grow $fill $copy $load $store $differ $size $spin $trap $log $return))
  (func $do.aril_v1.next (type $op) (call $aril_v1.next (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0))))
  (func $do.aril_v1.read (type $op) (call $aril_v1.read (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0))))
  (func $do.aril_v1.outcome (type $op) (call $aril_v1.outcome (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0))))
  (func $do.aril_v1.context_get (type $op) (call $aril_v1.context_get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0))))
  (func $do.aril_v1.context_set (type $op) (call $aril_v1.context_set (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0))))
  (func $do.aril_v1.context_append (type $op) (call $aril_v1.context_append (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0))))
  (func $do.aril_v1.context_swap (type $op) (call $aril_v1.context_swap (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)) (i32.load offset=48 (local.get 0)) (i32.load offset=56 (local.get 0))))
  (func $do.aril_log_v1.write (type $op) (call $aril_log_v1.write (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0))))
  (func $do.aril_clock_v1.now (type $op) (call $aril_clock_v1.now (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0))))
  (func $do.aril_clock_v1.sleep (type $op) (call $aril_clock_v1.sleep (i64.load offset=8 (local.get 0))))
  (func $do.aril_random_v1.fill (type $op) (call $aril_random_v1.fill (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0))))
  (func $do.aril_state_v1.get (type $op) (call $aril_state_v1.get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0))))
  (func $do.aril_state_v1.put (type $op) (call $aril_state_v1.put (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0))))
  (func $do.aril_state_v1.delete (type $op) (call $aril_state_v1.delete (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0))))
  (func $do.aril_state_v1.list (type $op) (call $aril_state_v1.list (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)) (i32.load offset=48 (local.get 0))))
  (func $do.aril_state_v1.add (type $op) (call $aril_state_v1.add (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i64.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0))))
  (func $do.aril_state_v1.append (type $op) (call $aril_state_v1.append (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0))))
  (func $do.aril_state_v1.compare_and_swap (type $op) (call $aril_state_v1.compare_and_swap (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)) (i32.load offset=48 (local.get 0))))
  (func $do.aril_dynamic_v1.call (type $op) (call $aril_dynamic_v1.call (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)) (i32.load offset=48 (local.get 0))))
  (func $do.env.abort (type $op) (call $env.abort (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0))) (i64.const 0))
  (func $do.wasi_snapshot_preview1.args_get (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.args_get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.args_sizes_get (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.args_sizes_get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.clock_res_get (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.clock_res_get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.clock_time_get (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.clock_time_get (i32.load offset=8 (local.get 0)) (i64.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.environ_get (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.environ_get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.environ_sizes_get (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.environ_sizes_get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_advise (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_advise (i32.load offset=8 (local.get 0)) (i64.load offset=16 (local.get 0)) (i64.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_allocate (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_allocate (i32.load offset=8 (local.get 0)) (i64.load offset=16 (local.get 0)) (i64.load offset=24 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_close (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_close (i32.load offset=8 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_datasync (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_datasync (i32.load offset=8 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_fdstat_get (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_fdstat_get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_fdstat_set_flags (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_fdstat_set_flags (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_fdstat_set_rights (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_fdstat_set_rights (i32.load offset=8 (local.get 0)) (i64.load offset=16 (local.get 0)) (i64.load offset=24 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_filestat_get (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_filestat_get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_filestat_set_size (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_filestat_set_size (i32.load offset=8 (local.get 0)) (i64.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_filestat_set_times (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_filestat_set_times (i32.load offset=8 (local.get 0)) (i64.load offset=16 (local.get 0)) (i64.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_pread (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_pread (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i64.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_prestat_dir_name (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_prestat_dir_name (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_prestat_get (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_prestat_get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_pwrite (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_pwrite (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i64.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_read (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_read (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_readdir (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_readdir (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i64.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_renumber (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_renumber (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_seek (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_seek (i32.load offset=8 (local.get 0)) (i64.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_sync (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_sync (i32.load offset=8 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_tell (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_tell (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.fd_write (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.fd_write (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.path_create_directory (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.path_create_directory (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.path_filestat_get (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.path_filestat_get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.path_filestat_set_times (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.path_filestat_set_times (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i64.load offset=40 (local.get 0)) (i64.load offset=48 (local.get 0)) (i32.load offset=56 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.path_link (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.path_link (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)) (i32.load offset=48 (local.get 0)) (i32.load offset=56 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.path_open (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.path_open (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)) (i64.load offset=48 (local.get 0)) (i64.load offset=56 (local.get 0)) (i32.load offset=64 (local.get 0)) (i32.load offset=72 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.path_readlink (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.path_readlink (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)) (i32.load offset=48 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.path_remove_directory (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.path_remove_directory (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.path_rename (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.path_rename (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)) (i32.load offset=48 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.path_symlink (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.path_symlink (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.path_unlink_file (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.path_unlink_file (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.poll_oneoff (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.poll_oneoff (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.proc_exit (type $op) (call $wasi_snapshot_preview1.proc_exit (i32.load offset=8 (local.get 0))) (i64.const 0))
  (func $do.wasi_snapshot_preview1.proc_raise (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.proc_raise (i32.load offset=8 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.random_get (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.random_get (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.sched_yield (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.sched_yield)))
  (func $do.wasi_snapshot_preview1.sock_accept (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.sock_accept (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.sock_recv (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.sock_recv (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)) (i32.load offset=48 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.sock_send (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.sock_send (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)) (i32.load offset=32 (local.get 0)) (i32.load offset=40 (local.get 0)))))
  (func $do.wasi_snapshot_preview1.sock_shutdown (type $op) (i64.extend_i32_u (call $wasi_snapshot_preview1.sock_shutdown (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)))))

  (func $grow (type $op) (i64.extend_i32_s (memory.grow (i32.load offset=8 (local.get 0)))))
  (func $fill (type $op)
    (memory.fill (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)))
    (i64.const 0))
  (func $copy (type $op)
    (memory.copy (i32.load offset=8 (local.get 0)) (i32.load offset=16 (local.get 0)) (i32.load offset=24 (local.get 0)))
    (i64.const 0))
  (func $load (type $op) (i64.load (i32.load offset=8 (local.get 0))))
  (func $store (type $op)
    (i64.store (i32.load offset=8 (local.get 0)) (i64.load offset=16 (local.get 0)))
    (i64.const 0))
  ;; differ(ptr, len, byte): how many bytes are another.
  (func $differ (type $op) (local $at i32) (local $end i32) (local $n i64)
    (local.set $at (i32.load offset=8 (local.get 0)))
    (local.set $end (i32.add (local.get $at) (i32.load offset=16 (local.get 0))))
    (block $done
      (loop $l
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $n (i64.add (local.get $n) (i64.extend_i32_u (i32.ne (i32.load8_u (local.get $at)) (i32.load8_u offset=24 (local.get 0))))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $l)))
    (local.get $n))
  (func $size (type $op) (i64.extend_i32_u (memory.size)))
  (func $spin (type $op) (local $n i64)
    (local.set $n (i64.load offset=8 (local.get 0)))
    (loop $l
      (br_if $l (i64.gt_s (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (i64.const 0))
  (func $trap (type $op) unreachable)
  ;; Logs the results so far: 16 hexadecimal digits each, the low byte first.
  (func $log (type $op) (local $i i32) (local $b i32)
    (block $done
      (loop $l
        (br_if $done (i32.ge_u (local.get $i) (i32.shl (global.get $count) (i32.const 3))))
        (local.set $b (i32.load8_u offset=0x2010 (local.get $i)))
        (i32.store8 offset=0x9000 (i32.shl (local.get $i) (i32.const 1)) (call $digit (i32.shr_u (local.get $b) (i32.const 4))))
        (i32.store8 offset=0x9001 (i32.shl (local.get $i) (i32.const 1)) (call $digit (i32.and (local.get $b) (i32.const 15))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $l)))
    (call $aril_log_v1.write (i32.const 0) (i32.const 0x9000) (i32.shl (local.get $i) (i32.const 1)) (i32.const 0) (i32.const 0)))
  (func $digit (param i32) (result i32)
    (i32.add (local.get 0) (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get 0) (i32.const 10)))))
  (func $return (type $op)
    (global.set $return (i32.load offset=8 (local.get 0)))
    (i64.const 0)))
