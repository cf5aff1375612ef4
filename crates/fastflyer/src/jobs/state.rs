//! `State<T>` as an argument of a job.

use crate::{
    ApiError,
    extract::{State, StateMap},
};
use fastkit::executor::{FromRun, Given, JobError, Run};
use std::{
    any::type_name,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

/// The states of a service, as its scheduler was given them. Filled after the scheduler is made, since
/// the scheduler is one of them.
#[derive(Clone, Default)]
pub(super) struct States(Arc<RwLock<Option<Arc<StateMap>>>>);

impl States {
    pub(super) fn fill(&self, states: &Arc<StateMap>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(states.clone());
    }

    pub(super) fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn find<T: Clone + 'static>(&self) -> Option<T> {
        let states = self.0.read().unwrap_or_else(PoisonError::into_inner);
        states.as_ref()?.find()
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("States(..)")
    }
}

impl<T: Clone + Send + Sync + 'static> FromRun for State<T> {
    fn from_run(run: &Run) -> Result<Self, JobError> {
        let found = run.given::<States>().and_then(|states| states.find());
        found.map(Self).ok_or_else(|| JobError::new(missing::<T>()))
    }

    fn check(given: &Given, _: &serde_json::Value) -> Result<(), String> {
        let found = given.find::<States>().and_then(|states| states.find::<T>());
        found.map(drop).ok_or_else(missing::<T>)
    }
}

/// So that a job can return `fastflyer::Result`.
impl From<ApiError> for JobError {
    fn from(error: ApiError) -> Self {
        Self::new(error.to_string())
    }
}

fn missing<T>() -> String {
    format!(
        "it takes State<{0}>, but the application has no state of type {0}; give one with FlyerApi::state",
        type_name::<T>()
    )
}
