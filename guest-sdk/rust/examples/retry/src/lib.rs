//! Tries an operation again when trying again may help.

use aril::{Answer, Config, Next, Operation, Result};
use std::time::Duration;

struct Retry {
    attempts: u32,
    pause: Duration,
}

impl aril::Init for Retry {
    fn init(config: &Config) -> Result<Self> {
        Ok(Retry {
            attempts: config.get("attempts")?.unwrap_or(3),
            pause: Duration::from_millis(config.get("pause_ms")?.unwrap_or(10)),
        })
    }
}

impl aril::Wrap for Retry {
    fn wrap(&self, op: &Operation, next: &Next) -> Result<Answer> {
        for attempt in 1..self.attempts {
            match next.run() {
                Err(e) if e.retryable() => {
                    aril::warn!("trying again", operation = op.name(), attempt = attempt, error = e);
                    aril::clock::sleep(self.pause)?;
                }
                outcome => return outcome,
            }
        }
        next.run()
    }
}

aril::export!(Retry: init, wrap);

#[cfg(test)]
mod tests {
    use super::Retry;
    use aril::testing::{Host, Op};
    use aril::{log, Error, Message};

    #[test]
    fn it_tries_three_times() {
        let host = Host::new();
        host.config(&aril::map! {"attempts" => 3});
        let retry: Retry = host.init().unwrap();
        let begin = host.now().nanoseconds;
        let outcome = host.wrap(&retry, &Op::named("order.place"), "an order", |_| {
            Err(Error::new("busy", "later").with_retryable(true))
        });
        assert_eq!(outcome.inputs.len(), 3);
        assert_eq!(outcome.from_next, Some(2));
        assert_eq!(host.lines(log::Level::Warn), ["trying again", "trying again"]);
        assert_eq!(host.now().nanoseconds - begin, 20_000_000);
    }

    #[test]
    fn it_gives_up_when_trying_again_does_not_help() {
        let host = Host::new();
        let retry: Retry = host.init().unwrap();
        let refused = |_| Err::<Message, _>(Error::new("sold_out", "none left"));
        let outcome = host.wrap(&retry, &Op::named("order.place"), "an order", refused);
        assert_eq!((outcome.inputs.len(), outcome.result.unwrap_err().code()), (1, "sold_out"));
    }
}
