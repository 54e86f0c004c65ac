//! What an extension may ask of a scope that it is attached to, and the
//! records that operations and events of scopes carry.
//!
//! An extension that calls these functions imports `aril_scope_v1`, which must
//! be granted. Codes of their errors: `not_attached`, `not_found`,
//! `not_resolved`, `reentrant`, `denied`, `limit`, `closed` and
//! `invalid_argument`.

use crate::{Encode, Error, Map, Message, Operation, Result, Value, Writer};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

mod host {
    crate::import! {
        "aril_scope_v1" {
            pub(super) fn lookup;
            pub(super) fn entries;
            pub(super) fn resolve;
            pub(super) fn update;
            pub(super) fn release;
            pub(super) fn subscribe;
            pub(super) fn unsubscribe;
            pub(super) fn get;
            pub(super) fn set;
        }
    }
}

/// A scope of the host: it resolves executors and keeps their values. It is no
/// more than the number that names it, and good until the scope is disposed of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Unique in the host's process.
    pub id: u64,
}

/// Begins a request with the scope and more keys.
fn request(scope: Scope, more: usize) -> Writer {
    let mut w = Writer::new();
    w.map(1 + more).text("scope").uint(scope.id);
    w
}

impl Scope {
    /// Names an executor by its name; of several the one that had it first.
    /// Whether it exists is not looked at.
    pub fn executor(self, name: impl Into<String>) -> Executor {
        Executor { scope: self, id: 0, name: name.into() }
    }

    /// Lists executors in the order of their IDs, without their values: those
    /// that the scope has anything for, or all that the host registered.
    pub fn entries(self, registered: bool) -> Result<Vec<Entry>> {
        let mut all: Vec<Entry> = Vec::new();
        loop {
            let after = all.last().map_or(0, |e| e.executor.id);
            let mut w = request(self, 2);
            w.text("registered").bool(registered).text("after").uint(after);
            let page: Vec<EntryRecord> = host::entries(&w.into_message())?.decode()?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page.into_iter().map(|e| e.entry(self)));
        }
    }

    /// Asks for a `change` event whenever a value is about to be stored. Names
    /// are patterns of executors' names, where a trailing `*` stands for
    /// anything; none at all is every executor.
    pub fn on_change(self, names: &[&str]) -> Result<Subscription> {
        self.subscribe("change", names, 0)
    }

    /// Asks for a `release` event whenever a value is let go of. Names are as
    /// with [`on_change`](Scope::on_change).
    pub fn on_release(self, names: &[&str]) -> Result<Subscription> {
        self.subscribe("release", names, 0)
    }

    /// Asks for a `tick` event so often, at least 10 ms apart.
    pub fn every(self, time: Duration) -> Result<Subscription> {
        self.subscribe("tick", &[], i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))
    }

    fn subscribe(self, event: &str, names: &[&str], every: i64) -> Result<Subscription> {
        let mut w = request(self, 3);
        w.text("event").text(event).text("names").value(names).text("every").int(every);
        Ok(Subscription { scope: self, id: host::subscribe(&w.into_message())?.decode()? })
    }

    /// Reads a key of the scope's own store, which host and extensions share;
    /// nil for nothing. Which keys there are is the host's choice.
    pub fn get(self, key: &str) -> Result<Message> {
        let mut w = request(self, 1);
        w.text("key").text(key);
        host::get(&w.into_message())
    }

    /// Sets a key of the scope's own store; nil removes it. Needs the power
    /// ChangeInput.
    pub fn set<T: Encode + ?Sized>(self, key: &str, value: &T) -> Result<()> {
        let mut w = request(self, 2);
        w.text("key").text(key).text("value").value(value);
        host::set(&w.into_message()).map(drop)
    }
}

/// What an extension asked a scope to tell it. The host keeps it until it is
/// cancelled or the extension is detached, whatever becomes of instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Where.
    pub scope: Scope,
    /// A [`Tick`] names it.
    pub id: u64,
}

