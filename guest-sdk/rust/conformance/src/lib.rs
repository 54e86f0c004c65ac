//! The extension that the SDK is tested with: every role of
//! testdata/conformance.

mod faults;
mod kept;

use aril::{Answer, Args, Config, Error, Event, Message, Next, Operation, Result, Value};
use std::cell::Cell;

type Wrap = fn(&Roles, &Operation, &Next) -> Result<Answer>;

pub(crate) struct Roles {
    role: String,
    config: Message,
    wrap: Wrap,
    number: Cell<i64>,
}

impl aril::Init for Roles {
    fn init(config: &Config) -> Result<Self> {
        let role: String = config.get("role")?.unwrap_or_default();
        let wrap = find(&role).ok_or_else(|| Error::new("unknown_role", &role))?;
        if role == "init-error" {
            return Err(Error::new("bad_config", "refused"));
        }
        Ok(Roles { config: config.message()?, wrap, number: Cell::new(40), role })
    }
}

impl aril::Wrap for Roles {
    fn wrap(&self, op: &Operation, next: &Next) -> Result<Answer> {
        (self.wrap)(self, op, next)
    }
}

impl aril::OnEvent for Roles {
    fn on_event(&self, event: &Event) -> Result<Answer> {
        match self.role.as_str() {
            "events" | "change" => kept::event(event, self.role == "change"),
            _ => Ok(Answer::PASS),
        }
    }
}

impl aril::Call for Roles {
    fn call(&self, method: &str, args: &Args) -> Result<Answer> {
        if self.role != "call" {
            return Ok(Answer::PASS);
        }
        match method {
            "echo" => Ok(args.message()?.into()),
            "sum" => Ok(Answer::of(&args.decode::<Vec<i64>>()?.iter().sum::<i64>())),
            "fail" => Err(Error::new("failed", "as asked").with_data(&args.message()?)),
            _ => Ok(Answer::PASS),
        }
    }
}

impl aril::Dispose for Roles {
    fn dispose(&self) {
        if self.role == "dispose" {
            if let Err(e) = aril::state::put("disposed", Message::of(&true).bytes()) {
                aril::error!("dispose", error = e);
            }
        }
    }
}

aril::export!(Roles: init, wrap, event, call, dispose);

fn find(role: &str) -> Option<Wrap> {
    Some(match role {
        "pass" | "call" | "events" | "change" | "dispose" | "init-error" => |_, _, _| Ok(Answer::PASS),
        "through" => |_, _, next| next.run(),
        "read" => read,
        "rebuild" => |_, op, next| next.run_with(&op.input()?.value()?),
        "change-result" => change_result,
        "change-input" => change_input,
        "short-circuit" => |r, _, _| r.answer(),
        "retry" => retry,
        "fallback" => |r, _, next| next.run().or_else(|_| r.answer()),
        "choose" => choose,
        "cache" => kept::cache,
        "count" => |_, _, _| Ok(Answer::of(&aril::state::add("count", 1)?)),
        "deny" => deny,
        "translate-error" => translate_error,
        "explain" => explain,
        "describe" => describe,
        "context" => kept::context,
        "inherit" => |_, _, _| kept::inherited(),
        "log" => log,
        "flood" => flood,
        "trap" => faults::trap,
        "trap-after" => faults::trap_after,
        "loop" => faults::endless,
        "recurse" => faults::recurse,
        "hog" => faults::hog,
        "huge" => |r, _, _| Ok(Value::Bytes(vec![7; r.get("size")?]).into()),
        "malformed" => |_, _, _| Ok(Message::raw(vec![0xc1]).into()),
        "random" => random,
        "sleep" => sleep,
        "clock" => |_, _, _| Ok(Answer::of(&aril::clock::now()?)),
        "state" => kept::commands,
        "init-state" => |r, _, _| {
            r.number.set(r.number.get() + 1);
            Ok(Answer::of(&r.number.get()))
        },
        _ => return None,
    })
}

impl Roles {
    fn get<T: aril::Decode>(&self, key: &str) -> Result<T> {
        self.config.get(key)?.ok_or_else(|| Error::new("bad_config", format!("no {}", key)))
    }

    fn answer(&self) -> Result<Answer> {
        Ok(self.config.part("answer")?.unwrap_or_default().into())
    }
}

