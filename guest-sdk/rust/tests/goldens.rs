//! The wire goldens of testdata/messages, read and written.

mod json;

use aril::testing::Host;
use aril::{Answer, Args, Config, Error, Event, Message, Next, Operation, Reader, Result, Value, Writer};
use json::{goldens, Golden};
use std::cell::Cell;

/// NaN is not equal to itself, so values are compared as they are shown.
fn shown(v: &Value) -> String {
    format!("{:?}", v)
}

fn of_kind(kind: &str) -> Vec<Golden> {
    let found: Vec<Golden> = goldens().into_iter().filter(|g| g.kind == kind && !g.refused).collect();
    assert!(!found.is_empty(), "no goldens of the type {}", kind);
    found
}

#[test]
fn values_are_read_and_written() {
    for g in of_kind("value") {
        let v = g.bytes.value().unwrap_or_else(|e| panic!("{}: {}", g.name, e));
        assert_eq!(shown(&v), shown(&g.content), "{}", g.name);
        if g.canonical {
            assert_eq!(Message::of(&v), g.bytes, "{}", g.name);
        }
    }
}

#[test]
fn refused_values_are_refused() {
    let mut seen = 0;
    for g in goldens().into_iter().filter(|g| g.kind == "value" && g.refused) {
        seen += 1;
        let bytes = if g.name == "refused-value-empty" { &[][..] } else { g.bytes.bytes() };
        let mut r = Reader::new(bytes);
        let read = <Value as aril::Decode>::decode(&mut r).and_then(|_| r.end());
        assert!(read.is_err(), "{}", g.name);
    }
    assert!(seen > 0);
}

#[test]
fn no_golden_cut_short_is_accepted() {
    for g in goldens().into_iter().filter(|g| !g.refused) {
        let bytes = g.bytes.bytes();
        for n in 0..bytes.len().min(2000) {
            let mut r = Reader::new(&bytes[..n]);
            assert!(<Value as aril::Decode>::decode(&mut r).is_err(), "{} cut to {} bytes", g.name, n);
            assert!(Reader::new(&bytes[..n]).skip().is_err(), "{} cut to {} bytes", g.name, n);
        }
    }
}

#[test]
fn bytes_with_one_changed_never_crash_a_reader() {
    for g in goldens() {
        let bytes = g.bytes.bytes();
        for i in 0..bytes.len().min(120) {
            for flip in [0x01, 0x20, 0xff] {
                let mut changed = bytes.to_vec();
                changed[i] ^= flip;
                let m = Message::raw(changed);
                if let Ok(v) = m.value() {
                    assert_eq!(shown(&Message::of(&v).value().unwrap()), shown(&v));
                }
                let _ = m.decode::<Error>().map(|e| (e.code().to_owned(), e.to_string()));
                let _ = (m.part("cause"), m.set(("cause", "code"), "x"), m.remove(("data", 0, "a")));
            }
        }
    }
}

fn check_error(name: &str, want: &Value, e: &Error) {
    let text = |key: &str| want.get(key).and_then(Value::as_str).unwrap_or("");
    assert_eq!(e.code(), if text("code").is_empty() { "error" } else { text("code") }, "{}", name);
    assert_eq!(e.message(), text("message"), "{}", name);
    assert_eq!(e.kind(), text("kind"), "{}", name);
    assert_eq!(e.retryable(), want.get("retryable").and_then(Value::as_bool).unwrap_or(false), "{}", name);
    assert_eq!(&e.data().value().unwrap(), want.get("data").unwrap_or(&Value::Nil), "{}", name);
    match want.get("cause") {
        None | Some(Value::Nil) => assert!(e.cause().is_none(), "{}", name),
        Some(cause) => check_error(name, cause, &e.cause().expect("a cause")),
    }
}

/// The error that says what content says, made as an extension makes one.
fn made(content: &Value) -> Error {
    let text = |key: &str| content.get(key).and_then(Value::as_str).unwrap_or("");
    let mut e = Error::new(text("code"), text("message"));
    if let Some(data) = content.get("data") {
        e = e.with_data(data);
    }
    if let Some(cause) = content.get("cause") {
        e = e.with_cause(made(cause));
    }
    if content.get("retryable").is_some() {
        e = e.with_retryable(true);
    }
    e
}

