use crate::status::{Answered, Status};
use crate::{mailbox, Encode, Error, Message, Result};

/// Calls a function of a capability: a message in, a message out.
/// [`import!`](crate::import!) makes functions that use it.
///
/// # Safety
///
/// The function must be an import of the shape that abi/ABI.md gives the
/// functions of an embedder's capability.
pub unsafe fn invoke<T: Encode + ?Sized>(function: crate::rt::Function, argument: &T) -> Result<Message> {
    let m = Message::of(argument);
    let answered = Answered(function(m.bytes().as_ptr(), m.bytes().len()));
    match answered.ok() {
        Ok(n) => Ok(Message::raw(mailbox::message(n)?)),
        Err(Status::FAILED) => Err(Message::raw(mailbox::message(answered.n())?).decode::<Error>()?),
        Err(status) => Err(status.into()),
    }
}

/// Declares functions that the host program offers of its own, by the module
/// that they are in.
///
/// ```
/// aril::import! {
///     "acme_stock_v1" {
///         /// Sets some of an article aside.
///         pub fn reserve;
///         fn cancel;
///     }
/// }
///
/// fn try_it() -> aril::Result<String> {
///     reserve(&aril::map! {"sku" => "A-1", "count" => 2})?.decode()
/// }
/// # let _ = (try_it, cancel::<()>);
/// ```
///
/// Each takes anything that is [`Encode`](crate::Encode) and gives a
/// [`Message`](crate::Message). The extension imports what it calls, and that
/// must be granted. In tests the [fake host](crate::testing) answers.
#[macro_export]
macro_rules! import {
    ($($module:literal { $($(#[$meta:meta])* $vis:vis fn $name:ident;)+ })+) => {$($(
        $(#[$meta])*
        $vis fn $name<T: $crate::Encode + ?Sized>(argument: &T) -> $crate::Result<$crate::Message> {
            #[cfg(target_arch = "wasm32")]
            {
                #[link(wasm_import_module = $module)]
                extern "C" {
                    fn $name(message: *const u8, length: usize) -> u64;
                }
                unsafe fn function(message: *const u8, length: usize) -> u64 {
                    $name(message, length)
                }
                unsafe { $crate::invoke(function, argument) }
            }
            #[cfg(not(target_arch = "wasm32"))]
            {
                unsafe fn function(message: *const u8, length: usize) -> u64 {
                    $crate::testing::imports::capability($module, stringify!($name), message, length)
                }
                unsafe { $crate::invoke(function, argument) }
            }
        }
    )+)+};
}
