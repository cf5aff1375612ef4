//! FastFlyer: typed handlers become a documented, validated, observable HTTP API with one uniform
//! response format.
//!
//! ```no_run
//! use fastflyer::prelude::*;
//!
//! #[derive(Serialize, JsonSchema)]
//! #[serde(rename_all = "camelCase")]
//! struct Item {
//!     item_id: u64,
//! }
//!
//! /// 演示接口：项目信息查询
//! #[get("/items/{id}", tag = "项目管理", summary = "项目查询接口")]
//! async fn get_item(id: u64) -> Reply<Item> {
//!     Reply::success(Item { item_id: id })
//! }
//!
//! fn main() -> fastflyer::Result<()> {
//!     FlyerApi::new(Config::new().title("Demo")).include(routes![get_item]).run()
//! }
//! ```
//!
//! From this follow the route under the base URL, the parsing of `id` with a clear error, the
//! operation in the OpenAPI document with its schemas and error responses, the answer in the
//! uniform format, and the line in the access log.

// The macros write paths that begin with `::fastflyer`, in our own modules and tests too.
extern crate self as fastflyer;

mod access_log;
mod app;
pub mod assets;
mod auth;
pub mod codes;
mod context;
mod envelope;
pub mod extract;
pub mod format;
#[cfg(doctest)]
mod guide;
#[cfg(feature = "jobs")]
mod jobs;
#[cfg(not(feature = "jobs"))]
#[path = "no_jobs.rs"]
mod jobs;
mod language;
mod memory;
mod openapi;
pub mod operation;
pub mod pages;
mod pool;
pub mod prelude;
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "only generated code calls it")]
pub mod private;
mod program;
pub mod reply;
mod routing;
mod serve;
mod service;
pub mod sse;
pub mod static_files;
pub mod testing;
pub mod validation;
pub mod values;
#[cfg(feature = "ws")]
pub mod ws;

#[doc(hidden)]
pub use app::app_defaults;
pub use app::{App, AppEntry, FlyerApi, Hook, StartError};
pub use codes::ResponseCode;
pub use context::Context;
pub use envelope::{Envelope, Exception, FailureKind};
#[cfg(feature = "ws")]
pub use fastflyer_macros::websocket;
pub use fastflyer_macros::{ResponseCode, apps, delete, get, head, options, patch, post, put};
pub use fastflyer_server::{Body, BoxError};
#[cfg(feature = "cache")]
#[doc(inline)]
pub use fastkit::cached_of_fastflyer as cached;
#[cfg(feature = "client")]
pub use fastkit::client::{self, AsyncClient, Client};
#[cfg(feature = "redis")]
pub use fastkit::redis;
pub use fastkit::{
    self, Locale, env, logger,
    settings::{Config, Settings, Sources},
    status, threadpool,
};
#[cfg(feature = "jobs")]
pub use fastkit::{
    background_of_fastflyer as background,
    executor::{self, Job, Jobs, Scheduler, ThreadPool, Trigger},
    jobs, scheduled_of_fastflyer as scheduled,
};
pub use operation::Operation;
pub use reply::{
    ApiError, CursorPage, Data, IntoApiError, IntoReply, Page, PageMeta, Reply, Result,
};
pub use routing::Router;
pub use validation::FieldErrors;

/// Local caches, as in [`fastkit::cache`], with the attribute for those who know fastkit by this
/// crate only.
#[cfg(feature = "cache")]
pub mod cache {
    pub use crate::cached;
    #[doc(inline)]
    pub use fastkit::cache::{
        Backend, Builder, Clock, Error, Loader, Pending, Policy, Pool, Remote, Stats, Ttl, builder,
        pool, pools,
    };
}

pub use axum;
pub use garde;
pub use http;
pub use openapi::{Describer, Schemas};
pub use schemars;
pub use serde;
pub use serde_json;

/// The allocator that services are measured with.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: fastflyer::alloc::MiMalloc = fastflyer::alloc::MiMalloc;
/// # fn main() {}
/// ```
#[cfg(feature = "mimalloc")]
pub mod alloc {
    pub use mimalloc::MiMalloc;
}

/// A finished answer.
pub type Response = http::Response<Body>;
