//! Extensions for hosts that embed Aril: WebAssembly modules that wrap the
//! operations of another program.
//!
//! ```
//! use aril::{Answer, Config, Next, Operation, Result};
//!
//! struct Retry {
//!     attempts: u32,
//! }
//!
//! impl aril::Init for Retry {
//!     fn init(config: &Config) -> Result<Self> {
//!         Ok(Retry { attempts: config.get("attempts")?.unwrap_or(3) })
//!     }
//! }
//!
//! impl aril::Wrap for Retry {
//!     fn wrap(&self, _: &Operation, next: &Next) -> Result<Answer> {
//!         for _ in 1..self.attempts {
//!             match next.run() {
//!                 Err(e) if e.retryable() => aril::warn!("trying again", error = e),
//!                 outcome => return outcome,
//!             };
//!         }
//!         next.run()
//!     }
//! }
//!
//! aril::export!(Retry: init, wrap);
//! ```
//!
//! - Hooks: [`Wrap`], [`Init`], [`OnEvent`], [`Call`], [`Resume`],
//!   [`Dispose`]; [`export!`] exports those that there are.
//! - Values: [`Message`] is one as bytes, [`Value`] one decoded, and
//!   [`record!`] makes structs of them.
//! - The host: [`log`], [`clock`], [`random`], [`state`], [`context`],
//!   [`scope`], [`http`], and what [`import!`] declares. What an extension
//!   does not call it does not import, so its imports are what it may do.
//! - Tests: `testing` is a host in memory, for `cargo test`.
//!
//! # Features
//!
//! - `std` (default) links the standard library. Without it the crate brings
//!   the panic handler; the extension is `#![no_std]` and needs Rust 1.81.
//! - `allocator` (default) makes the crate's own allocator, which is small, the
//!   global one. Turn it off to bring another.
//! - `serde` adds `aril::serde`, for types that derive serde's traits.
//!
//! Either way a panic ends the activation with its message.

#![no_std]
#![warn(missing_docs, missing_debug_implementations, rust_2018_idioms)]

extern crate alloc;
#[cfg(any(feature = "std", not(target_arch = "wasm32")))]
extern crate std;

#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
compile_error!("an extension has one thread: build it without the target feature atomics");

mod answer;
mod call;
pub mod clock;
mod config;
pub mod context;
mod convert;
mod current;
mod error;
mod event;
mod header;
#[cfg(any(test, all(target_arch = "wasm32", feature = "allocator")))]
mod heap;
mod hooks;
pub mod http;
mod import;
pub mod log;
mod mailbox;
mod message;
pub mod msgpack;
mod operation;
mod panic;
pub mod random;
mod record;
#[doc(hidden)]
pub mod rt;
pub mod scope;
#[cfg(feature = "serde")]
pub mod serde;
pub mod state;
mod status;
mod sys;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
mod value;

pub use answer::Answer;
pub use call::Args;
pub use config::Config;
pub use convert::{Bytes, Decode, Encode};
pub use error::{Error, Result};
pub use event::Event;
pub use hooks::{Call, Dispose, Init, OnEvent, Resume, Wrap};
pub use import::invoke;
pub use message::Message;
pub use msgpack::{DecodeError, Kind, Reader, Writer};
pub use operation::{Next, Operation, Powers};
pub use scope::{Change, Execution, Failure, Flow, Lifecycle, Pod, Release, Resolution, Scope, Tick};
pub use status::Status;
pub use value::{Map, Opaque, Time, Value};
