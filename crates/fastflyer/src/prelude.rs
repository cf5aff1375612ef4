//! What nearly every handler module needs: `use fastflyer::prelude::*;`.
//!
//! The derives for data (`Serialize`, `Deserialize`, `JsonSchema`, `Validate`) write paths of their
//! own crates, so that a project names `serde`, `schemars` and `garde` in its `Cargo.toml`.

#[cfg(feature = "ws")]
pub use crate::websocket;
pub use crate::{
    ApiError, Config, FlyerApi, Page, Reply, ResponseCode, Router, delete,
    extract::{Cookie, Form, Header, Json, Multipart, Pagination, Path, Query, State},
    get, head, logger, options, patch, post, put, routes,
};
#[cfg(feature = "jobs")]
pub use crate::{
    background,
    executor::{Args, Job, Jobs, Run, Scheduler, ThreadPool, Trigger},
    jobs, scheduled,
};
pub use garde::Validate;
pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};

/// A result whose error is an answer.
pub use crate::Result;
