//! [`Explainers`]: compiled schemas that explain refusals, made when a type is refused first.

use crate::validation::Explainer;
use schemars::JsonSchema;
use std::{
    any::TypeId,
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// One explainer per type, kept for the life of the application.
#[derive(Debug, Default)]
pub(crate) struct Explainers(RwLock<HashMap<TypeId, Arc<Explainer>>>);

impl Explainers {
    pub(crate) fn of<T: JsonSchema + 'static>(&self) -> Arc<Explainer> {
        let key = TypeId::of::<T>();
        let known = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        known.unwrap_or_else(|| {
            let explainer = Arc::new(Explainer::new::<T>());
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            all.entry(key).or_insert(explainer).clone()
        })
    }
}
