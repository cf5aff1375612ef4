//! The serde deserializer of one parameter.
//!
//! The key type is [`Parameter`]: zero, one or several texts that a type asks values from. Nothing
//! is guessed from the text: the type says what it wants.

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, SeqAccess, VariantAccess, Visitor,
};

use super::occurrences::Occurrences;
use super::{ValueError, ValueErrorKind, scalar};

/// One parameter as its occurrences.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter<'de>(pub(super) Occurrences<'de>);

impl<'de> Parameter<'de> {
    /// The value that counts when one is wanted: the last, as in FastAPI.
    #[inline]
    fn single(self) -> Result<&'de str, ValueError> {
        match self.0 {
            Occurrences::Slice(&[only]) | Occurrences::Single(Some(only)) => Ok(only),
            occurrences => occurrences
                .last()
                .ok_or_else(|| ValueError::new(ValueErrorKind::Missing)),
        }
    }

    /// Visits a fixed number of values, and refuses another number.
    fn exactly<V: Visitor<'de>>(self, expected: usize, visitor: V) -> Result<V::Value, ValueError> {
        match self.0.count() {
            count if count == expected => visitor.visit_seq(Items::new(self.0)),
            0 => Err(ValueError::new(ValueErrorKind::Missing)),
            _ => Err(ValueError::new(ValueErrorKind::WrongCount { expected })),
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident)*) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            visitor.$visit(scalar::integer(self.single()?)?)
        })*
    };
}

macro_rules! unsupported {
    ($what:literal: $($method:ident($($argument:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(
            self,
            $(_: $argument,)*
            _: V,
        ) -> Result<V::Value, ValueError> {
            Err(ValueError::new(ValueErrorKind::Unsupported($what)))
        })*
    };
}

impl<'de> Deserializer<'de> for Parameter<'de> {
    type Error = ValueError;

    integers! {
        deserialize_i8 visit_i8
        deserialize_i16 visit_i16
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_i128 visit_i128
        deserialize_u8 visit_u8
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
        deserialize_u128 visit_u128
    }

    unsupported! { "an object": deserialize_map() deserialize_struct(&'static str, &'static [&'static str]) }

    /// Without a wish of the type a value stays a text, and repeated ones a list.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let mut rest = self.0;
        match (rest.next(), rest.next()) {
            (Some(only), None) => visitor.visit_borrowed_str(only),
            (Some(_), Some(_)) => visitor.visit_seq(Items::new(self.0)),
            (None, _) => Err(ValueError::new(ValueErrorKind::Missing)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_bool(scalar::boolean(self.single()?)?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_f32(scalar::narrow_number(self.single()?)?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_f64(scalar::number(self.single()?)?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_char(scalar::character(self.single()?)?)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_borrowed_str(self.single()?)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_borrowed_str(self.single()?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_borrowed_bytes(self.single()?.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let mut rest = self.0;
        match rest.next() {
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

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_seq(Items::new(self.0))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.exactly(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.exactly(len, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_enum(Variant(self.single()?))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_unit()
    }
}

/// The occurrences as a list; an error carries the position when there are several.
#[derive(Debug)]
struct Items<'de> {
    rest: Occurrences<'de>,
    count: usize,
    at: usize,
}

impl<'de> Items<'de> {
    fn new(occurrences: Occurrences<'de>) -> Self {
        Self {
            rest: occurrences,
            count: occurrences.count(),
            at: 0,
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ValueError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ValueError> {
        let Some(value) = self.rest.next() else {
            return Ok(None);
        };
        let at = self.at;
        self.at += 1;
        seed.deserialize(Parameter(Occurrences::single(value)))
            .map(Some)
            .map_err(|error| error.or_index(at))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.count - self.at)
    }
}

/// A text as the name of a unit variant.
#[derive(Debug)]
struct Variant<'de>(&'de str);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = ValueError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self), ValueError> {
        let name = de::value::BorrowedStrDeserializer::<ValueError>::new(self.0);
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, ValueError> {
        Err(ValueError::new(ValueErrorKind::Unsupported(
            "a variant with a value",
        )))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, ValueError> {
        Err(ValueError::new(ValueErrorKind::Unsupported(
            "a variant with values",
        )))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ValueError> {
        Err(ValueError::new(ValueErrorKind::Unsupported(
            "a variant with fields",
        )))
    }
}
