use super::Error;
use crate::{Kind, Reader};
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

/// Reads values of any type from a message.
#[derive(Debug)]
pub struct Deserializer<'r, 'm>(&'r mut Reader<'m>);

impl<'r, 'm> Deserializer<'r, 'm> {
    /// Reads the next value of a reader.
    pub fn new(r: &'r mut Reader<'m>) -> Self {
        Deserializer(r)
    }
}

type Result<T> = core::result::Result<T, Error>;

impl<'m> de::Deserializer<'m> for &mut Deserializer<'_, 'm> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'m>>(self, visitor: V) -> Result<V::Value> {
        let r = &mut *self.0;
        match r.kind()? {
            Kind::Nil => {
                r.nil()?;
                visitor.visit_unit()
            }
            Kind::Bool => visitor.visit_bool(r.bool()?),
            Kind::Int => match r.clone().u64() {
                Ok(_) => visitor.visit_u64(r.u64()?),
                Err(_) => visitor.visit_i64(r.i64()?),
            },
            Kind::Float => visitor.visit_f64(r.f64()?),
            Kind::Text => visitor.visit_borrowed_str(r.text()?),
            Kind::Bytes => visitor.visit_borrowed_bytes(r.bytes()?),
            Kind::List => {
                r.enter()?;
                let left = r.list()?;
                let mut items = Items { r, left };
                let v = visitor.visit_seq(&mut items)?;
                finish(items.r, items.left)?;
                Ok(v)
            }
            Kind::Map => {
                r.enter()?;
                let left = r.map()?;
                let mut items = Items { r, left };
                let v = visitor.visit_map(&mut items)?;
                finish(items.r, 2 * items.left)?;
                Ok(v)
            }
            Kind::Ext => {
                // For a type that does not ask for a Native.
                let time = r.time()?;
                visitor.visit_map(de::value::MapDeserializer::new(
                    [("seconds", time.seconds), ("nanoseconds", i64::from(time.nanoseconds))].into_iter(),
                ))
            }
        }
    }

    fn deserialize_option<V: Visitor<'m>>(self, visitor: V) -> Result<V::Value> {
        if self.0.nil()? {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_i64<V: Visitor<'m>>(self, visitor: V) -> Result<V::Value> {
        // A float that is an integer counts as one.
        match self.0.kind()? {
            Kind::Float => visitor.visit_i64(self.0.i64()?),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_u64<V: Visitor<'m>>(self, visitor: V) -> Result<V::Value> {
        match self.0.kind()? {
            Kind::Float => visitor.visit_u64(self.0.u64()?),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_i8<V: Visitor<'m>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i16<V: Visitor<'m>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i32<V: Visitor<'m>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u8<V: Visitor<'m>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u16<V: Visitor<'m>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u32<V: Visitor<'m>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'m>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == super::native::NAME {
            return visitor.visit_borrowed_bytes(self.0.raw()?);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'m>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let r = &mut *self.0;
        if r.kind()? == Kind::Text {
            return visitor.visit_enum(r.text()?.into_deserializer());
        }
        let error = r.error("a variant is a text or a map of one key");
        r.enter()?;
        if r.map()? != 1 {
            return Err(error.into());
        }
        let v = visitor.visit_enum(Variant(&mut *r))?;
        r.leave();
        Ok(v)
    }

    fn deserialize_ignored_any<V: Visitor<'m>>(self, visitor: V) -> Result<V::Value> {
        self.0.skip()?;
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'m>>
        bool i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier
    }
}

/// Passes what the visitor left.
fn finish(r: &mut Reader<'_>, left: usize) -> Result<()> {
    for _ in 0..left {
        r.skip()?;
    }
    r.leave();
    Ok(())
}

struct Items<'r, 'm> {
    r: &'r mut Reader<'m>,
    left: usize,
}

impl<'m> de::SeqAccess<'m> for &mut Items<'_, 'm> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'m>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut Deserializer(self.r)).map(Some)
    }
}

impl<'m> de::MapAccess<'m> for &mut Items<'_, 'm> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'m>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        de::SeqAccess::next_element_seed(self, seed)
    }

    fn next_value_seed<V: DeserializeSeed<'m>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut Deserializer(self.r))
    }
}

struct Variant<'r, 'm>(&'r mut Reader<'m>);

impl<'m> de::EnumAccess<'m> for Variant<'_, 'm> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'m>>(self, seed: V) -> Result<(V::Value, Self)> {
        let name = seed.deserialize(&mut Deserializer(self.0))?;
        Ok((name, self))
    }
}

impl<'m> de::VariantAccess<'m> for Variant<'_, 'm> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        de::Deserialize::deserialize(&mut Deserializer(self.0))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'m>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(&mut Deserializer(self.0))
    }

    fn tuple_variant<V: Visitor<'m>>(self, _: usize, visitor: V) -> Result<V::Value> {
        de::Deserializer::deserialize_any(&mut Deserializer(self.0), visitor)
    }

    fn struct_variant<V: Visitor<'m>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value> {
        de::Deserializer::deserialize_any(&mut Deserializer(self.0), visitor)
    }
}