fn read(_: &Roles, _: &Operation, next: &Next) -> Result<Answer> {
    let outcome = next.run();
    match &outcome {
        Ok(answer) => drop(answer.value()?),
        Err(e) => drop((e.code().to_string(), e.message().to_string(), e.data().value()?)),
    }
    outcome
}

fn change_result(r: &Roles, _: &Operation, next: &Next) -> Result<Answer> {
    let was = next.fetch()?.value()?;
    let by = r.config.get::<Value>("by")?;
    Ok(aril::map! {"was" => was, "by" => by}.into())
}

fn change_input(_: &Roles, op: &Operation, next: &Next) -> Result<Answer> {
    let input = op.input()?;
    let n: i64 = input.get("n")?.ok_or("no n")?;
    next.run_with(&input.set("n", &(n + 1))?)
}

fn retry(r: &Roles, _: &Operation, next: &Next) -> Result<Answer> {
    let attempts: u32 = r.config.get("attempts")?.unwrap_or(3);
    for _ in 1..attempts {
        match next.run() {
            Err(e) if e.retryable() => {}
            outcome => return outcome,
        }
    }
    next.run()
}

fn choose(r: &Roles, _: &Operation, next: &Next) -> Result<Answer> {
    let (times, which): (u32, u32) = (r.get("times")?, r.get("which")?);
    let mut chosen = Ok(Answer::PASS);
    for i in 0..times {
        let outcome = next.run();
        if let Err(e) = &outcome {
            if e.status().is_some() {
                return outcome;
            }
        }
        if i == which {
            chosen = outcome;
        }
    }
    chosen
}

fn deny(_: &Roles, op: &Operation, _: &Next) -> Result<Answer> {
    let role: String = op.input()?.get("role")?.unwrap_or_default();
    if role == "admin" {
        return Ok(Answer::PASS);
    }
    Err(Error::new("denied", format!("not for {}", role)).with_data(&aril::map! {"role" => role}))
}

fn translate_error(_: &Roles, _: &Operation, next: &Next) -> Result<Answer> {
    next.run().map_err(|e| {
        if e.code() != "not_found" || e.status().is_some() {
            return e;
        }
        let message = format!("no such thing: {}", e.message());
        Error::new("missing", message).with_retryable(true).with_cause(e)
    })
}

fn explain(_: &Roles, _: &Operation, next: &Next) -> Result<Answer> {
    let e = match next.run() {
        Err(e) if e.status().is_none() => e,
        outcome => return outcome,
    };
    Ok(aril::map! {
        "code" => e.code(),
        "message" => e.message(),
        "retryable" => e.retryable(),
        "data" => e.data().value()?,
        "cause" => e.cause().map(|cause| cause.code().to_string()),
    }
    .into())
}

fn describe(_: &Roles, op: &Operation, _: &Next) -> Result<Answer> {
    Ok(aril::map! {
        "kind" => op.kind(),
        "name" => op.name(),
        "key" => op.key(),
        "depth" => op.depth(),
        "max_next" => op.max_next(),
        "meta" => op.meta().value()?,
        "params" => op.params()?.value()?,
    }
    .into())
}

fn log(_: &Roles, _: &Operation, _: &Next) -> Result<Answer> {
    aril::debug!("a debug line", n = 1);
    aril::info!("an info line", n = 2);
    aril::warn!("a warn line", n = 3);
    aril::error!("an error line", n = 4);
    Ok(Answer::PASS)
}

fn flood(r: &Roles, _: &Operation, _: &Next) -> Result<Answer> {
    let line = format!("line {}", "x".repeat(1000));
    for _ in 0..r.get::<u32>("lines")? {
        aril::info!(&line);
    }
    Ok(Answer::PASS)
}

/// Half of them by the generator that the host seeds, half the host's own.
fn random(_: &Roles, op: &Operation, _: &Next) -> Result<Answer> {
    let mut rng = op.rng();
    Ok(Answer::of(&[rng.next_u64(), rng.next_u64(), aril::random::u64()?, aril::random::u64()?]))
}

fn sleep(r: &Roles, _: &Operation, _: &Next) -> Result<Answer> {
    let before = aril::clock::monotonic()?;
    aril::clock::sleep(std::time::Duration::from_millis(r.get("ms")?))?;
    let slept = aril::clock::monotonic()?.saturating_sub(before);
    Ok(Answer::of(&(slept.as_millis() as u64)))
}