impl Subscription {
    /// Ends it. What is on its way may still arrive.
    pub fn cancel(self) -> Result<()> {
        let mut w = request(self.scope, 1);
        w.text("subscription").uint(self.id);
        host::unsubscribe(&w.into_message()).map(drop)
    }
}

/// Something that the host resolves to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executor {
    /// Where.
    pub scope: Scope,
    /// Unique in its scope; 0 if it is known by its name alone.
    pub id: u64,
    /// Empty for none.
    pub name: String,
}

impl Executor {
    fn request(&self, more: usize) -> Writer {
        let mut w = request(self.scope, 1 + more);
        if self.id != 0 {
            w.text("executor").uint(self.id);
        } else {
            w.text("name").text(&self.name);
        }
        w
    }

    /// Tells what the scope has for it, and changes nothing.
    pub fn lookup(&self) -> Result<Entry> {
        let found: EntryRecord = host::lookup(&self.request(0).into_message())?.decode()?;
        Ok(found.entry(self.scope))
    }

    /// Resolves it as any resolver does, through all extensions, this one
    /// included. From within its own wrap of that resolution it is
    /// `reentrant`. Nil without the power ReadResult.
    pub fn resolve(&self) -> Result<Message> {
        host::resolve(&self.request(0).into_message())
    }

    /// Like [`resolve`](Executor::resolve), and runs the factory again though
    /// there is a value.
    pub fn reload(&self) -> Result<Message> {
        let mut w = self.request(1);
        w.text("force").bool(true);
        host::resolve(&w.into_message())
    }

    /// Replaces its value. What the new one leaves out keeps its value. Needs
    /// the power ChangeInput.
    pub fn update<T: Encode + ?Sized>(&self, value: &T) -> Result<()> {
        let mut w = self.request(1);
        w.text("value").value(value);
        host::update(&w.into_message()).map(drop)
    }

    /// Lets go of its value: its cleanups run, and the next resolution begins
    /// anew. Needs the power Skip.
    pub fn release(&self) -> Result<()> {
        host::release(&self.request(0).into_message()).map(drop)
    }
}

/// What a scope has for an executor.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which.
    pub executor: Executor,
    /// `none`, `pending`, `resolved` or `rejected`.
    pub state: String,
    /// When resolved; nil without the power ReadResult.
    pub value: Message,
    /// When rejected.
    pub error: Option<Error>,
}

crate::record! {
    struct EntryRecord {
        id: u64,
        name: String,
        state: String,
        value: Option<Message>,
        error: Option<Error>,
    }
}

impl EntryRecord {
    fn entry(self, scope: Scope) -> Entry {
        Entry {
            executor: Executor { scope, id: self.id, name: self.name },
            state: self.state,
            value: self.value.unwrap_or_default(),
            error: self.error,
        }
    }
}

