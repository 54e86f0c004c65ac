//! Servers that the host granted.
//!
//! ```no_run
//! # fn rates() -> aril::Result<Vec<u8>> {
//! let answer = aril::http::Request::get("https://api.example.com/rates")
//!     .header("accept", "text/plain")
//!     .fetch()?;
//! # Ok(answer.body) }
//! ```
//!
//! An extension that uses it imports `aril_http_v1`, which must be granted.

use crate::{Bytes, Result, Writer};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

mod host {
    crate::import! {
        "aril_http_v1" {
            pub(super) fn fetch;
        }
    }
}

/// An HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// DELETE, GET, HEAD, OPTIONS, PATCH, POST or PUT.
    pub method: String,
    /// Absolute, https or http.
    pub url: String,
    /// The extension's own. Those that belong to the connection, and
    /// accept-encoding, content-length, expect and host, are the host's: a
    /// request that has one is refused.
    pub headers: BTreeMap<String, Vec<String>>,
    /// Empty for none.
    pub body: Vec<u8>,
    /// Of the whole, redirects included. Zero, and anything longer than the
    /// host allows, is as long as it allows: 10 s by default. Fractions of a
    /// millisecond count as a whole one.
    pub timeout: Duration,
}

/// What a server answered, whatever the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, Vec<String>>,
    /// Unpacked, where the server sent gzip.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, url: impl Into<String>) -> Request {
        Request {
            method: method.to_owned(),
            url: url.into(),
            headers: BTreeMap::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(0),
        }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Request {
        Request::new("GET", url)
    }

    /// A POST.
    pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
        let mut request = Request::new("POST", url);
        request.body = body.into();
        request
    }

    /// The request with one more value of a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Request {
        self.headers.entry(name.into()).or_default().push(value.into());
        self
    }

    /// The request with a timeout.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Request {
        self.timeout = timeout;
        self
    }

    /// Sends it, follows redirects as far as they lead to granted servers, and
    /// waits for the whole response. The time is billed as waiting.
    ///
    /// Codes of the error where there is no response: `invalid_request`,
    /// `denied_host`, `denied_address`, `unresolved`, `refused`, `tls`,
    /// `too_large`, `too_many_redirects`, `timeout`, `bad_response`, `limit`.
    /// [`retryable`](crate::Error::retryable) tells whether the same request
    /// may succeed later; a server may have seen it all the same.
    pub fn fetch(&self) -> Result<Response> {
        let ms = self.timeout.as_nanos().saturating_add(999_999) / 1_000_000;
        let mut w = Writer::new();
        w.map(5).text("method").text(&self.method).text("url").text(&self.url);
        w.text("headers").value(&self.headers).text("body").bytes(&self.body);
        w.text("timeout_ms").int(i64::try_from(ms).unwrap_or(i64::MAX));
        let answer: Answered = host::fetch(&w.into_message())?.decode()?;
        Ok(Response { status: answer.status, headers: answer.headers, body: answer.body.0 })
    }
}

impl Response {
    /// The first value of a header; the name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(&name.to_ascii_lowercase()).and_then(|values| values.first()).map(String::as_str)
    }
}

crate::record! {
    struct Answered {
        status: u16,
        headers: BTreeMap<String, Vec<String>>,
        body: Bytes,
    }
}
