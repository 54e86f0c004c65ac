//! What a hook sees of an operation and what comes of its answer.

use aril::testing::{Host, Op};
use aril::{Answer, Config, Error, Message, Next, Operation, Powers, Result, Status, Value};
use std::cell::{Cell, RefCell};

/// An extension that is a function.
struct Fn<F>(F);

impl<F: std::ops::Fn(&Operation, &Next) -> Result<Answer>> aril::Wrap for Fn<F> {
    fn wrap(&self, op: &Operation, next: &Next) -> Result<Answer> {
        (self.0)(op, next)
    }
}

fn extension<F: std::ops::Fn(&Operation, &Next) -> Result<Answer>>(f: F) -> Fn<F> {
    Fn(f)
}

fn busy() -> Error {
    Error::new("busy", "later").with_retryable(true)
}

fn text(m: &Message) -> String {
    m.decode().unwrap()
}

#[test]
fn pass_lets_the_host_run_the_rest() {
    let outcome = Host::new().wrap(&extension(|_, _| Ok(Answer::PASS)), &Op::default(), "in", Ok);
    assert_eq!(text(&outcome.result.unwrap()), "in");
    assert_eq!(outcome.from_next, Some(0));
}

#[test]
fn outcomes_of_next_come_out_as_they_were() {
    let host = Host::new();
    let outcome = host.wrap(&extension(|_, next| next.run()), &Op::default(), "in", Ok);
    assert_eq!(outcome.from_next, Some(0));
    let outcome = host.wrap(&extension(|_, next| next.run()), &Op::default(), "in", |_| Err(busy()));
    assert_eq!((outcome.from_next, outcome.result.unwrap_err().code()), (Some(0), "busy"));
}

#[test]
fn an_earlier_outcome_can_be_chosen_and_no_longer_be_read() {
    let host = Host::new();
    let calls = Cell::new(0);
    let rest = |_| {
        calls.set(calls.get() + 1);
        if calls.get() % 3 == 1 {
            Err(busy())
        } else {
            Ok(Message::of(&calls.get()))
        }
    };
    let chosen = extension(|_, next| {
        let failed = next.run();
        let second = next.run()?;
        next.run()?;
        assert_eq!(second.message().unwrap_err().status(), Some(Status::STALE));
        assert_eq!(failed.as_ref().unwrap_err().code(), "busy");
        failed
    });
    assert_eq!(host.wrap(&chosen, &Op::default(), &(), rest).from_next, Some(0));
    let fetched = extension(|_, next| {
        let _ = next.run();
        let second = next.fetch()?;
        next.run()?;
        assert_eq!(second.decode::<i64>()?, 5);
        Ok(second)
    });
    assert_eq!(host.wrap(&fetched, &Op::default(), &(), rest).from_next, Some(1));
}

#[test]
fn values_and_errors_of_its_own_replace_the_outcome() {
    let host = Host::new();
    let outcome = host.wrap(&extension(|_, _| Ok(aril::map! {"a" => 1}.into())), &Op::default(), &(), Ok);
    assert_eq!(outcome.result.unwrap().value().unwrap(), aril::map! {"a" => 1});
    assert!(outcome.inputs.is_empty());
    let wrapped = extension(|_, next| next.run().map_err(|e| Error::new("missing", "no such thing").with_cause(e)));
    let outcome = host.wrap(&wrapped, &Op::default(), &(), |_| Err(busy()));
    let e = outcome.result.unwrap_err();
    assert_eq!((outcome.from_next, e.code(), e.cause().unwrap().code()), (None, "missing", "busy"));
    assert_eq!(e.to_string(), "no such thing: later");
    let changed = extension(|_, next| next.run().map_err(|e| e.with_message("much later")));
    let e = host.wrap(&changed, &Op::default(), &(), |_| Err(busy())).result.unwrap_err();
    assert_eq!((e.code(), e.message(), e.retryable()), ("busy", "much later", true));
}

#[test]
fn a_replacement_holds_for_one_next() {
    let twice = extension(|op, next| {
        next.run_with(&op.input()?.set("n", &2)?)?;
        next.run()
    });
    let outcome = Host::new().wrap(&twice, &Op::default(), &aril::map! {"n" => 1, "x" => "y"}, Ok);
    let inputs: Vec<Value> = outcome.inputs.iter().map(|m| m.value().unwrap()).collect();
    assert_eq!(inputs, [aril::map! {"n" => 2, "x" => "y"}, aril::map! {"n" => 1, "x" => "y"}]);
}

