//! A host in memory, for the tests of an extension: `cargo test` runs them on
//! the author's machine, without Wasm.
//!
//! ```
//! use aril::testing::{Host, Op};
//! use aril::{Answer, Error, Message, Next, Operation, Result};
//!
//! struct Twice;
//!
//! impl aril::Wrap for Twice {
//!     fn wrap(&self, _: &Operation, next: &Next) -> Result<Answer> {
//!         next.run().or_else(|_| next.run())
//!     }
//! }
//!
//! let host = Host::new();
//! let mut calls = 0;
//! let outcome = host.wrap(&Twice, &Op::named("order.place"), &"an order", |_| {
//!     calls += 1;
//!     if calls == 1 { Err(Error::new("busy", "later")) } else { Ok(Message::of(&7)) }
//! });
//! assert_eq!(outcome.result.unwrap().decode::<i64>().unwrap(), 7);
//! assert_eq!(outcome.inputs.len(), 2);
//! ```
//!
//! It keeps to abi/ABI.md in what an extension can see: powers, phases,
//! statuses, and a mailbox that every call overwrites. It has no limits of
//! time or memory. The clock is the test's own: sleeping passes time and takes
//! none.

mod activation;
pub mod imports;

use crate::log::Level;
use crate::{
    rt, Call, Config, Dispose, Encode, Error, Init, Message, OnEvent, Powers, Resume, Time, Value, Wrap, Writer,
};
use activation::{Activation, Hook};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::string::{String, ToString};
use std::vec::Vec;

/// A host with one extension in it. It belongs to the thread that made it.
pub struct Host {
    shared: Rc<Shared>,
}

type Function = Rc<dyn Fn(Message) -> Result<Message, Error>>;
type Kept = Rc<RefCell<BTreeMap<Vec<u8>, Vec<u8>>>>;

struct Shared {
    config: RefCell<Option<Message>>,
    script: RefCell<Option<Message>>,
    powers: Cell<u32>,
    state: RefCell<BTreeMap<Vec<u8>, Vec<u8>>>,
    scope: Kept,
    log: RefCell<Vec<Line>>,
    functions: RefCell<HashMap<(String, String), Function>>,
    running: RefCell<Vec<Rc<Activation>>>,
    now: Cell<i64>,
    ids: Cell<u64>,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// -4 debug, 0 info, 4 warn, 8 error.
    pub level: i32,
    /// The text.
    pub message: String,
    /// A map, nil for none.
    pub attributes: Value,
}

/// An operation to wrap.
#[derive(Clone, Debug)]
pub struct Op {
    /// Such as `execution`, which is the default.
    pub kind: String,
    /// Among those of its kind.
    pub name: String,
    /// The journal or cache key.
    pub key: String,
    /// A map of tags, nil for none.
    pub meta: Value,
    /// What goes with the input, nil for nothing.
    pub params: Value,
    /// How often `next` may be called; 16 by default.
    pub max_next: u32,
}

impl Op {
    /// An execution with a name.
    pub fn named(name: &str) -> Op {
        Op { name: name.to_string(), ..Op::default() }
    }
}

impl Default for Op {
    fn default() -> Op {
        Op {
            kind: "execution".to_string(),
            name: "test".to_string(),
            key: String::new(),
            meta: Value::Nil,
            params: Value::Nil,
            max_next: 16,
        }
    }
}

/// How an operation ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The value or error that the caller gets.
    pub result: Result<Message, Error>,
    /// With what input each `next` ran.
    pub inputs: Vec<Message>,
    /// Which `next` gave the result, from 0, if it came out as it was.
    pub from_next: Option<usize>,
}

