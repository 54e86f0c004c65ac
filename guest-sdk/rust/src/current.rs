//! Which activation runs. In mode Single the host may enter an instance again
//! while its `next` runs; then the inner activation is current until it ends.

use core::cell::Cell;

/// Names one `next` of one activation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) generation: u32,
    pub(crate) index: u32,
}

struct Current {
    last: Cell<u32>,       // the generation that was given out last
    generation: Cell<u32>, // 0 outside hooks
    calls: Cell<u32>,      // of next that ran
}

impl Current {
    const fn new() -> Current {
        Current { last: Cell::new(0), generation: Cell::new(0), calls: Cell::new(0) }
    }
}

// The module has one thread.
#[cfg(target_arch = "wasm32")]
unsafe impl Sync for Current {}

#[cfg(target_arch = "wasm32")]
fn with<T>(f: impl FnOnce(&Current) -> T) -> T {
    static CURRENT: Current = Current::new();
    f(&CURRENT)
}

#[cfg(not(target_arch = "wasm32"))]
fn with<T>(f: impl FnOnce(&Current) -> T) -> T {
    std::thread_local! {
        static CURRENT: Current = Current::new();
    }
    CURRENT.with(f)
}

/// The generation of the activation that runs, 0 for none.
pub(crate) fn generation() -> u32 {
    with(|c| c.generation.get())
}

/// How many `next` of the activation that runs have run.
pub(crate) fn calls() -> u32 {
    with(|c| c.calls.get())
}

/// Counts one more and names it.
pub(crate) fn count() -> Origin {
    with(|c| {
        let index = c.calls.get();
        c.calls.set(index + 1);
        Origin { generation: c.generation.get(), index }
    })
}

/// An activation. Whatever was current before is so again when it is dropped.
pub(crate) struct Frame {
    generation: u32,
    calls: u32,
}

impl Frame {
    pub(crate) fn enter() -> Frame {
        with(|c| {
            // 2³² activations later an old value is taken for a new one only
            // if its generation is the same.
            let next = c.last.get().wrapping_add(1).max(1);
            c.last.set(next);
            Frame { generation: c.generation.replace(next), calls: c.calls.replace(0) }
        })
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        with(|c| {
            c.generation.set(self.generation);
            c.calls.set(self.calls);
        });
    }
}
