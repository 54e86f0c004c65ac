use crate::header::Header;
use crate::msgpack::Path;
use crate::{sys, Decode, Message, Powers, Result};
use alloc::vec::Vec;

/// What the host gave when it loaded the extension.
pub struct Config {
    pub(crate) header: Header,
}

impl Config {
    /// The configuration, nil for none.
    pub fn message(&self) -> Result<Message> {
        self.header.slot(sys::SLOT_CONFIG)
    }

    /// A part of the configuration; `None` where there is nothing, or nil.
    ///
    /// ```
    /// # fn attempts(config: &aril::Config) -> aril::Result<u32> {
    /// let attempts = config.get("attempts")?.unwrap_or(3);
    /// # Ok(attempts) }
    /// ```
    pub fn get<T: Decode>(&self, path: impl Path) -> Result<Option<T>> {
        self.message()?.get(path)
    }

    /// The whole configuration, decoded.
    pub fn decode<T: Decode>(&self) -> Result<T> {
        self.message()?.decode()
    }

    /// The extension's name, as it was loaded.
    pub fn name(&self) -> &str {
        self.header.text("name")
    }

    /// The version of the host's implementation, for logs alone.
    pub fn host_version(&self) -> &str {
        self.header.text("version")
    }

    /// What the extension will be allowed to do to operations.
    pub fn powers(&self) -> Powers {
        Powers(self.header.number("powers") as u32)
    }

    /// The script that the extension was loaded with, for extensions that are
    /// interpreters; `None` for none.
    pub fn script(&self) -> Result<Option<Vec<u8>>> {
        let m = self.header.slot(sys::SLOT_SCRIPT)?;
        if m.is_nil() {
            return Ok(None);
        }
        Ok(Some(m.decode::<crate::Bytes>()?.0))
    }
}

impl core::fmt::Debug for Config {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Config({})", self.name())
    }
}
