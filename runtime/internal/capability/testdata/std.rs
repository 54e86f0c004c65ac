// A guest of Rust's std on WASI, with the same deeds as goguest.
use std::collections::HashMap;
use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime};

static mut MAILBOX: [u8; 4096] = [0; 4096];

#[no_mangle]
pub extern "C" fn aril_abi_v1() -> i64 {
    let at = unsafe { std::ptr::addr_of!(MAILBOX) } as usize as i64;
    at << 32 | 4096
}

#[no_mangle]
pub extern "C" fn aril_wrap(what: i32) -> i32 {
    match what {
        0 => {
            println!("hello {}", 1);
            eprint!("care");
            eprintln!("ful");
            print!("no end");
            std::io::stdout().flush().unwrap();
        }
        1 => {
            let start = Instant::now();
            std::thread::sleep(Duration::from_millis(20));
            assert!(start.elapsed() >= Duration::from_millis(20));
            assert!(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() > 1_700_000_000);
        }
        2 => {
            // Seeded from random_get.
            let m: HashMap<i32, i32> = (0..100).map(|i| (i, i * i)).collect();
            assert_eq!(m[&9], 81);
        }
        3 => {
            assert!(std::fs::read("/etc/passwd").is_err());
            assert_eq!(std::env::vars().count(), 0);
            assert_eq!(std::env::args().count(), 0);
            let mut all = Vec::new();
            std::io::stdin().read_to_end(&mut all).unwrap();
            assert!(all.is_empty());
        }
        5 => panic!("boom"),
        6 => std::process::exit(3),
        7 => std::thread::sleep(Duration::from_secs(3600)),
        _ => return 99,
    }
    1
}
