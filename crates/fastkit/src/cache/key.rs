//! Keys: a text, or the call of a function with its arguments.
//!
//! Calls are compared by value, not by a hash or a text of their arguments: two different calls
//! never share a result. A look for a key needs no allocation.

use std::{
    any::Any,
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
    sync::{Arc, LazyLock},
};

/// One hash for all maps, worked out once for each look and with the types known. Seeded at random,
/// since keys may come from clients.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// How maps of keys hash: they take what the key says.
pub(super) type Passing = BuildHasherDefault<Passed>;

/// The hash of a key, which is one already.
#[derive(Debug, Default)]
pub(super) struct Passed(u64);

impl Hasher for Passed {
    fn write(&mut self, bytes: &[u8]) {
        // Keys write a number; this is for the sake of the trait.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The key of an entry. Cloning it costs a counter.
#[derive(Clone)]
pub(super) struct Key {
    hash: u64,
    form: Form,
}

#[derive(Clone)]
enum Form {
    Text(Arc<str>),
    Call(Arc<dyn CallKey>),
}

/// What can be looked for.
pub(super) trait AsKey {
    fn view(&self) -> View<'_>;

    fn hash(&self) -> u64;

    fn to_key(&self) -> Key {
        let form = match self.view() {
            View::Text(text) => Form::Text(text.into()),
            View::Call(call) => Form::Call(call.share()),
        };
        Key {
            hash: AsKey::hash(self),
            form,
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
        match &self.form {
            Form::Text(text) => View::Text(text),
            Form::Call(call) => View::Call(&**call),
        }
    }

    fn hash(&self) -> u64 {
        self.hash
    }

    fn to_key(&self) -> Key {
        self.clone()
    }
}

impl AsKey for &str {
    fn view(&self) -> View<'_> {
        View::Text(self)
    }

    fn hash(&self) -> u64 {
        SEED.hash_one(*self)
    }
}

impl<T: Arguments> AsKey for Call<T> {
    fn view(&self) -> View<'_> {
        View::Call(self)
    }

    fn hash(&self) -> u64 {
        self.hash
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
        self.hash == other.hash && self.place == other.place && is_same(self.name, other.name)
    }
}

/// Equal texts, which mostly are one and the same.
fn is_same(one: &'static str, two: &'static str) -> bool {
    std::ptr::eq(one, two) || one == two
}

impl Eq for FunctionId {}

/// A call: which function, and its arguments.
#[derive(Clone, Debug)]
pub(super) struct Call<T> {
    hash: u64,
    site: FunctionId,
    /// The type that a method belongs to, else nothing: generic types share the function.
    of: &'static str,
    arguments: T,
}

impl<T: Arguments> Call<T> {
    pub(super) fn new(site: FunctionId, of: &'static str, arguments: T) -> Self {
        let inner = if of.is_empty() {
            SEED.hash_one(&arguments)
        } else {
            SEED.hash_one((of, &arguments))
        };
        Self {
            hash: inner ^ site.hash,
            site,
            of,
            arguments,
        }
    }
}

pub(super) trait CallKey: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn CallKey) -> bool;
    fn share(&self) -> Arc<dyn CallKey>;
}

impl<T: Arguments> CallKey for Call<T> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &dyn CallKey) -> bool {
        let Some(other) = other.as_any().downcast_ref::<Self>() else {
            return false;
        };
        self.hash == other.hash
            && self.site == other.site
            && is_same(self.of, other.of)
            && self.arguments == other.arguments
    }

    fn share(&self) -> Arc<dyn CallKey> {
        Arc::new(self.clone())
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
        state.write_u64(AsKey::hash(self));
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
        state.write_u64(AsKey::hash(self));
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
        let call = |hash, of, arguments: (u64, String)| Call::new(id(hash), of, arguments);
        let one = call(1, "", (7, "a".to_owned()));
        let mut map = HashMap::from([(one.to_key(), 1), ("7a".to_key(), 2)]);
        let found = |map: &HashMap<Key, i32>, key: &dyn AsKey| map.get(key).copied();
        assert_eq!(found(&map, &one), Some(1));
        assert_eq!(found(&map, &"7a"), Some(2));
        assert_eq!(found(&map, &call(2, "", (7, "a".to_owned()))), None);
        assert_eq!(found(&map, &call(1, "T", (7, "a".to_owned()))), None);
        assert_eq!(found(&map, &call(1, "", (7, "b".to_owned()))), None);
        let other_types = Call::new(id(1), "", (7u32, "a".to_owned()));
        assert_eq!(found(&map, &other_types), None);
        let key: &dyn AsKey = &one;
        assert_eq!(map.remove(key), Some(1));
    }
}
