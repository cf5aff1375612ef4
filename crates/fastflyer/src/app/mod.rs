//! Assembly: [`FlyerApi`] takes settings, apps, routers, states and hooks, checks them as a whole,
//! and makes the [`App`] that a server serves.

mod assembly;
mod base_routes;
mod core;
mod entry;
mod flyer_api;
mod served;
#[cfg(unix)]
mod state_page;

pub use assembly::{App, StartError};
pub(crate) use core::{Core, Part};
pub use entry::{AppEntry, Hook, app_defaults};
pub use flyer_api::FlyerApi;
