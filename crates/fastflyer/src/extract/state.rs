//! [`State`]: what the application was given with `FlyerApi::state`, by type.
//!
//! Unlike axum's, it is not part of the router's type; a state that is missing stops the start and
//! names the operation that wants it.

use super::{Extract, Rejection};
use crate::{ApiError, context::Context, openapi::Describer};
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
};

/// A clone of the application's value of type `T`.
///
/// ```
/// use fastflyer::{extract::State, get};
///
/// #[derive(Clone)]
/// struct Db;
///
/// #[get("/rows")]
/// async fn rows(State(_db): State<Db>) -> Vec<u64> {
///     vec![]
/// }
/// ```
///
/// Jobs take states, too. With the feature `jobs` two are in every service: `State<Scheduler>`, which
/// runs its jobs, and `State<ThreadPool>`, the threads of background tasks.
#[derive(Clone, Copy, Debug)]
pub struct State<T>(pub T);

impl<T: Clone + Send + Sync + 'static> Extract for State<T> {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        let state = cx.core.states.find::<T>();
        state.map(Self).ok_or_else(|| {
            let name = std::any::type_name::<T>();
            ApiError::uncaught(format!(
                "no state of type {name}; give one with FlyerApi::state"
            ))
            .into()
        })
    }

    fn describe(describer: &mut Describer<'_>) {
        describer.needs_state(TypeKey::of::<T>());
    }
}

/// A type, comparable and with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TypeKey {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}

impl TypeKey {
    pub(crate) fn of<T: ?Sized + 'static>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            name: std::any::type_name::<T>(),
        }
    }
}

/// The states of an application, one per type.
#[derive(Default)]
pub(crate) struct StateMap(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl StateMap {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// Inserts a value unless there is one of its type.
    #[cfg(feature = "jobs")]
    pub(crate) fn insert_missing<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Box::new(value));
    }

    pub(crate) fn contains(&self, key: TypeKey) -> bool {
        self.0.contains_key(&key.id)
    }

    pub(crate) fn find<T: Clone + 'static>(&self) -> Option<T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref::<T>().cloned()
    }
}

impl fmt::Debug for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateMap({} states)", self.0.len())
    }
}
