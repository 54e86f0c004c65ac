//! Roles that keep something with the host.

use crate::Roles;
use aril::context::Level;
use aril::{state, Answer, Error, Event, Message, Next, Operation, Result, Value};

pub(crate) fn cache(_: &Roles, op: &Operation, next: &Next) -> Result<Answer> {
    let id: String = op.input()?.get("id")?.ok_or("no id")?;
    let key = format!("cache/{}", id);
    if let Some(kept) = state::get(&key)? {
        return Ok(Message::raw(kept).into());
    }
    let out = next.fetch()?;
    state::put(&key, out.message()?.bytes())?;
    Ok(out)
}

pub(crate) fn context(_: &Roles, op: &Operation, next: &Next) -> Result<Answer> {
    if op.name() == "inherit" {
        return inherited();
    }
    let input = op.input()?;
    Level::Own.set("own", &input)?;
    Level::Root.set("root", &input)?;
    Level::Root.append("list", &input)?;
    next.run()?;
    inherited()
}

pub(crate) fn inherited() -> Result<Answer> {
    Ok(aril::map! {
        "own" => Level::Own.get::<Value>("own")?,
        "root" => Level::Root.get::<Value>("root")?,
        "list" => Level::Root.get::<Value>("list")?,
    }
    .into())
}

/// A command: its name, its key, and what follows.
fn parts(command: &Value) -> Result<(&str, &str, &[Value])> {
    match command.as_list() {
        Some([name, key, rest @ ..]) => match (name.as_str(), key.as_str()) {
            (Some(name), Some(key)) => Ok((name, key, rest)),
            _ => Err("a command begins with two texts".into()),
        },
        _ => Err("a command is a list of two or more".into()),
    }
}

pub(crate) fn commands(_: &Roles, op: &Operation, _: &Next) -> Result<Answer> {
    let input = op.input()?.value()?;
    let commands = input.as_list().ok_or("no list of commands")?;
    let answers: Result<Vec<Value>> = commands.iter().map(command).collect();
    Ok(Value::List(answers?).into())
}

fn command(command: &Value) -> Result<Value> {
    let (name, key, rest) = parts(command)?;
    Ok(match (name, rest) {
        ("get", []) => match state::get(key)? {
            Some(kept) => Message::raw(kept).value()?,
            None => Value::Nil,
        },
        ("put", [v]) => {
            state::put(key, Message::of(v).bytes())?;
            Value::Nil
        }
        ("delete", []) => {
            state::delete(key)?;
            Value::Nil
        }
        ("add", [n]) => state::add(key, n.as_i64().ok_or("no integer")?)?.into(),
        ("append", [v]) => state::append(key, v.as_bytes().ok_or("no bytes")?)?.into(),
        ("list", []) => {
            let keys = state::list(key)?;
            keys.into_iter().map(|k| Value::from(String::from_utf8_lossy(&k).as_ref())).collect::<Vec<_>>().into()
        }
        ("swap", [old, new]) => {
            let kept = |v: &Value| if v.is_nil() { None } else { Some(Message::of(v).into_bytes()) };
            let (old, new) = (kept(old), kept(new));
            state::compare_and_swap(key, old.as_deref(), new.as_deref())?.into()
        }
        _ => return Err(Error::new("unknown_command", name)),
    })
}

pub(crate) fn event(event: &Event, answers_changes: bool) -> Result<Answer> {
    state::append("events", format!("{}\n", event.event()))?;
    if answers_changes && event.event() == "change" {
        return Ok(aril::map! {"changed" => event.data()?.value()?}.into());
    }
    Ok(Answer::PASS)
}