#[test]
fn errors_are_read_and_written() {
    let mut written = 0;
    for g in of_kind("error") {
        let e: Error = g.bytes.decode().unwrap_or_else(|e| panic!("{}: {}", g.name, e));
        check_error(&g.name, &g.content, &e);
        assert_eq!(Message::of(&e), g.bytes, "{}", g.name);
        // What only a host writes cannot be made.
        if g.canonical && g.content.get("kind").is_none() && g.content.get("handle").is_none() {
            written += 1;
            assert_eq!(Message::of(&made(&g.content)), g.bytes, "{}", g.name);
        }
    }
    assert!(written > 2);
}

#[test]
fn written_errors_keep_to_the_bounds() {
    let long = "\u{20ac}".repeat(50_000);
    let mut e = Error::new("c", "m");
    for _ in 0..40 {
        e = Error::new("c", "m").with_cause(e);
    }
    let e = Error::new(&long, &long).with_cause(e);
    let (code, message) = (e.code().len(), e.message().len());
    assert_eq!((code, message), (255, 65535));
    let mut depth = 1;
    let mut cause = e.cause();
    while let Some(below) = cause {
        depth += 1;
        cause = below.cause();
    }
    assert_eq!(depth, 16);
}

/// Remembers what it saw, for the tests of headers.
#[derive(Default)]
struct Seen {
    seen: Cell<Option<Value>>,
}

impl aril::Wrap for Seen {
    fn wrap(&self, op: &Operation, _: &Next) -> Result<Answer> {
        self.seen.set(Some(aril::map! {
            "kind" => op.kind(), "name" => op.name(), "key" => op.key(), "id" => op.id(), "root" => op.root(),
            "depth" => op.depth(), "max_next" => op.max_next(), "powers" => op.powers().0, "meta" => op.meta().value()?,
        }));
        Ok(Answer::PASS)
    }
}

impl aril::OnEvent for Seen {
    fn on_event(&self, e: &Event) -> Result<Answer> {
        self.seen.set(Some(aril::map! {
            "event" => e.event(), "id" => e.id(), "scope" => e.scope().id, "name" => e.name(),
        }));
        Ok(Answer::PASS)
    }
}

impl aril::Call for Seen {
    fn call(&self, method: &str, args: &Args) -> Result<Answer> {
        self.seen.set(Some(aril::map! {"method" => method, "id" => args.id()}));
        Ok(Answer::PASS)
    }
}

impl aril::Init for Seen {
    fn init(c: &Config) -> Result<Seen> {
        let seen = aril::map! {"name" => c.name(), "version" => c.host_version(), "powers" => c.powers().0};
        Ok(Seen { seen: Cell::new(Some(seen)) })
    }
}

#[test]
fn headers_are_read() {
    for kind in ["operation", "event", "call", "init"] {
        for g in of_kind(kind) {
            let host = Host::new();
            let mut extension = Seen::default();
            match kind {
                "operation" => host.wrap_raw(&extension, &g.bytes),
                "event" => host.event_raw(&extension, &g.bytes),
                "call" => host.call_raw(&extension, &g.bytes),
                _ => extension = host.init_raw(&g.bytes).unwrap(),
            }
            let seen = extension.seen.take().unwrap_or_else(|| panic!("{}: the hook did not run", g.name));
            for (key, value) in seen.as_map().unwrap().iter() {
                let key = key.as_str().unwrap();
                let absent = match value {
                    Value::Text(_) => Value::from(""),
                    Value::Int(_) => Value::Int(0),
                    _ => Value::Nil,
                };
                assert_eq!(value, g.content.get(key).unwrap_or(&absent), "{}: {}", g.name, key);
            }
        }
    }
}

#[test]
fn what_a_writer_writes_is_the_shortest_form() {
    let mut w = Writer::new();
    w.list(3).text("a").int(-1).bytes(b"x");
    assert_eq!(w.as_bytes(), b"\x93\xa1a\xff\xc4\x01x");
}
