//! What the host offers: log, clock, state, context, scopes, HTTP, and
//! functions of its own.

use aril::context::Level;
use aril::testing::{Host, Op};
use aril::{http, state, Answer, Error, Event, Message, Next, Operation, Result, Status, Value};
use std::time::Duration;

struct Fn<F>(F);

impl<F: std::ops::Fn(&Operation, &Next) -> Result<Answer>> aril::Wrap for Fn<F> {
    fn wrap(&self, op: &Operation, next: &Next) -> Result<Answer> {
        (self.0)(op, next)
    }
}

/// Runs f within a wrap.
fn within(host: &Host, f: impl std::ops::Fn(&Operation) -> Result<()>) {
    let wraps = Fn(|op: &Operation, _: &Next| f(op).map(|()| Answer::PASS));
    host.wrap(&wraps, &Op::default(), &(), Ok).result.unwrap();
}

#[test]
fn lines_are_logged_with_attributes() {
    let host = Host::new();
    within(&host, |_| {
        let text = String::from("a text");
        aril::debug!("one");
        aril::warn!(&text, n = 1, error = Error::new("busy", "later"), missing = None::<i64>, long = "€".repeat(5_000));
        Ok(())
    });
    let lines = host.log();
    assert_eq!((lines[0].level, lines[0].message.as_str(), &lines[0].attributes), (-4, "one", &Value::Nil));
    let attributes = &lines[1].attributes;
    assert_eq!((lines[1].level, lines[1].message.as_str()), (4, "a text"));
    assert_eq!(attributes.get("n"), Some(&Value::Int(1)));
    assert_eq!(attributes.get("error").and_then(Value::as_str), Some("later"));
    assert_eq!(attributes.get("missing"), Some(&Value::Nil));
    assert_eq!(attributes.get("long").and_then(Value::as_str).map(str::len), Some(4095));
}

#[test]
fn sleeping_passes_time() {
    let host = Host::new();
    let before = host.now();
    within(&host, |_| {
        let start = aril::clock::monotonic()?;
        aril::clock::sleep(Duration::from_millis(1500))?;
        assert_eq!(aril::clock::monotonic()? - start, Duration::from_millis(1500));
        Ok(())
    });
    let after = host.now();
    assert_eq!((after.seconds - before.seconds, after.nanoseconds), (1, 500_000_000));
}

#[test]
fn state_is_kept_between_operations() {
    let host = Host::new();
    within(&host, |_| {
        assert_eq!(state::get("k")?, None);
        state::put("k", "v".repeat(3000))?;
        assert_eq!((state::add("n", 40)?, state::add("n", 2)?), (40, 42));
        assert_eq!((state::append("a", "xy")?, state::append("a", b"z")?), (2, 3));
        assert_eq!(state::add("a", 1).unwrap_err().status(), Some(Status::INVALID));
        Ok(())
    });
    within(&host, |_| {
        assert_eq!(state::get("k")?.unwrap().len(), 3000);
        assert!(!state::compare_and_swap("a", Some(b"no"), Some(b"new"))?);
        assert!(!state::compare_and_swap("a", None, Some(b"new"))?);
        assert!(state::compare_and_swap("a", Some(b"xyz"), None)?);
        assert!(state::compare_and_swap("a", None, Some(b""))?);
        assert_eq!(state::get("a")?, Some(Vec::new()));
        assert!(state::delete("k")? && !state::delete("k")?);
        Ok(())
    });
    assert_eq!(host.state("n").unwrap(), 42i64.to_le_bytes());
}

#[test]
fn keys_are_listed_over_several_pages() {
    let host = Host::new();
    for i in 0..300 {
        host.set_state(&format!("k/{:0400}", i), b"");
    }
    host.set_state("other", b"");
    within(&host, |_| {
        let keys = state::list("k/")?;
        assert_eq!(keys.len(), 300);
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(state::list("none")?.is_empty());
        Ok(())
    });
}

