use super::{DecodeError, Kind, Reader, Writer};
use alloc::vec::Vec;

/// One step into a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Into a map.
    Key(&'a str),
    /// Into a list, from 0.
    Index(usize),
}

/// The way to a part of a value: a key, an index, a tuple or a slice of steps.
///
/// ```
/// # let order = aril::Message::of(&aril::map! {"lines" => aril::list![aril::map! {"count" => 7}]});
/// let count: Option<i64> = order.get(("lines", 0, "count"))?;
/// # assert_eq!(count, Some(7)); Ok::<(), aril::Error>(())
/// ```
pub trait Path {
    /// The i-th step, `None` past the last.
    fn step(&self, i: usize) -> Option<Step<'_>>;
}

/// What a tuple that is a [`Path`] consists of.
pub trait AsStep {
    /// The step.
    fn as_step(&self) -> Step<'_>;
}

impl AsStep for &str {
    fn as_step(&self) -> Step<'_> {
        Step::Key(self)
    }
}

impl AsStep for usize {
    fn as_step(&self) -> Step<'_> {
        Step::Index(*self)
    }
}

impl AsStep for Step<'_> {
    fn as_step(&self) -> Step<'_> {
        *self
    }
}

macro_rules! path_of_one {
    ($($t:ty),*) => {$(
        impl Path for $t {
            fn step(&self, i: usize) -> Option<Step<'_>> {
                if i == 0 { Some(self.as_step()) } else { None }
            }
        }
    )*};
}
path_of_one!(&str, usize, Step<'_>);

macro_rules! path_of_tuple {
    ($($t:ident $i:tt),*) => {
        impl<$($t: AsStep),*> Path for ($($t,)*) {
            fn step(&self, i: usize) -> Option<Step<'_>> {
                match i {
                    $($i => Some(self.$i.as_step()),)*
                    _ => None,
                }
            }
        }
    };
}
path_of_tuple!(A 0, B 1);
path_of_tuple!(A 0, B 1, C 2);
path_of_tuple!(A 0, B 1, C 2, D 3);
path_of_tuple!(A 0, B 1, C 2, D 3, E 4);

impl Path for &[Step<'_>] {
    fn step(&self, i: usize) -> Option<Step<'_>> {
        self.get(i).copied()
    }
}

impl Path for &[&str] {
    fn step(&self, i: usize) -> Option<Step<'_>> {
        self.get(i).map(|key| Step::Key(key))
    }
}

type Result<T> = core::result::Result<T, DecodeError>;

fn is_key(raw: &[u8], key: &str) -> bool {
    matches!(Reader::new(raw).text(), Ok(text) if text == key)
}

/// Moves to a part of the value that comes next and gives its index there.
/// Where there is no such part the reader is past the value, or before it if
/// it is no map or list.
fn enter(r: &mut Reader<'_>, step: Step<'_>) -> Result<Option<usize>> {
    match (step, r.kind()?) {
        (Step::Key(key), Kind::Map) => {
            for i in 0..r.map()? {
                if is_key(r.raw()?, key) {
                    return Ok(Some(i));
                }
                r.skip()?;
            }
        }
        (Step::Index(wanted), Kind::List) => {
            for i in 0..r.list()? {
                if i == wanted {
                    return Ok(Some(i));
                }
                r.skip()?;
            }
        }
        _ => {}
    }
    Ok(None)
}

/// Finds the bytes of a part. An empty message counts as nil.
pub(crate) fn find<'a>(bytes: &'a [u8], path: &dyn Path) -> Result<Option<&'a [u8]>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut r = Reader::new(bytes);
    let mut i = 0;
    while let Some(step) = path.step(i) {
        if enter(&mut r, step)?.is_none() {
            return Ok(None);
        }
        i += 1;
    }
    r.raw().map(Some)
}

/// Gives the bytes with another value at a path, and every other byte as it
/// was. Maps that are missing on the way are made, and an index that is a
/// list's length appends to it.
pub(crate) fn set(bytes: &[u8], path: &dyn Path, value: &[u8]) -> Result<Vec<u8>> {
    let mut w = Writer::new();
    let mut r = Reader::new(if bytes.is_empty() { &[0xc0] } else { bytes });
    edit(&mut r, &mut w, path, 0, Some(value))?;
    r.end()?;
    Ok(w.into_message().into_bytes())
}

/// Gives the bytes without what is at a path, `None` where there is nothing.
pub(crate) fn remove(bytes: &[u8], path: &dyn Path) -> Result<Option<Vec<u8>>> {
    if find(bytes, path)?.is_none() {
        return Ok(None);
    }
    let mut w = Writer::new();
    let mut r = Reader::new(bytes);
    edit(&mut r, &mut w, path, 0, None)?;
    r.end()?;
    Ok(Some(w.into_message().into_bytes()))
}

/// Copies the value that comes next, but for the part at the rest of the path:
/// that becomes `value`, or is left out, when it exists.
fn edit(r: &mut Reader<'_>, w: &mut Writer, path: &dyn Path, i: usize, value: Option<&[u8]>) -> Result<()> {
    let step = match (path.step(i), value) {
        (Some(step), _) => step,
        (None, value) => {
            r.skip()?;
            w.raw(value.unwrap_or(&[0xc0]));
            return Ok(());
        }
    };
    if r.nil()? {
        return make(w, path, i, value.unwrap_or(&[0xc0]));
    }
    let found = enter(&mut r.clone(), step)?;
    let removed = found.is_some() && value.is_none() && path.step(i + 1).is_none();
    let added = usize::from(found.is_none());
    let (count, keyed) = match (step, r.kind()?) {
        (Step::Key(_), Kind::Map) => (r.map()?, true),
        (Step::Index(wanted), Kind::List) => {
            let error = r.error("the list is shorter than the index");
            let count = r.list()?;
            if wanted > count {
                return Err(error);
            }
            (count, false)
        }
        (Step::Key(_), _) => return Err(r.error("no map")),
        (Step::Index(_), _) => return Err(r.error("no list")),
    };
    let left = count + added - usize::from(removed);
    if keyed {
        w.map(left);
    } else {
        w.list(left);
    }
    for j in 0..count {
        let key = if keyed { r.raw()? } else { &[] };
        match (Some(j) == found, removed) {
            (true, true) => r.skip()?,
            (true, false) => {
                w.raw(key);
                edit(r, w, path, i + 1, value)?;
            }
            (false, _) => {
                w.raw(key).raw(r.raw()?);
            }
        }
    }
    if found.is_none() {
        if let Step::Key(key) = step {
            w.text(key);
        }
        make(w, path, i + 1, value.unwrap_or(&[0xc0]))?;
    }
    Ok(())
}

/// Writes the value into the maps that the rest of the path names.
fn make(w: &mut Writer, path: &dyn Path, i: usize, value: &[u8]) -> Result<()> {
    match path.step(i) {
        None => {
            w.raw(value);
            return Ok(());
        }
        Some(Step::Key(key)) => w.map(1).text(key),
        Some(Step::Index(0)) => w.list(1),
        Some(Step::Index(_)) => return Err(DecodeError::new(0, "the list is shorter than the index")),
    };
    make(w, path, i + 1, value)
}
