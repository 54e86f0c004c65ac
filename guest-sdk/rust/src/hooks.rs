use crate::{Answer, Args, Config, Event, Next, Operation, Result};

/// Makes the extension, once for each configuration that it is loaded with.
/// Its memory is then frozen: under the isolation mode Fresh each activation
/// begins from there.
///
/// An extension without it is made by [`Default`].
pub trait Init: Sized {
    /// An error makes the host refuse the extension. Of the host it reaches
    /// the log alone: clock, state and random numbers answer
    /// [`Status::PHASE`](crate::Status::PHASE).
    fn init(config: &Config) -> Result<Self>;
}

/// Wraps operations.
pub trait Wrap {
    /// Runs around an operation. Return
    ///
    /// - what `next` gave, to let that outcome stand, error or value;
    /// - an [`Answer`] of a value, or an error, of your own;
    /// - [`Answer::PASS`] for nothing to say.
    fn wrap(&self, op: &Operation, next: &Next) -> Result<Answer>;
}

/// Hears of what happens outside operations: `attach`, `change`, `tick`, ….
pub trait OnEvent {
    /// The right answer to an event that is not known is [`Answer::PASS`].
    fn on_event(&self, event: &Event) -> Result<Answer>;
}

/// Answers methods that the host calls by name.
pub trait Call {
    /// Answers a method; [`Answer::PASS`] says that there is no such method.
    fn call(&self, method: &str, args: &Args) -> Result<Answer> {
        let _ = (method, args);
        Ok(Answer::PASS)
    }

    /// The method `input_handler` of an enrichment mapping.
    fn input_handler(&self, args: &Args) -> Result<Answer> {
        self.call("input_handler", args)
    }

    /// The method `output_handler` of an enrichment mapping.
    fn output_handler(&self, args: &Args) -> Result<Answer> {
        self.call("output_handler", args)
    }
}

/// Runs after the extension's memory was set back, before what follows.
pub trait Resume {
    /// The seed is 64 random bits.
    fn resume(&self, seed: u64);
}

/// Runs once, when the host unloads the extension, on one of its instances.
pub trait Dispose {
    /// What must last goes to [`state`](crate::state).
    fn dispose(&self);
}
