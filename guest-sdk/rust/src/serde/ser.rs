use super::Error;
use crate::Writer;
use alloc::vec::Vec;
use serde::ser::{self, Serialize};

/// Writes values of any type as messages.
#[derive(Debug)]
pub struct Serializer<'w>(&'w mut Writer);

impl<'w> Serializer<'w> {
    /// Writes the next value of a writer.
    pub fn new(w: &'w mut Writer) -> Self {
        Serializer(w)
    }

    fn variant(self, name: &str) -> &'w mut Writer {
        self.0.map(1).text(name);
        self.0
    }
}

type Result<T> = core::result::Result<T, Error>;

/// Writes the values of a list or map. How many there are is known at the end
/// if the type does not say before, so they are kept until then.
#[derive(Debug)]
pub struct Items<'w> {
    to: &'w mut Writer,
    kept: Option<Vec<crate::Message>>,
    pairs: bool,
}

impl<'w> Items<'w> {
    fn begin(to: &'w mut Writer, count: Option<usize>, pairs: bool) -> Self {
        match count {
            Some(n) if pairs => drop(to.map(n)),
            Some(n) => drop(to.list(n)),
            None => {}
        }
        Items { to, kept: if count.is_none() { Some(Vec::new()) } else { None }, pairs }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        match &mut self.kept {
            Some(kept) => {
                let mut w = Writer::new();
                value.serialize(Serializer(&mut w))?;
                kept.push(w.into_message());
                Ok(())
            }
            None => value.serialize(Serializer(self.to)),
        }
    }

    fn finish(self) -> Result<()> {
        if let Some(kept) = self.kept {
            match self.pairs {
                true => self.to.map(kept.len() / 2),
                false => self.to.list(kept.len()),
            };
            for m in kept {
                self.to.value(&m);
            }
        }
        Ok(())
    }
}

macro_rules! plain {
    ($($name:ident($t:ty) = $write:ident;)*) => {$(
        fn $name(self, v: $t) -> Result<()> {
            self.0.$write(v.into());
            Ok(())
        }
    )*};
}

impl<'w> ser::Serializer for Serializer<'w> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Items<'w>;
    type SerializeTuple = Items<'w>;
    type SerializeTupleStruct = Items<'w>;
    type SerializeTupleVariant = Items<'w>;
    type SerializeMap = Items<'w>;
    type SerializeStruct = Items<'w>;
    type SerializeStructVariant = Items<'w>;

    plain! {
        serialize_bool(bool) = bool;
        serialize_i8(i8) = int;
        serialize_i16(i16) = int;
        serialize_i32(i32) = int;
        serialize_i64(i64) = int;
        serialize_u8(u8) = uint;
        serialize_u16(u16) = uint;
        serialize_u32(u32) = uint;
        serialize_u64(u64) = uint;
        serialize_f32(f32) = f32;
        serialize_f64(f64) = f64;
    }

    fn serialize_char(self, v: char) -> Result<()> {
        self.0.text(v.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, v: &str) -> Result<()> {
        self.0.text(v);
        Ok(())
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<()> {
        self.0.bytes(v);
        Ok(())
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.0.nil();
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<()> {
        if name != super::native::NAME {
            return value.serialize(self);
        }
        let mut w = Writer::new();
        value.serialize(Serializer(&mut w))?;
        self.0.raw(crate::Reader::new(w.as_bytes()).bytes()?);
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        value.serialize(Serializer(self.variant(variant)))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items<'w>> {
        Ok(Items::begin(self.0, len, false))
    }

    fn serialize_tuple(self, len: usize) -> Result<Items<'w>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items<'w>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, variant: &'static str, len: usize) -> Result<Items<'w>> {
        Ok(Items::begin(self.variant(variant), Some(len), false))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Items<'w>> {
        Ok(Items::begin(self.0, len, true))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Items<'w>> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, variant: &'static str, len: usize) -> Result<Items<'w>> {
        Ok(Items::begin(self.variant(variant), Some(len), true))
    }

    fn is_human_readable(&self) -> bool {
        true
    }
}

macro_rules! sequences {
    ($($name:ident $item:ident)*) => {$(
        impl ser::$name for Items<'_> {
            type Ok = ();
            type Error = Error;

            fn $item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.item(value)
            }

            fn end(self) -> Result<()> {
                self.finish()
            }
        }
    )*};
}
sequences! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

macro_rules! structs {
    ($($name:ident)*) => {$(
        impl ser::$name for Items<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
                self.item(key)?;
                self.item(value)
            }

            fn end(self) -> Result<()> {
                self.finish()
            }
        }
    )*};
}
structs!(SerializeStruct SerializeStructVariant);

impl ser::SerializeMap for Items<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.item(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.item(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}
