//! The serde deserializer of a struct or map made from pairs.
//!
//! The key type is [`Fields`]. Values of a field are read by [`Parameter`].

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::occurrences::{Groups, Occurrences};
use super::one::Parameter;
use super::pairs::Pair;
use super::{ValueError, ValueErrorKind};

/// Reads `T` from pairs.
pub(super) fn deserialize<T: DeserializeOwned>(items: &[Pair<'_>]) -> Result<T, ValueError> {
    T::deserialize(Fields(&Groups::new(items)))
}

/// The grouped pairs as one object.
#[derive(Clone, Copy, Debug)]
struct Fields<'de>(&'de Groups<'de>);

impl<'de> Deserializer<'de> for Fields<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_map(Entries {
            groups: self.0,
            start: 0,
            current: None,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0.from(0) {
            Some(_) => visitor.visit_some(self),
            None => visitor.visit_none(),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ValueError> {
        Err(ValueError::new(ValueErrorKind::Unsupported(
            "an enum without a tag",
        )))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq
        tuple tuple_struct map struct identifier ignored_any
    }
}

/// The names one after the other, each with its values.
#[derive(Debug)]
struct Entries<'de> {
    groups: &'de Groups<'de>,
    start: usize,
    current: Option<(&'de str, Occurrences<'de>)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = ValueError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ValueError> {
        let Some((index, name, values)) = self.groups.from(self.start) else {
            return Ok(None);
        };
        self.start = index + 1;
        self.current = Some((name, values));
        // By the parameter's rules, so that maps may have numbers as keys.
        seed.deserialize(Parameter(Occurrences::single(name)))
            .map(Some)
            .map_err(|error| error.or_name(name))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, ValueError> {
        let Some((name, values)) = self.current.take() else {
            return Err(ValueError::new(ValueErrorKind::Unsupported(
                "a value without a name",
            )));
        };
        seed.deserialize(Parameter(values))
            .map_err(|error| error.or_name(name))
    }
}
