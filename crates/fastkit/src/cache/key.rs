//! Keys: a text, or the call of a function with its arguments.
//!
//! Calls are compared by value, not by a hash or a text of their arguments: two different calls
//! never share a result. A look for a key needs no allocation.

use std::{
    any::Any,
    borrow::Borrow,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

/// The key of an entry. Cloning it costs a counter.
#[derive(Clone)]
pub(super) enum Key {
    Text(Arc<str>),
    Call(Arc<dyn CallKey>),
}

/// What can be looked for.
pub(super) trait AsKey {
    fn view(&self) -> View<'_>;

    fn to_key(&self) -> Key {
        match self.view() {
            View::Text(text) => Key::Text(text.into()),
            View::Call(call) => Key::Call(call.share()),
        }
    }
}

/// A key as it is compared.
#[derive(Clone, Copy)]
pub(super) enum View<'a> {
    Text(&'a str),
    Call(&'a dyn CallKey),
}

impl AsKey for Key {
    fn view(&self) -> View<'_> {
        match self {
            Self::Text(text) => View::Text(text),
            Self::Call(call) => View::Call(&**call),
        }
    }

    fn to_key(&self) -> Key {
        self.clone()
    }
}

impl AsKey for &str {
    fn view(&self) -> View<'_> {
        View::Text(self)
    }
}

impl<T: Arguments> AsKey for Call<T> {
    fn view(&self) -> View<'_> {
        View::Call(self)
    }
}

/// The arguments of a call that decide about its result.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of the key of a cached function",
    label = "arguments of a cached function have to be `Hash + Eq + Clone + Send + Sync + 'static`",
    note = "name what distinguishes the calls yourself: `#[cached(key = \"item:{{id}}\")]` or `#[cached(key = (a, b))]`"
)]
pub trait Arguments: Hash + Eq + Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Hash + Eq + Clone + Send + Sync + 'static> Arguments for T {}

/// Which function: its path, and where its attribute stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct FunctionId {
    pub(super) name: &'static str,
    pub(super) place: (u32, u32),
    /// Of both, so that they are hashed at compile time.
    pub(super) hash: u64,
}

impl PartialEq for FunctionId {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.place == other.place && self.name == other.name
    }
}

impl Eq for FunctionId {}

impl Hash for FunctionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// A call: which function, and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call<T> {
    pub(super) site: FunctionId,
    /// The type that a method belongs to, else nothing: generic types share the function.
    pub(super) of: &'static str,
    pub(super) arguments: T,
}

pub(super) trait CallKey: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn hash_into(&self, state: &mut dyn Hasher);
    fn equals(&self, other: &dyn CallKey) -> bool;
    fn share(&self) -> Arc<dyn CallKey>;
}

impl<T: Arguments> CallKey for Call<T> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn hash_into(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }

    fn equals(&self, other: &dyn CallKey) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn share(&self) -> Arc<dyn CallKey> {
        Arc::new(self.clone())
    }
}

impl Hash for View<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Text(text) => text.hash(state),
            Self::Call(call) => call.hash_into(state),
        }
    }
}

impl PartialEq for View<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(two)) => one == two,
            (Self::Call(one), Self::Call(two)) => one.equals(*two),
            _ => false,
        }
    }
}

impl fmt::Display for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments may be secrets.
        f.write_str(match self {
            Self::Text(text) => text,
            Self::Call(_) => "(arguments)",
        })
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.view().hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.view() == other.view()
    }
}

impl Eq for Key {}

impl Hash for dyn AsKey + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.view().hash(state);
    }
}

impl PartialEq for dyn AsKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.view() == other.view()
    }
}

impl Eq for dyn AsKey + '_ {}

impl<'a> Borrow<dyn AsKey + 'a> for Key {
    fn borrow(&self) -> &(dyn AsKey + 'a) {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn calls_are_told_apart_by_function_type_and_arguments() {
        let id = |hash| FunctionId {
            name: "f",
            place: (1, 1),
            hash,
        };
        let call = |hash, of, arguments: (u64, String)| Call {
            site: id(hash),
            of,
            arguments,
        };
        let one = call(1, "", (7, "a".to_owned()));
        let mut map = HashMap::from([(one.to_key(), 1), ("7a".to_key(), 2)]);
        let found = |map: &HashMap<Key, i32>, key: &dyn AsKey| map.get(key).copied();
        assert_eq!(found(&map, &one), Some(1));
        assert_eq!(found(&map, &"7a"), Some(2));
        assert_eq!(found(&map, &call(2, "", (7, "a".to_owned()))), None);
        assert_eq!(found(&map, &call(1, "T", (7, "a".to_owned()))), None);
        assert_eq!(found(&map, &call(1, "", (7, "b".to_owned()))), None);
        let other_types = Call {
            site: id(1),
            of: "",
            arguments: (7u32, "a".to_owned()),
        };
        assert_eq!(found(&map, &other_types), None);
        let key: &dyn AsKey = &one;
        assert_eq!(map.remove(key), Some(1));
    }
}
