//! Routing: [`Router`] is what users build, [`Mount`] is what a service serves.

mod mount;
mod router;
mod table;
mod template;

pub(crate) use mount::{Link, Mount, Mounted, Scope};
pub use router::Router;
pub(crate) use table::{Found, PathParams, RouteTable};
#[cfg(feature = "jobs")]
pub(crate) use template::positional;
pub(crate) use template::{encoded, template_names};