#[test]
fn context_is_inherited_and_shared() {
    let host = Host::new();
    let extension = Fn(|op: &Operation, next: &Next| {
        if op.name() == "inner" {
            assert_eq!(Level::Own.get::<String>("own")?.as_deref(), Some("outer"));
            Level::Own.set("own", "inner")?;
            Level::Root.append("list", &2)?;
            Level::Scope.set("seen", &true)?;
            return Ok(Answer::PASS);
        }
        Level::Own.set("own", "outer")?;
        assert_eq!(Level::Root.append("list", &1)?, 1);
        next.run()?;
        assert_eq!(Level::Own.get::<String>("own")?.as_deref(), Some("outer"));
        let long = "x".repeat(2_000);
        assert!(Level::Own.swap("long", &long)?.is_none());
        assert_eq!(Level::Own.swap("long", &1)?.unwrap().decode::<String>()?, long);
        Level::Own.remove("long")?;
        assert!(Level::Own.message("long")?.is_none());
        Ok(Answer::of(&Level::Root.message("list")?))
    });
    let outcome =
        host.wrap(&extension, &Op::named("outer"), &(), |m| host.wrap(&extension, &Op::named("inner"), &m, Ok).result);
    assert_eq!(outcome.result.unwrap().decode::<Vec<i64>>().unwrap(), [1, 2]);
    within(&host, |_| {
        assert_eq!(Level::Scope.get::<bool>("seen")?, Some(true));
        assert!(Level::Root.message("list")?.is_none());
        Ok(())
    });
}

aril::import! {
    "acme_stock_v1" {
        /// Sets some of an article aside.
        fn reserve;
        fn cancel;
    }
}

#[test]
fn functions_of_the_host_program_are_called() {
    let host = Host::new();
    host.function("acme_stock_v1", "reserve", |m| match m.get::<i64>("count")? {
        Some(n) if n > 2 => Err(Error::new("sold_out", "none left").with_data(&n)),
        _ => Ok(m.set("id", &"r".repeat(10_000))?),
    });
    within(&host, |_| {
        let answer = reserve(&aril::map! {"sku" => "A-1", "count" => 2})?;
        assert_eq!(answer.get::<String>("id")?.unwrap().len(), 10_000);
        let e = reserve(&aril::map! {"count" => 3}).unwrap_err();
        assert_eq!((e.code(), e.data().decode::<i64>()?), ("sold_out", 3));
        assert_eq!(cancel(&()).unwrap_err().status(), Some(Status::DENIED));
        Ok(())
    });
}

#[test]
fn requests_are_sent_and_responses_read() {
    let host = Host::new();
    host.function("aril_http_v1", "fetch", |m| {
        assert_eq!(m.get::<String>("method")?.as_deref(), Some("POST"));
        assert_eq!(m.get::<String>(("headers", "accept", 1))?.as_deref(), Some("*/*"));
        assert_eq!(m.get::<i64>("timeout_ms")?, Some(2));
        let headers = aril::map! {"content-type" => aril::list!["text/plain"]};
        let body: Value = m.get::<aril::Bytes>("body")?.unwrap().0.into();
        Ok(aril::map! {"status" => 201, "headers" => headers, "body" => body}.into())
    });
    within(&host, |_| {
        let request = http::Request::post("https://api.example.com/", "hello")
            .header("accept", "text/plain")
            .header("accept", "*/*")
            .timeout(Duration::from_micros(1001));
        let response = request.fetch()?;
        assert_eq!((response.status, response.header("Content-Type")), (201, Some("text/plain")));
        assert_eq!(response.body, b"hello");
        Ok(())
    });
}

struct Tracker;

impl aril::OnEvent for Tracker {
    fn on_event(&self, event: &Event) -> Result<Answer> {
        match event.event() {
            "attach" => {
                event.scope().on_change(&["config", "db.*"])?;
                event.scope().every(Duration::from_secs(30))?;
                Ok(Answer::PASS)
            }
            "change" => {
                let change: aril::Change = event.decode()?;
                assert_eq!((change.change.as_str(), change.executor), ("update", 7));
                Ok(Answer::of(&aril::map! {"was" => change.value}))
            }
            "error" => Err(event.decode::<aril::Failure>()?.error),
            _ => Ok(Answer::PASS),
        }
    }
}