#[test]
fn what_is_longer_than_the_mailbox_is_read_whole() {
    let host = Host::new();
    let long = "x".repeat(100_000);
    let reads = extension(|op, next| {
        assert_eq!(op.meta().get::<String>("tag")?.unwrap().len(), 50_000);
        assert_eq!(op.input()?.decode::<String>()?.len(), 100_000);
        let answer = next.fetch_with(&"y".repeat(9_000))?;
        assert_eq!(answer.decode::<String>()?.len(), 9_000);
        Ok(answer)
    });
    let op = Op { meta: aril::map! {"tag" => "t".repeat(50_000)}, ..Op::default() };
    assert_eq!(host.wrap(&reads, &op, &long, Ok).from_next, Some(0));
    let failed = extension(|_, next| next.fetch());
    let e = host.wrap(&failed, &op, &long, |_| Err(Error::new("long", "m".repeat(20_000)))).result.unwrap_err();
    assert_eq!(e.message().len(), 20_000);
}

#[test]
fn without_a_power_the_status_is_denied() {
    let denied = |powers: Powers, f: fn(&Operation, &Next) -> Result<()>| {
        let host = Host::new();
        host.powers(powers);
        let e = RefCell::new(None);
        let tried = extension(|op, next| {
            *e.borrow_mut() = f(op, next).err();
            Ok(Answer::PASS)
        });
        host.wrap(&tried, &Op::default(), "in", Ok);
        assert_eq!(e.into_inner().expect("an error").status(), Some(Status::DENIED));
    };
    denied(Powers(0), |op, _| op.input().map(drop));
    denied(Powers(0), |op, _| op.params().map(drop));
    denied(Powers::READ_INPUT, |_, next| next.run()?.message().map(drop));
    denied(Powers::READ_INPUT, |_, next| next.fetch().map(drop));
    denied(Powers::READ_INPUT, |_, next| next.run_with("x").map(drop));
    denied(Powers::READ_INPUT | Powers::READ_RESULT, |_, next| next.run().and(next.run()).map(drop));
}

#[test]
#[should_panic(expected = "the host takes no outcome: denied")]
fn an_answer_beyond_its_powers_ends_the_activation() {
    let host = Host::new();
    host.powers(Powers(0));
    host.wrap(&extension(|_, _| Ok(Answer::of(&1))), &Op::default(), &(), Ok);
}

#[test]
fn a_next_too_many_is_the_limit() {
    let op = Op { max_next: 2, ..Op::default() };
    let often = extension(|_, next| next.run().and_then(|_| next.run()).and_then(|_| next.run()));
    let outcome = Host::new().wrap(&often, &op, &(), Ok);
    assert_eq!((outcome.inputs.len(), outcome.result.unwrap_err().code()), (2, "limit"));
}

#[test]
fn the_same_instance_may_be_entered_while_its_next_runs() {
    let host = Host::new();
    let e = extension(|op, next| {
        let before = op.input()?.decode::<i64>()?;
        let answer = next.run()?;
        assert_eq!(op.input()?.decode::<i64>()?, before);
        Ok(Answer::of(&(answer.decode::<i64>()? + op.depth() as i64)))
    });
    let outcome = host.wrap(&e, &Op::default(), &1, |m| {
        let inner = host.wrap(&e, &Op::named("inner"), &(m.decode::<i64>()? + 10), Ok);
        assert_eq!(inner.inputs.len(), 1);
        inner.result
    });
    assert_eq!(outcome.result.unwrap().decode::<i64>().unwrap(), 12);
}

#[test]
fn each_activation_counts_its_own_next() {
    let host = Host::new();
    let e = extension(|op, next| {
        let first = next.run();
        next.run()?;
        if op.depth() == 0 {
            next.run()
        } else {
            first
        }
    });
    let calls = Cell::new(0);
    let outcome = host.wrap(&e, &Op::default(), &(), |m| {
        let inner = host.wrap(&e, &Op::named("inner"), &m, |_| {
            calls.set(calls.get() + 1);
            Ok(Message::of(&calls.get()))
        });
        assert_eq!(inner.from_next, Some(0));
        inner.result
    });
    assert_eq!((outcome.from_next, outcome.result.unwrap().decode::<i64>().unwrap()), (Some(2), 5));
}

