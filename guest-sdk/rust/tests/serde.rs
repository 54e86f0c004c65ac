//! Types of serde, there and back.

#![cfg(feature = "serde")]

use aril::serde::{decode, encode, Native};
use aril::{Message, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    id: String,
    #[serde(rename = "unitPrice")]
    unit_price: f64,
    total: u64,
    note: Option<String>,
    tags: BTreeMap<String, i32>,
    lines: Vec<(u8, char)>,
    state: State,
    unit: (),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum State {
    New,
    Paid(i64),
    Sent { by: String, at: f32 },
    Split(u8, bool),
}

fn order(state: State) -> Order {
    Order {
        id: "ö-1".into(),
        unit_price: 1.5,
        total: u64::MAX,
        note: None,
        tags: [("a".to_string(), -1)].into_iter().collect(),
        lines: vec![(7, 'ß')],
        state,
        unit: (),
    }
}

#[test]
fn what_is_encoded_decodes_to_itself() {
    let sent = State::Sent { by: "post".into(), at: 0.5 };
    for state in [State::New, State::Paid(i64::MIN), sent, State::Split(1, true)] {
        let m = encode(&order(state.clone())).unwrap();
        assert_eq!(decode::<Order>(&m).unwrap(), order(state));
    }
}

#[test]
fn structs_are_maps_and_variants_are_named() {
    let m = encode(&order(State::Paid(7))).unwrap();
    assert_eq!(m.get::<f64>("unitPrice").unwrap(), Some(1.5));
    assert_eq!(m.get::<i64>(("state", "Paid")).unwrap(), Some(7));
    assert_eq!(encode(&State::New).unwrap().value().unwrap(), Value::from("New"));
    assert_eq!(m.part("note").unwrap().unwrap(), Message::default());
}

#[test]
fn what_is_not_known_is_skipped_and_what_is_missing_is_an_error() {
    let m = encode(&order(State::New)).unwrap();
    let more = m.set("unknown", &aril::list![1, aril::map! {"deep" => 2}]).unwrap();
    assert_eq!(decode::<Order>(&more).unwrap(), order(State::New));
    let e = decode::<Order>(&m.remove("id").unwrap()).unwrap_err();
    assert_eq!((e.code(), e.message()), ("invalid", "missing field `id`"));
}

#[test]
fn integers_may_come_as_floats_if_nothing_is_lost() {
    assert_eq!(decode::<u8>(&Message::of(&5.0)).unwrap(), 5);
    assert!(decode::<u8>(&Message::of(&5.5)).is_err());
    assert!(decode::<u8>(&Message::of(&256)).is_err());
    assert_eq!(decode::<f64>(&Message::of(&5)).unwrap(), 5.0);
}

#[test]
fn sequences_of_unknown_length_are_counted() {
    struct Odd;
    impl Serialize for Odd {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            s.collect_seq((0..9).filter(|n| n % 2 == 1))
        }
    }
    assert_eq!(decode::<Vec<u8>>(&encode(&Odd).unwrap()).unwrap(), [1, 3, 5, 7]);
}

#[test]
fn what_serde_has_no_form_for_crosses_as_it_is() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Kept {
        at: Native<aril::Time>,
        db: Native<Value>,
    }
    let at = aril::Time { seconds: -1, nanoseconds: 5 };
    let mut w = aril::Writer::new();
    w.map(2).text("at").time(at).text("db").ext(0x41, b"0123456789abcdef*sql.DB");
    let m = w.into_message();
    let kept: Kept = decode(&m).unwrap();
    assert_eq!(kept.at.0, at);
    assert!(matches!(&kept.db.0, Value::Opaque(db) if db.type_name() == "*sql.DB"));
    assert_eq!(encode(&kept).unwrap(), m);
    assert!(decode::<Native<aril::Time>>(&Message::of(&1)).is_err());
}

#[derive(Debug, Deserialize)]
struct Nested {
    #[allow(dead_code)]
    next: Option<Box<Nested>>,
}

#[test]
fn malformed_and_endless_messages_are_errors() {
    let mut w = aril::Writer::new();
    for _ in 0..100_000 {
        w.map(1).text("next");
    }
    w.nil();
    assert_eq!(decode::<Nested>(&w.into_message()).unwrap_err().code(), "invalid");
    let whole = encode(&order(State::Split(1, true))).unwrap();
    for n in 1..whole.bytes().len() {
        assert!(decode::<Order>(&Message::raw(whole.bytes()[..n].to_vec())).is_err(), "cut to {}", n);
    }
    assert!(decode::<State>(&Message::of(&aril::map! {"Paid" => 1, "New" => 2})).is_err());
    assert!(decode::<u8>(&Message::raw(vec![1, 2])).is_err());
}
