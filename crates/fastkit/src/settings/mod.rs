//! Every setting of the framework: declared once, read once, checked at the start.
//!
//! The table (`table.rs`) declares each variable with its type, default, sentence and state. From
//! it come the typed [`Settings`], the methods of [`Config`] for settings in code, the output of
//! `fastflyer env` ([`Loaded::render_table`]) and `docs/settings.md` ([`reference()`]). An
//! application's own variables are none of its business: see [`env`](crate::env).
//!
//! Its key type is [`Settings`], which [`Settings::load`] resolves from [`Config`] and [`Sources`].

mod config;
mod declare;
mod kind;
mod load;
mod reference;
mod render;
mod source;
mod table;
mod value;
mod variable;

pub(crate) use kind::measures as measure;

pub use config::{Config, Contact, IntoText};
pub use load::{Errors, Loaded, Origin};
pub use reference::reference;
pub use source::{Source, Sources};
pub use table::Settings;
pub use value::{
    Control, ErrorStatus, FieldRule, Front, InvalidNetwork, Listen, Network, PageParams,
    ResponseFormat, Secret,
};
pub use variable::{Group, Preset, State, Variable};

/// All variables, in the order of the documentation.
///
/// ```
/// assert!(fastkit::settings::table().iter().any(|variable| variable.name == "flyer_port"));
/// ```
#[must_use]
pub fn table() -> &'static [Variable] {
    table::TABLE
}
