//! How an extension ends itself: by `env.abort`, which takes the message to the
//! host's error. It does not come back.

/// Ends the activation with a message, given in parts.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn abort(message: &[&str]) -> ! {
    std::panic!("{}", message.concat())
}

/// Ends the activation with a message, given in parts.
#[cfg(target_arch = "wasm32")]
pub(crate) fn abort(message: &[&str]) -> ! {
    let mut text = wasm::Text::new();
    message.iter().for_each(|part| text.push(part));
    wasm::abort_at(&text, None)
}

/// Makes panics end the activation with their message.
#[inline]
pub(crate) fn install() {
    #[cfg(all(target_arch = "wasm32", feature = "std"))]
    wasm::install();
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use crate::sys;
    use core::panic::Location;

    /// How many UTF-16 units of a text the host reads.
    const UNITS: usize = 512;

    /// A string of AssemblyScript, which is what the host expects: its length
    /// in bytes, then UTF-16.
    #[repr(C)]
    pub(super) struct Text {
        bytes: u32,
        units: [u16; UNITS],
    }

    impl Text {
        pub(super) fn new() -> Text {
            Text { bytes: 0, units: [0; UNITS] }
        }

        /// Appends as much as there is room for.
        #[inline(never)]
        pub(super) fn push(&mut self, text: &str) {
            for (to, from) in self.units.iter_mut().skip(self.bytes as usize / 2).zip(text.encode_utf16()) {
                *to = from;
                self.bytes += 2;
            }
        }
    }

    #[inline(never)]
    pub(super) fn abort_at(message: &Text, at: Option<&Location<'_>>) -> ! {
        let mut file = Text::new();
        let (line, column) = match at {
            Some(at) => {
                file.push(at.file());
                (at.line(), at.column())
            }
            None => (0, 0),
        };
        unsafe { sys::env::abort(message.units.as_ptr(), file.units.as_ptr(), line, column) }
    }

    #[cfg(feature = "std")]
    pub(super) fn install() {
        use std::boxed::Box;
        use std::string::String;
        std::panic::set_hook(Box::new(|info| {
            let payload = info.payload();
            let mut text = Text::new();
            text.push(match payload.downcast_ref::<&str>() {
                Some(message) => message,
                None => payload.downcast_ref::<String>().map_or("panic", |message| message),
            });
            abort_at(&text, info.location())
        }));
    }

    #[cfg(not(feature = "std"))]
    mod handler {
        use super::{abort_at, Text};
        use core::fmt::Write;
        use core::panic::PanicInfo;

        impl Write for Text {
            fn write_str(&mut self, text: &str) -> core::fmt::Result {
                self.push(text);
                Ok(())
            }
        }

        #[panic_handler]
        fn panic(info: &PanicInfo<'_>) -> ! {
            let mut text = Text::new();
            // Writing to it does not fail.
            let _ = write!(text, "{}", info.message());
            abort_at(&text, info.location())
        }
    }
}