#[test]
fn events_subscribe_and_answer() {
    let host = Host::new();
    host.function("aril_scope_v1", "subscribe", |m| {
        let event: String = m.get("event")?.unwrap();
        let every = if event == "tick" { 30_000_000_000 } else { 0 };
        assert_eq!((m.get::<u64>("scope")?, m.get::<i64>("every")?), (Some(1), Some(every)));
        Ok(Message::of(&1))
    });
    assert!(host.event(&Tracker, "attach", "shop", &aril::Map::new()).is_none());
    assert!(host.event(&Tracker, "unheard_of", "", &()).is_none());
    let change = aril::map! {"change" => "update", "executor" => 7, "value" => 3};
    let answer = host.event(&Tracker, "change", "config", &change).unwrap().unwrap();
    assert_eq!(answer.value().unwrap(), aril::map! {"was" => 3});
    let failure = aril::map! {"executor" => 0, "error" => aril::map! {"code" => "busy", "message" => "later"}};
    assert_eq!(host.event(&Tracker, "error", "", &failure).unwrap().unwrap_err().code(), "busy");
}

#[test]
fn executors_are_looked_up_and_changed() {
    let host = Host::new();
    let entry = |id: u64| aril::map! {"id" => id, "name" => "config", "state" => "resolved", "value" => 8080};
    host.function("aril_scope_v1", "lookup", move |m| {
        assert_eq!(m.get::<String>("name")?.as_deref(), Some("config"));
        Ok(entry(7).into())
    });
    host.function("aril_scope_v1", "entries", move |m| {
        let after: u64 = m.get("after")?.unwrap();
        Ok(Message::of(&if after < 2 { vec![entry(after + 1)] } else { vec![] }))
    });
    host.function("aril_scope_v1", "update", |m| {
        assert_eq!((m.get::<u64>("executor")?, m.get::<i64>("value")?), (Some(7), Some(8081)));
        Ok(Message::default())
    });
    host.function("aril_scope_v1", "release", |_| Err(Error::new("not_resolved", "no value")));
    host.function("aril_scope_v1", "resolve", |m| Ok(Message::of(&m.get::<bool>("force")?)));
    host.function("aril_scope_v1", "get", |m| m.part("key").map(Option::unwrap_or_default));
    host.function("aril_scope_v1", "set", |m| {
        assert!(m.get::<i64>("value")?.is_none());
        Ok(Message::default())
    });
    let params = aril::map! {"operation" => "resolve", "executor" => 7, "scope" => 3};
    let resolves = Fn(|op: &Operation, _: &Next| {
        let r = op.resolution()?.unwrap();
        assert!(op.execution()?.is_none() && op.lifecycle()?.is_none());
        assert_eq!((r.operation.as_str(), r.executor().id), ("resolve", 7));
        let scope = r.executor().scope;
        let found = scope.executor("config").lookup()?;
        assert_eq!((found.state.as_str(), found.value.decode::<u16>()?), ("resolved", 8080));
        assert_eq!(scope.entries(true)?.iter().map(|e| e.executor.id).collect::<Vec<_>>(), [1, 2]);
        found.executor.update(&8081)?;
        assert_eq!(found.executor.release().unwrap_err().code(), "not_resolved");
        assert!(found.executor.resolve()?.is_nil());
        assert!(found.executor.reload()?.decode::<bool>()?);
        assert_eq!(scope.get("region")?.decode::<String>()?, "region");
        scope.set("region", &None::<i64>)?;
        Ok(Answer::PASS)
    });
    let op = Op { kind: "resolve".into(), name: "config".into(), params, ..Op::default() };
    host.wrap(&resolves, &op, &(), Ok).result.unwrap();
}