impl Host {
    /// A host without configuration, with all powers and an empty state. The
    /// time is 2026-01-01 00:00:00 UTC.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Host {
        const BEGIN: i64 = 1_767_225_600_000_000_000;
        Host {
            shared: Rc::new(Shared {
                config: RefCell::default(),
                script: RefCell::default(),
                powers: Cell::new(127),
                state: RefCell::default(),
                scope: Kept::default(),
                log: RefCell::default(),
                functions: RefCell::default(),
                running: RefCell::default(),
                now: Cell::new(BEGIN),
                ids: Cell::new(0),
            }),
        }
    }

    /// Sets the configuration.
    pub fn config<T: Encode + ?Sized>(&self, config: &T) -> &Host {
        *self.shared.config.borrow_mut() = Some(Message::of(config));
        self
    }

    /// Sets the script, for extensions that are interpreters.
    pub fn script(&self, script: &[u8]) -> &Host {
        *self.shared.script.borrow_mut() = Some(Message::of(&crate::Bytes(script.to_vec())));
        self
    }

    /// Sets what the extension may do to operations.
    pub fn powers(&self, powers: Powers) -> &Host {
        self.shared.powers.set(powers.0);
        self
    }

    /// Offers a function of a capability, such as `aril_http_v1.fetch` or one
    /// of the host program's own. Calls of others are
    /// [`Status::DENIED`](crate::Status::DENIED).
    pub fn function(&self, module: &str, name: &str, f: impl Fn(Message) -> Result<Message, Error> + 'static) -> &Host {
        let key = (module.to_string(), name.to_string());
        self.shared.functions.borrow_mut().insert(key, Rc::new(f));
        self
    }

    /// What the log holds.
    pub fn log(&self) -> Vec<Line> {
        self.shared.log.borrow().clone()
    }

    /// The texts of the log at a level.
    pub fn lines(&self, level: Level) -> Vec<String> {
        self.log().into_iter().filter(|l| l.level == level as i32).map(|l| l.message).collect()
    }

    /// What the extension's state holds at a key.
    pub fn state(&self, key: &str) -> Option<Vec<u8>> {
        self.shared.state.borrow().get(key.as_bytes()).cloned()
    }

    /// Puts something into the extension's state.
    pub fn set_state(&self, key: &str, value: &[u8]) -> &Host {
        self.shared.state.borrow_mut().insert(key.into(), value.into());
        self
    }

    /// The time of day.
    pub fn now(&self) -> Time {
        Time::from_unix_nanoseconds(self.shared.now.get())
    }

    /// Makes the extension, as a load does.
    pub fn init<T: Init>(&self) -> Result<T, Error> {
        let header = crate::map! {"name" => "test", "version" => "test", "powers" => self.shared.powers.get()};
        self.init_raw(&Message::from(header))
    }

    /// Wraps an operation; `next` is the rest of the pipeline. It may call this
    /// host again, as an operation within the operation does.
    pub fn wrap<T: Wrap, I: Encode + ?Sized>(
        &self,
        extension: &T,
        op: &Op,
        input: &I,
        mut next: impl FnMut(Message) -> Result<Message, Error>,
    ) -> Outcome {
        let id = self.shared.id();
        let outer = self.shared.current();
        let mut w = Writer::new();
        w.map(10).text("kind").text(&op.kind).text("name").text(&op.name).text("key").text(&op.key);
        w.text("id").uint(id).text("root").uint(outer.as_ref().map_or(id, |o| o.root));
        w.text("depth").uint(outer.as_ref().map_or(0, |o| o.depth + 1));
        w.text("max_next").uint(op.max_next.into()).text("powers").uint(self.shared.powers.get().into());
        w.text("entropy").bytes(&self.shared.entropy(id)).text("meta").value(&op.meta);
        let mut activation = Activation::new(Hook::Wrap);
        activation.set_config(&self.shared);
        activation.begin_operation(id, outer.as_deref(), op, Message::of(input));
        let mut inputs = Vec::new();
        let mut run = |m: Message| {
            inputs.push(m.clone());
            next(m)
        };
        let (result, from_next) = activation.with_next(&mut run, |activation| {
            self.run(activation, &w.into_message(), |n| {
                let hook = rt::run_wrap(extension, n);
                self.shared.current().expect("the hook's own").conclude(hook, &self.shared)
            })
        });
        Outcome { result, inputs, from_next }
    }

    /// Calls a method; `None` if there is no such method.
    pub fn call<T: Call, A: Encode + ?Sized>(
        &self,
        extension: &T,
        method: &str,
        args: &A,
    ) -> Option<Result<Message, Error>> {
        let id = self.shared.id();
        let mut w = Writer::new();
        w.map(3).text("method").text(method).text("id").uint(id).text("entropy").bytes(&self.shared.entropy(id));
        self.answer(Hook::Call, id, w, Message::of(args), |n| rt::run_call(extension, n))
    }

    /// Sends an event; `None` if the extension has nothing to say.
    pub fn event<T: OnEvent, D: Encode + ?Sized>(
        &self,
        extension: &T,
        event: &str,
        name: &str,
        data: &D,
    ) -> Option<Result<Message, Error>> {
        let id = self.shared.id();
        let mut w = Writer::new();
        w.map(5).text("event").text(event).text("id").uint(id).text("scope").uint(1).text("name").text(name);
        w.text("entropy").bytes(&self.shared.entropy(id));
        self.answer(Hook::Event, id, w, Message::of(data), |n| rt::run_event(extension, n))
    }

    /// Tells the extension that its memory was set back.
    pub fn resume<T: Resume>(&self, extension: &T, seed: u64) {
        self.run(Activation::new(Hook::Resume), &Message::default(), |_| extension.resume(seed));
    }

    /// Unloads the extension.
    pub fn dispose<T: Dispose>(&self, extension: &T) {
        self.run(Activation::new(Hook::Dispose), &Message::default(), |_| {
            let _frame = crate::current::Frame::enter();
            extension.dispose();
        });
    }

    /// Runs the hook `wrap` with a header as it is. The rest of the pipeline
    /// gives nil.
    pub fn wrap_raw<T: Wrap>(&self, extension: &T, header: &Message) {
        let mut activation = Activation::new(Hook::Wrap);
        activation.begin_operation(self.shared.id(), None, &Op::default(), Message::default());
        activation.with_next(&mut |_| Ok(Message::default()), |a| self.run(a, header, |n| rt::run_wrap(extension, n)));
    }

    /// Runs the hook `event` with a header as it is.
    pub fn event_raw<T: OnEvent>(&self, extension: &T, header: &Message) {
        self.run(Activation::new(Hook::Event), header, |n| rt::run_event(extension, n));
    }

    /// Runs the hook `call` with a header as it is.
    pub fn call_raw<T: Call>(&self, extension: &T, header: &Message) {
        self.run(Activation::new(Hook::Call), header, |n| rt::run_call(extension, n));
    }

    /// Makes the extension with a header as it is.
    pub fn init_raw<T: Init>(&self, header: &Message) -> Result<T, Error> {
        let mut activation = Activation::new(Hook::Init);
        activation.set_config(&self.shared);
        self.run(activation, header, |n| {
            let (_frame, header) = crate::header::enter(n);
            T::init(&Config { header })
        })
    }

    fn answer(
        &self,
        hook: Hook,
        id: u64,
        header: Writer,
        input: Message,
        run: impl FnOnce(u32) -> i32,
    ) -> Option<Result<Message, Error>> {
        let mut activation = Activation::new(hook);
        activation.set_config(&self.shared);
        activation.begin(id, self.shared.current().as_deref(), input);
        self.run(activation, &header.into_message(), |n| {
            let result = run(n);
            self.shared.current().expect("the hook's own").answered(result)
        })
    }

    /// Runs a hook as the current activation of this thread.
    fn run<R>(&self, activation: Activation, header: &Message, hook: impl FnOnce(u32) -> R) -> R {
        let n = activation.send(header.bytes());
        self.shared.running.borrow_mut().push(Rc::new(activation));
        let _leave = imports::enter(&self.shared);
        hook(n as u32)
    }
}

impl core::fmt::Debug for Host {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Host")
    }
}

impl Shared {
    fn id(&self) -> u64 {
        self.ids.set(self.ids.get() + 1);
        self.ids.get()
    }

    fn current(&self) -> Option<Rc<Activation>> {
        self.running.borrow().last().cloned()
    }

    /// Not random, so that a test gives the same each time, but another for
    /// each activation.
    fn entropy(&self, id: u64) -> [u8; 32] {
        let mut bytes = [0; 32];
        let mut rng = crate::random::Rng::from_seed(&[id as u8 ^ 0x5a; 32]);
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&(rng.next_u64() ^ id).to_le_bytes());
        }
        bytes
    }
}
