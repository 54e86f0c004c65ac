//! Messages, parts of them, and records.

use aril::{DecodeError, Message, Time, Value};
use std::collections::{BTreeMap, HashMap};

#[test]
fn parts_are_read_without_the_rest() {
    let m = Message::of(&aril::map! {"lines" => aril::list![aril::map! {"count" => 7}, Value::Nil], "" => 0});
    assert_eq!(m.get::<i64>(("lines", 0, "count")).unwrap(), Some(7));
    assert_eq!(m.get::<i64>(("lines", 1)).unwrap(), None);
    for path in [&["lines", "count"][..], &["none"], &["none", "deeper"]] {
        assert_eq!(m.get::<i64>(path).unwrap(), None, "{:?}", path);
    }
    assert!(m.part(("lines", 2)).unwrap().is_none());
    assert_eq!(m.part("").unwrap().unwrap().bytes(), [0]);
    assert_eq!(m.get::<String>(("lines", 0, "count")).unwrap_err().code(), "invalid");
}

#[test]
fn setting_a_part_leaves_every_other_byte() {
    // Integers wider than they need be, so that a copy would show.
    let m = Message::raw(b"\x83\xa1a\xcd\x00\x01\xa1b\x92\x01\xcf\0\0\0\0\0\0\0\x02\xa1c\xc0".to_vec());
    let set = |path: &[aril::msgpack::Step<'_>], v: i64| m.set(path, &v).map(Message::into_bytes);
    use aril::msgpack::Step::{Index, Key};
    assert_eq!(
        set(&[Key("b"), Index(0)], 9).unwrap(),
        b"\x83\xa1a\xcd\x00\x01\xa1b\x92\x09\xcf\0\0\0\0\0\0\0\x02\xa1c\xc0"
    );
    assert_eq!(
        set(&[Key("b"), Index(2)], 9).unwrap(),
        b"\x83\xa1a\xcd\x00\x01\xa1b\x93\x01\xcf\0\0\0\0\0\0\0\x02\x09\xa1c\xc0"
    );
    assert_eq!(
        set(&[Key("d")], 9).unwrap(),
        b"\x84\xa1a\xcd\x00\x01\xa1b\x92\x01\xcf\0\0\0\0\0\0\0\x02\xa1c\xc0\xa1d\x09"
    );
    assert_eq!(set(&[Key("c"), Key("x"), Index(0)], 9).unwrap()[m.bytes().len() - 1..], *b"\x81\xa1x\x91\x09");
    assert_eq!(set(&[], 9).unwrap(), [9]);
    for path in [&[Key("a"), Key("x")][..], &[Key("b"), Index(3)], &[Index(0)], &[Key("d"), Index(1)]] {
        assert_eq!(set(path, 9).unwrap_err().code(), "invalid", "{:?}", path);
    }
    assert_eq!(m.remove("b").unwrap().bytes(), b"\x82\xa1a\xcd\x00\x01\xa1c\xc0");
    assert_eq!(m.remove(("b", 0)).unwrap().bytes(), b"\x83\xa1a\xcd\x00\x01\xa1b\x91\xcf\0\0\0\0\0\0\0\x02\xa1c\xc0");
    assert_eq!(m.remove("none").unwrap(), m);
    assert_eq!(Message::default().set(("a", "b"), &1).unwrap().bytes(), b"\x81\xa1a\x81\xa1b\x01");
}

aril::record! {
    #[derive(Clone, Debug, PartialEq)]
    struct Order {
        id: String,
        total: i64 = 5,
        unit_price as "unitPrice": Option<f64>,
        lines: Vec<Line>,
    }

    #[derive(Clone, Debug, PartialEq)]
    struct Line {
        count: u8,
        placed: Option<Time>,
        next: Option<Box<Line>>,
    }

    #[derive(Debug, PartialEq)]
    struct Empty {}
}

#[test]
fn records_are_maps() {
    let line = Line { count: 1, placed: Some(Time { seconds: 1, nanoseconds: 5 }), next: None };
    let outer = Line { count: 2, placed: None, next: Some(Box::new(line.clone())) };
    let order = Order { id: "o".into(), total: 7, unit_price: Some(1.5), lines: vec![line, outer] };
    let m = Message::of(&order);
    assert_eq!(m.get::<f64>("unitPrice").unwrap(), Some(1.5));
    assert_eq!(m.decode::<Order>().unwrap(), order);
    assert_eq!(m.set("unknown", &aril::list![1, 2]).unwrap().decode::<Order>().unwrap(), order);
    assert_eq!(m.remove("total").unwrap().remove("unitPrice").unwrap().decode::<Order>().unwrap().total, 5);
    assert_eq!(m.decode::<Empty>().unwrap(), Empty {});
    assert_eq!(Message::of(&Empty {}).bytes(), [0x80]);
    let e = m.remove("lines").unwrap().decode::<Order>().unwrap_err();
    assert_eq!((e.code(), e.message()), ("invalid", "msgpack: no key lines at byte 0"));
    assert!(m.set(("lines", 0, "count"), &256).unwrap().decode::<Order>().is_err());
}

#[test]
fn a_record_within_itself_is_read_to_the_depth_of_messages() {
    let mut w = aril::Writer::new();
    for _ in 0..100_000 {
        w.map(2).text("count").int(1).text("next");
    }
    w.nil();
    let m = w.into_message();
    assert_eq!(m.decode::<Line>().unwrap_err().code(), "invalid");
    assert_eq!(m.value().unwrap_err().code(), "invalid");
    let mut deepest = Line { count: 0, placed: None, next: None };
    for count in 1..64 {
        deepest = Line { count, placed: None, next: Some(Box::new(deepest)) };
    }
    assert_eq!(Message::of(&deepest).decode::<Line>().unwrap(), deepest);
}

#[test]
fn numbers_convert_where_nothing_is_lost() {
    let exact = |v: Value| Message::of(&v);
    assert_eq!(exact(5.0.into()).decode::<u8>().unwrap(), 5);
    assert_eq!(exact(Value::Int(-(1 << 53))).decode::<f64>().unwrap(), -9_007_199_254_740_992.0);
    assert_eq!(exact(u64::MAX.into()).decode::<u64>().unwrap(), u64::MAX);
    assert_eq!(exact(i64::MIN.into()).decode::<i64>().unwrap(), i64::MIN);
    for (v, why) in [
        (exact(u64::MAX.into()).decode::<i64>().map(drop), "u64::MAX"),
        (exact((-1).into()).decode::<u64>().map(drop), "-1"),
        (exact(1.5.into()).decode::<i64>().map(drop), "1.5"),
        (exact(f64::NAN.into()).decode::<i64>().map(drop), "NaN"),
        (exact(9_223_372_036_854_775_808.0.into()).decode::<i64>().map(drop), "2^63"),
        (exact(((1i64 << 53) + 1).into()).decode::<f64>().map(drop), "2^53 + 1"),
        (exact(u64::MAX.into()).decode::<f64>().map(drop), "2^64 - 1"),
        (exact(128.into()).decode::<i8>().map(drop), "128"),
    ] {
        assert_eq!(v.unwrap_err().code(), "invalid", "{}", why);
    }
}

#[test]
fn maps_and_lists_of_the_standard_library_cross() {
    let map: HashMap<String, i64> = [("b".to_string(), 2), ("a".to_string(), 1)].into_iter().collect();
    let m = Message::of(&map);
    assert_eq!(m.bytes(), b"\x82\xa1a\x01\xa1b\x02");
    assert_eq!(m.decode::<HashMap<String, i64>>().unwrap(), map);
    assert_eq!(Message::of(&m.decode::<BTreeMap<String, i64>>().unwrap()), m);
    assert_eq!(Message::of(&["x", "y"]).decode::<Vec<String>>().unwrap(), ["x", "y"]);
}

#[test]
fn errors_of_the_reader_say_where() {
    let e = aril::Reader::new(b"\x92\x01\xc1").raw().unwrap_err();
    assert_eq!(e, DecodeError::new(2, "0xc1 begins no value"));
    assert_eq!(e.to_string(), "msgpack: 0xc1 begins no value at byte 2");
    // A count that the bytes cannot hold is refused before anything is set aside.
    assert!(aril::Reader::new(b"\xdd\xff\xff\xff\xff").list().is_err());
    assert!(aril::Reader::new(b"\xc6\xff\xff\xff\xff").bytes().is_err());
}
