//! [`Entry`]: a value with what is known about it. Shared and never changed: whoever asks gets a
//! clone of the value, so that nobody can change what another one sees.

use super::clock::NEVER;
use std::{
    any::{Any, type_name},
    sync::Arc,
};

/// An entry, whatever its type.
pub(super) type Shared = Arc<Entry<dyn Any + Send + Sync>>;

pub(super) struct Entry<V: ?Sized> {
    /// When it ends, by the clock of the pool.
    pub(super) end: u64,
    pub(super) weight: u32,
    /// Whether it is kept instead of a value: the failure of a load.
    pub(super) negative: bool,
    pub(super) type_name: &'static str,
    pub(super) value: V,
}

impl<V: Send + Sync + 'static> Entry<V> {
    pub(super) fn shared(value: V, end: u64, weight: u32, negative: bool) -> Shared {
        Arc::new(Self {
            end,
            weight,
            negative,
            type_name: type_name::<V>(),
            value,
        })
    }
}

impl Entry<dyn Any + Send + Sync> {
    pub(super) fn ends(&self) -> bool {
        self.end != NEVER
    }
}
