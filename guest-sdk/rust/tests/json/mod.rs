//! Enough JSON to read the goldens of testdata/messages.

use aril::{Map, Message, Time, Value, Writer};

pub struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str) -> Self {
        Parser { rest: text }
    }

    fn eat(&mut self, c: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, c: char) {
        assert!(self.eat(c), "no {} at {:.40}", c, self.rest);
    }

    pub fn value(&mut self) -> Value {
        self.rest = self.rest.trim_start();
        for (word, value) in [("null", Value::Nil), ("true", true.into()), ("false", false.into())] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return value;
            }
        }
        if self.eat('[') {
            let mut list = Vec::new();
            while !self.eat(']') {
                list.push(self.value());
                self.eat(',');
            }
            return Value::List(list);
        }
        if self.eat('{') {
            let mut map = Map::new();
            while !self.eat('}') {
                let key = self.text();
                self.expect(':');
                assert!(map.insert(key, self.value()).is_none());
                self.eat(',');
            }
            return special(map);
        }
        if self.rest.starts_with('"') {
            return self.text().into();
        }
        let end = self.rest.find(|c: char| !"+-.eE0123456789".contains(c)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        integer(number)
    }

    fn text(&mut self) -> String {
        self.expect('"');
        let mut units: Vec<u16> = Vec::new();
        loop {
            let mut chars = self.rest.chars();
            let c = chars.next().expect("an unended text");
            self.rest = chars.as_str();
            match c {
                '"' => return String::from_utf16(&units).unwrap(),
                '\\' => {
                    let e = self.rest.chars().next().unwrap();
                    self.rest = &self.rest[1..];
                    if e == 'u' {
                        units.push(u16::from_str_radix(&self.rest[..4], 16).unwrap());
                        self.rest = &self.rest[4..];
                    } else {
                        let plain = "\"\\/bfnrt".find(e).expect("an escape");
                        units.push(b"\"\\/\x08\x0c\n\r\t"[plain].into());
                    }
                }
                c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            }
        }
    }
}

fn integer(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(n) => n.into(),
        Err(_) => text.parse::<u64>().expect("an integer").into(),
    }
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn float(text: &str) -> f64 {
    match text {
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        text => text.parse().expect("a float"),
    }
}

/// An object that stands for a value that JSON lacks.
fn special(map: Map) -> Value {
    let text = |key: &str| map.get(key).and_then(Value::as_str);
    if let Some(n) = text("$int") {
        return integer(n);
    }
    if let Some(f) = text("$float64") {
        return Value::Float(float(f));
    }
    if let Some(f) = text("$float32") {
        return Value::F32(float(f) as f32);
    }
    if let Some(b) = text("$bin") {
        return Value::Bytes(hex(b));
    }
    if let Some([seconds, nanoseconds]) = map.get("$time").and_then(Value::as_list) {
        let nanoseconds = nanoseconds.as_u64().unwrap() as u32;
        return Value::Time(Time { seconds: seconds.as_i64().unwrap(), nanoseconds });
    }
    if let Some(kind) = map.get("$ext") {
        let mut w = Writer::new();
        w.ext(kind.as_i64().unwrap() as i8, &hex(text("data").unwrap()));
        // An opaque value can only be read.
        return w.into_message().value().unwrap();
    }
    Value::Map(map)
}

/// A golden of testdata/messages.
pub struct Golden {
    pub name: String,
    pub kind: String,
    pub bytes: Message,
    pub content: Value,
    pub canonical: bool,
    pub refused: bool,
}

/// All goldens. It is an error if there are none.
pub fn goldens() -> Vec<Golden> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/messages");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect(folder) {
        let path = entry.unwrap().path();
        if path.extension().map_or(true, |e| e != "json") {
            continue;
        }
        let about = Parser::new(&std::fs::read_to_string(&path).unwrap()).value();
        all.push(Golden {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            kind: about.get("type").and_then(Value::as_str).unwrap().to_owned(),
            bytes: Message::raw(std::fs::read(path.with_extension("msgpack")).unwrap()),
            content: about.get("content").cloned().unwrap_or_default(),
            canonical: about.get("canonical").and_then(Value::as_bool).unwrap_or(false),
            refused: about.get("refused").is_some(),
        });
    }
    assert!(all.len() > 20, "only {} goldens", all.len());
    all
}
