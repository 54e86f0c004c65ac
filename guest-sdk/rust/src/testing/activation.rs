use super::{Kept, Op, Shared};
use crate::{sys, Error, Message, Status, Value};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::vec::Vec;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    Init,
    Resume,
    Wrap,
    Event,
    Call,
    Dispose,
}

/// What a hook said that its outcome will be.
#[derive(Clone)]
enum Said {
    Value(Message),
    Error(Message),
    Next(usize),
}

/// The rest of the pipeline, while its operation is wrapped.
type Rest = *mut (dyn FnMut(Message) -> Result<Message, Error> + 'static);

/// One run of one hook.
pub(super) struct Activation {
    pub(super) hook: Hook,
    pub(super) root: u64,
    pub(super) depth: u64,
    pub(super) own: Vec<Kept>, // its level Own, and those that it inherits
    pub(super) top: Kept,
    message: RefCell<Option<Vec<u8>>>,
    input: Option<Message>,
    params: Option<Message>,
    config: Option<Message>,
    script: Option<Message>,
    max_next: u32,
    rest: Cell<Option<Rest>>,
    outcomes: RefCell<Vec<Result<Message, Error>>>,
    said: RefCell<Option<Said>>,
}

fn pack(status: Status, n: usize) -> u64 {
    u64::from(status.0) << 32 | n as u64
}

impl Activation {
    pub(super) fn new(hook: Hook) -> Activation {
        Activation {
            hook,
            root: 0,
            depth: 0,
            own: Vec::new(),
            top: Kept::default(),
            message: RefCell::default(),
            input: None,
            params: None,
            config: None,
            script: None,
            max_next: 0,
            rest: Cell::new(None),
            outcomes: RefCell::default(),
            said: RefCell::default(),
        }
    }

    pub(super) fn set_config(&mut self, shared: &Shared) {
        self.config = shared.config.borrow().clone();
        self.script = shared.script.borrow().clone();
    }

    pub(super) fn begin(&mut self, id: u64, outer: Option<&Activation>, input: Message) {
        self.input = Some(input);
        self.own.push(Kept::default());
        self.root = id;
        if let Some(outer) = outer {
            self.root = outer.root;
            self.depth = outer.depth + 1;
            self.own.extend(outer.own.iter().cloned());
            self.top = Rc::clone(&outer.top);
        }
    }

    pub(super) fn begin_operation(&mut self, id: u64, outer: Option<&Activation>, op: &Op, input: Message) {
        self.begin(id, outer, input);
        self.max_next = op.max_next;
        if op.params != Value::Nil {
            self.params = Some(Message::of(&op.params));
        }
    }

    /// Lets `next` be called while f runs.
    pub(super) fn with_next<R>(
        self,
        next: &mut (dyn FnMut(Message) -> Result<Message, Error> + '_),
        f: impl FnOnce(Activation) -> R,
    ) -> R {
        // The activation is gone when f returns, and with it the pointer.
        let rest: Rest =
            unsafe { core::mem::transmute(next as *mut (dyn FnMut(Message) -> Result<Message, Error> + '_)) };
        self.rest.set(Some(rest));
        f(self)
    }

    /// Leaves a message for the guest and gives its length.
    pub(super) fn send(&self, bytes: &[u8]) -> usize {
        let fits = bytes.len() <= crate::mailbox::SIZE;
        *self.message.borrow_mut() = if fits { None } else { Some(bytes.to_vec()) };
        if fits {
            // The mailbox has room, and nothing refers to it.
            unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), crate::mailbox::pointer(), bytes.len()) };
        }
        bytes.len()
    }

    pub(super) fn read(&self, slot: u32, powers: u32) -> Result<Message, Status> {
        let outcomes = self.outcomes.borrow();
        let wraps = self.hook == Hook::Wrap;
        let (power, found) = match slot {
            sys::SLOT_MESSAGE => (0, self.message.borrow().clone().map(Message::raw)),
            sys::SLOT_INPUT if self.hook != Hook::Init => (u32::from(self.hook != Hook::Call), self.input.clone()),
            sys::SLOT_PARAMS if wraps => (1, self.params.clone()),
            sys::SLOT_RESULT if wraps => (2, outcomes.last().and_then(|o| o.clone().ok())),
            sys::SLOT_ERROR if wraps => (0, outcomes.last().and_then(|o| o.as_ref().err()).map(Message::of)),
            sys::SLOT_CONFIG => (0, self.config.clone()),
            sys::SLOT_SCRIPT => (0, self.script.clone()),
            sys::SLOT_INPUT..=sys::SLOT_SCRIPT => return Err(Status::PHASE),
            _ => return Err(Status::INVALID),
        };
        if powers & power != power {
            return Err(Status::DENIED);
        }
        found.ok_or(Status::NOT_FOUND)
    }

    /// Runs the rest of the pipeline.
    pub(super) fn next(&self, input: Option<Message>, flags: u32, powers: u32) -> u64 {
        let ran = self.outcomes.borrow().len() as u32;
        let needed = (if input.is_some() { 8 } else { 0 }) | (flags & sys::NEXT_READ) | if ran > 0 { 64 } else { 0 };
        if self.hook != Hook::Wrap {
            return pack(Status::PHASE, 0);
        }
        if powers & needed != needed {
            return pack(Status::DENIED, 0);
        }
        if ran >= self.max_next {
            return pack(Status::LIMIT, 0);
        }
        let input = input.or_else(|| self.input.clone()).unwrap_or_default();
        let outcome = match self.rest.get() {
            // It lives as long as the activation, and is called from nowhere
            // else.
            Some(rest) => unsafe { (*rest)(input) },
            None => Err(Error::from(Status::PHASE)),
        };
        let (status, message) = match &outcome {
            Ok(m) => (Status(0), m.clone()),
            Err(e) => (Status::FAILED, Message::of(e)),
        };
        self.outcomes.borrow_mut().push(outcome);
        let n = if flags & sys::NEXT_READ != 0 { self.send(message.bytes()) } else { 0 };
        // A long one is in the slot of the outcome alone.
        *self.message.borrow_mut() = None;
        pack(status, n)
    }

    pub(super) fn outcome(&self, kind: u32, message: &[u8], index: usize, powers: u32) -> Status {
        let outcomes = self.outcomes.borrow();
        let wraps = self.hook == Hook::Wrap;
        if matches!(self.hook, Hook::Resume | Hook::Dispose) || self.hook == Hook::Init && kind != sys::OUTCOME_ERROR {
            return Status::PHASE;
        }
        let failed = matches!(outcomes.last(), Some(Err(_)));
        let may = powers & (16 | 32) != 0 || kind == sys::OUTCOME_ERROR && failed;
        let said = match kind {
            sys::OUTCOME_NEXT if !wraps => return Status::PHASE,
            sys::OUTCOME_NEXT if index >= outcomes.len() => return Status::NOT_FOUND,
            sys::OUTCOME_NEXT => Said::Next(index),
            sys::OUTCOME_VALUE | sys::OUTCOME_ERROR if wraps && !may => return Status::DENIED,
            sys::OUTCOME_VALUE => Said::Value(Message::raw(message.to_vec())),
            sys::OUTCOME_ERROR => Said::Error(Message::raw(message.to_vec())),
            _ => return Status::INVALID,
        };
        // One value, whole.
        let mut r = crate::Reader::new(message);
        let whole = r.skip().and_then(|()| r.end()).is_ok();
        *self.said.borrow_mut() = Some(said);
        if kind == sys::OUTCOME_NEXT || whole {
            Status(0)
        } else {
            Status::INVALID
        }
    }

    /// How the operation ends, and which `next` that came from.
    pub(super) fn conclude(&self, hook: i32, shared: &Shared) -> (Result<Message, Error>, Option<usize>) {
        let stands = |i: usize| (self.outcomes.borrow()[i].clone(), Some(i));
        let ran = self.outcomes.borrow().len();
        if hook == sys::PASS {
            if ran == 0 {
                self.max_next_once();
                self.next(None, 0, shared.powers.get());
                return stands(0);
            }
            return stands(ran - 1);
        }
        match self.said.borrow().clone() {
            Some(Said::Next(i)) => stands(i),
            Some(Said::Value(m)) => (Ok(m), None),
            Some(Said::Error(m)) => (Err(read_error(&m)), None),
            None => panic!("the hook answered {} and gave no outcome", hook),
        }
    }

    fn max_next_once(&self) {
        assert!(self.max_next > 0, "the operation allows no next");
    }

    /// What a hook other than wrap answered.
    pub(super) fn answered(&self, hook: i32) -> Option<Result<Message, Error>> {
        if hook == sys::PASS {
            return None;
        }
        match self.said.borrow().clone() {
            Some(Said::Value(m)) => Some(Ok(m)),
            Some(Said::Error(m)) => Some(Err(read_error(&m))),
            _ => panic!("the hook answered {} and gave no outcome", hook),
        }
    }
}

fn read_error(m: &Message) -> Error {
    m.decode().expect("an Error message")
}