crate::record! {
    /// Parameters of an operation of kind `resolve`: an executor is resolved
    /// or updated.
    #[derive(Clone, Debug, Default)]
    pub struct Resolution {
        /// `resolve` or `update`.
        pub operation: String,
        /// ID of the executor.
        pub executor: u64,
        /// ID of the scope.
        pub scope: u64,
    }

    /// Parameters of an operation of kind `execution`: a flow, a step of one,
    /// or several at once.
    #[derive(Clone, Debug, Default)]
    pub struct Execution {
        /// ID of the scope.
        pub scope: u64,
        /// ID of the execution context, unique in the host's process.
        pub context: u64,
        /// `sequential`, `parallel` or `parallel-settled`.
        pub mode: String,
        /// Of the flow that it is, or is a part of; empty for none.
        pub flow_name: String,
        /// How many flows are around that one.
        pub depth: u32,
        /// It is in an item that runs at once with others.
        pub parallel: bool,
        /// Of a flow: what it is.
        pub flow: Option<Flow>,
        /// Of a step: what it was called with.
        pub params: Option<Vec<Value>>,
        /// Of several at once: how many items.
        pub count: Option<u32>,
        /// Name of the flow around the one of `flow_name`.
        pub parent: Option<String>,
        /// Tags of the execution context by their labels.
        pub tags: Option<Value>,
    }

    /// A flow.
    #[derive(Clone, Debug, Default)]
    pub struct Flow {
        /// Its name.
        pub name: String,
        /// Empty for none.
        pub version: String,
    }

    /// Parameters of an operation of kind `context-lifecycle`: an execution
    /// context begins or ends. What is answered to it changes nothing.
    #[derive(Clone, Debug, Default)]
    pub struct Lifecycle {
        /// ID of the scope.
        pub scope: u64,
        /// ID of the context.
        pub context: u64,
        /// `create`, `closing` or `closed`.
        pub phase: String,
        /// Of its flow, or another that the host gave.
        pub name: String,
        /// Of closing and closed: `graceful` or `abort`.
        pub mode: Option<String>,
    }

    /// Data of a `change`: a value is about to be stored. The answer to it, if
    /// there is one, is stored instead.
    #[derive(Clone, Debug)]
    pub struct Change {
        /// `resolve` or `update`.
        pub change: String,
        /// ID of the executor.
        pub executor: u64,
        /// The new value. Left out without the power ReadResult.
        pub value: Option<Value>,
    }

    /// Data of a `release`: the scope has let go of a value.
    #[derive(Clone, Debug)]
    pub struct Release {
        /// ID of the executor.
        pub executor: u64,
    }

    /// Data of an `error`: something did not resolve.
    #[derive(Clone, Debug)]
    pub struct Failure {
        /// ID of the executor, 0 for none.
        pub executor: u64,
        /// Why.
        pub error: Error,
    }

    /// Data of a `tick`: time has passed.
    #[derive(Clone, Debug)]
    pub struct Tick {
        /// ID of the [`Subscription`].
        pub subscription: u64,
        /// What was asked for, in nanoseconds.
        pub every: u64,
        /// How many fell out before this one.
        pub missed: u64,
    }

    /// Data of `init_pod`, `dispose_pod` and `pod_error`: a root execution.
    #[derive(Clone, Debug)]
    pub struct Pod {
        /// ID of the execution's context.
        pub context: u64,
        /// What is executed.
        pub flow: Flow,
        /// ID of the scope that it runs in.
        pub scope: u64,
        /// Of `pod_error`: what it ended with.
        pub error: Option<Error>,
    }
}

impl Operation {
    /// What is resolved, `None` for an operation of another kind. Without the
    /// power ReadInput nothing but its name is known.
    pub fn resolution(&self) -> Result<Option<Resolution>> {
        self.of_kind("resolve")
    }

    /// What is executed, `None` for an operation of another kind. Without the
    /// power ReadInput nothing but its name and key is known.
    pub fn execution(&self) -> Result<Option<Execution>> {
        self.of_kind("execution")
    }

    /// Which execution context begins or ends, `None` for an operation of
    /// another kind. Without the power ReadInput only its phase, which is the
    /// operation's name, is known.
    pub fn lifecycle(&self) -> Result<Option<Lifecycle>> {
        self.of_kind("context-lifecycle")
    }

    fn of_kind<T: crate::Decode + Default>(&self, kind: &str) -> Result<Option<T>> {
        if self.kind() != kind {
            return Ok(None);
        }
        crate::operation::params(self).map(Some)
    }
}

impl Resolution {
    /// The executor, to be asked for more.
    pub fn executor(&self) -> Executor {
        Executor { scope: Scope { id: self.scope }, id: self.executor, name: String::new() }
    }
}

impl Execution {
    /// The tags, empty where there are none.
    pub fn tags(&self) -> Map {
        match &self.tags {
            Some(Value::Map(map)) => map.clone(),
            _ => Map::new(),
        }
    }
}
