//! What [`export!`](crate::export) makes the module's exports of.

use crate::answer::{conclude, conclude_error};
use crate::header::enter;
use crate::{sys, Answer, Args, Call, Config, Dispose, Event, Init, Next, OnEvent, Operation, Resume, Wrap};
use core::cell::UnsafeCell;

pub use crate::sys::Function;
pub use alloc::vec;

/// Where the extension is kept between the host's calls.
#[allow(missing_debug_implementations)]
pub struct Slot<T>(UnsafeCell<Option<T>>);

// The module has one thread.
#[cfg(target_arch = "wasm32")]
unsafe impl<T> Sync for Slot<T> {}

impl<T> Slot<T> {
    #[allow(missing_docs, clippy::new_without_default)]
    pub const fn new() -> Slot<T> {
        Slot(UnsafeCell::new(None))
    }

    fn set(&self, extension: T) {
        // Only before any other hook, so nothing refers to it.
        unsafe { *self.0.get() = Some(extension) }
    }

    fn get(&self) -> &T {
        // Nothing sets it from now on.
        match unsafe { &*self.0.get() } {
            Some(extension) => extension,
            None => crate::panic::abort(&["the extension was not initialised"]),
        }
    }

    /// Keeps the default, unless something is kept already.
    pub fn set_default(&self)
    where
        T: Default,
    {
        if unsafe { (*self.0.get()).is_none() } {
            self.set(T::default());
        }
    }
}

#[allow(missing_docs)]
pub fn abi() -> u64 {
    crate::panic::install();
    crate::mailbox::place()
}

#[allow(missing_docs)]
pub fn init<T: Init>(slot: &Slot<T>, n: u32) -> i32 {
    let (_frame, header) = enter(n);
    match T::init(&Config { header }) {
        Ok(extension) => {
            slot.set(extension);
            sys::PASS
        }
        Err(e) => conclude_error(&e),
    }
}

#[allow(missing_docs)]
pub fn wrap<T: Wrap>(slot: &Slot<T>, n: u32) -> i32 {
    run_wrap(slot.get(), n)
}

pub(crate) fn run_wrap(extension: &impl Wrap, n: u32) -> i32 {
    let (_frame, header) = enter(n);
    let next = Next { generation: crate::current::generation() };
    conclude(extension.wrap(&Operation { header }, &next))
}

#[allow(missing_docs)]
pub fn event<T: OnEvent>(slot: &Slot<T>, n: u32) -> i32 {
    run_event(slot.get(), n)
}

pub(crate) fn run_event(extension: &impl OnEvent, n: u32) -> i32 {
    let (_frame, header) = enter(n);
    conclude(extension.on_event(&Event { header }))
}

#[allow(missing_docs)]
pub fn call<T: Call>(slot: &Slot<T>, n: u32) -> i32 {
    run_call(slot.get(), n)
}

pub(crate) fn run_call(extension: &impl Call, n: u32) -> i32 {
    let (_frame, header) = enter(n);
    let args = Args { header };
    conclude(match args.header.text("method") {
        "input_handler" => extension.input_handler(&args),
        "output_handler" => extension.output_handler(&args),
        // What begins so is for the author's tool to ask of others.
        method if method.starts_with("aril.") => Ok(Answer::PASS),
        method => extension.call(method, &args),
    })
}

#[allow(missing_docs)]
pub fn resume<T: Resume>(slot: &Slot<T>, seed: i64) {
    slot.get().resume(seed as u64);
}

#[allow(missing_docs)]
pub fn dispose<T: Dispose>(slot: &Slot<T>) -> i32 {
    slot.get().dispose();
    sys::PASS
}

/// Exports an extension from the module: its type, and which of the hooks
/// `init`, `wrap`, `event`, `call`, `resume` and `dispose` it has.
///
/// ```
/// # #[derive(Default)] struct Audit;
/// # impl aril::Wrap for Audit {
/// #     fn wrap(&self, _: &aril::Operation, next: &aril::Next) -> aril::Result<aril::Answer> { next.run() }
/// # }
/// aril::export!(Audit: wrap);
/// ```
///
/// A hook that is not named is not exported, and costs the host nothing.
/// Without `init` the extension is made by [`Default`]. It stands once in a
/// crate whose type is `cdylib`; elsewhere than in Wasm it exports nothing.
#[macro_export]
macro_rules! export {
    ($extension:ty: $($hook:ident),+ $(,)?) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            static SLOT: $crate::rt::Slot<$extension> = $crate::rt::Slot::new();

            #[no_mangle]
            extern "C" fn aril_abi_v1() -> u64 {
                $crate::export!(@default $($hook)*);
                $crate::rt::abi()
            }

            $($crate::export!(@hook $hook);)+
        };
        const _: fn() = || {
            $($crate::export!(@check $hook $extension);)+
        };
    };
    (@default init $($hook:ident)*) => {};
    (@default $other:ident $($hook:ident)*) => { $crate::export!(@default $($hook)*) };
    (@default) => { SLOT.set_default() };
    (@hook init) => {
        #[no_mangle]
        extern "C" fn aril_init(n: u32) -> i32 { $crate::rt::init(&SLOT, n) }
    };
    (@hook wrap) => {
        #[no_mangle]
        extern "C" fn aril_wrap(n: u32) -> i32 { $crate::rt::wrap(&SLOT, n) }
    };
    (@hook event) => {
        #[no_mangle]
        extern "C" fn aril_event(n: u32) -> i32 { $crate::rt::event(&SLOT, n) }
    };
    (@hook call) => {
        #[no_mangle]
        extern "C" fn aril_call(n: u32) -> i32 { $crate::rt::call(&SLOT, n) }
    };
    (@hook resume) => {
        #[no_mangle]
        extern "C" fn aril_resume(seed: i64) { $crate::rt::resume(&SLOT, seed) }
    };
    (@hook dispose) => {
        #[no_mangle]
        extern "C" fn aril_dispose() -> i32 { $crate::rt::dispose(&SLOT) }
    };
    (@hook $other:ident) => {
        compile_error!(concat!("no such hook: ", stringify!($other), "; there are init, wrap, event, call, resume, dispose"));
    };
    (@check init $t:ty) => {{ fn init<T: $crate::Init>() {} init::<$t>() }};
    (@check wrap $t:ty) => {{ fn wrap<T: $crate::Wrap>() {} wrap::<$t>() }};
    (@check event $t:ty) => {{ fn event<T: $crate::OnEvent>() {} event::<$t>() }};
    (@check call $t:ty) => {{ fn call<T: $crate::Call>() {} call::<$t>() }};
    (@check resume $t:ty) => {{ fn resume<T: $crate::Resume>() {} resume::<$t>() }};
    (@check dispose $t:ty) => {{ fn dispose<T: $crate::Dispose>() {} dispose::<$t>() }};
    (@check $other:ident $t:ty) => {};
}