#[test]
fn what_belongs_to_another_activation_is_refused() {
    let host = Host::new();
    let kept: RefCell<Option<Answer>> = RefCell::default();
    let keeps = extension(|_, next| {
        let answer = next.run()?;
        match kept.replace(Some(answer.clone())) {
            None => Ok(answer),
            Some(old) => {
                assert_eq!(old.message().unwrap_err().status(), Some(Status::STALE));
                Ok(old)
            }
        }
    });
    assert!(host.wrap(&keeps, &Op::default(), &1, Ok).result.is_ok());
    assert_eq!(host.wrap(&keeps, &Op::default(), &1, Ok).result.unwrap_err().code(), "stale");
}

struct Configured(i64);

impl aril::Init for Configured {
    fn init(config: &Config) -> Result<Self> {
        assert_eq!(aril::clock::now().unwrap_err().status(), Some(Status::PHASE));
        assert_eq!(aril::state::get("k").unwrap_err().status(), Some(Status::PHASE));
        let n: i64 = config.get(("deep", "n"))?.unwrap_or(3);
        if n < 0 {
            return Err(Error::new("bad_config", "n is negative"));
        }
        Ok(Configured(n))
    }
}

impl aril::Resume for Configured {
    fn resume(&self, seed: u64) {
        assert_eq!(seed, 7);
        aril::info!("resumed", n = self.0);
    }
}

#[test]
fn init_reads_its_configuration_and_may_refuse() {
    let host = Host::new();
    assert_eq!(host.init::<Configured>().unwrap().0, 3);
    host.config(&aril::map! {"deep" => aril::map! {"n" => 7}});
    let made: Configured = host.init().unwrap();
    assert_eq!(made.0, 7);
    host.resume(&made, 7);
    assert_eq!(host.lines(aril::log::Level::Info), ["resumed"]);
    host.config(&aril::map! {"deep" => aril::map! {"n" => -1}});
    assert_eq!(host.init::<Configured>().err().unwrap().code(), "bad_config");
    host.config(&aril::map! {"deep" => aril::map! {"n" => "seven"}});
    assert_eq!(host.init::<Configured>().err().unwrap().code(), "invalid");
}

#[test]
fn random_numbers_differ_between_operations() {
    let host = Host::new();
    let draws = extension(|op, _| {
        let (mut rng, mut again) = (op.rng(), op.rng());
        let first = rng.next_u64();
        assert_eq!(first, again.next_u64());
        assert!(rng.below(10) < 10 && (0.0..1.0).contains(&rng.f64()));
        Ok(Answer::of(&[first, rng.next_u64(), aril::random::u64()?]))
    });
    let mut seen: Vec<u64> = Vec::new();
    for _ in 0..5 {
        let drawn: Vec<u64> = host.wrap(&draws, &Op::default(), &(), Ok).result.unwrap().decode().unwrap();
        seen.extend(drawn);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 15);
}

#[test]
fn outside_of_a_hook_the_host_does_not_answer() {
    assert_eq!(aril::clock::now().unwrap_err().status(), Some(Status::PHASE));
    assert!(!aril::info!("nobody hears this"));
}

#[derive(Default)]
struct Methods;

impl aril::Call for Methods {
    fn call(&self, method: &str, args: &aril::Args) -> Result<Answer> {
        match method {
            "echo" => Ok(args.message()?.into()),
            _ => Ok(Answer::PASS),
        }
    }

    fn input_handler(&self, args: &aril::Args) -> Result<Answer> {
        Ok(aril::map! {"in" => args.message()?.value()?}.into())
    }
}

aril::export!(Methods: call);

#[test]
fn methods_are_answered_by_name() {
    let host = Host::new();
    assert_eq!(text(&host.call(&Methods, "echo", "hi").unwrap().unwrap()), "hi");
    assert!(host.call(&Methods, "aril.manifest", &()).is_none());
    assert!(host.call(&Methods, "output_handler", &()).is_none());
    let answer = host.call(&Methods, "input_handler", &1).unwrap().unwrap();
    assert_eq!(answer.value().unwrap(), aril::map! {"in" => 1});
}
