//! What bodies look like: the [`Format`] trait, the [`Shape`]s that it is made of, and the formats
//! that are built in.
//!
//! [`FlyerApi::format`](crate::FlyerApi::format) takes a format of a project's own.

pub use crate::envelope::{Answer, DataKind, Field, Flyer, Format, Problem, Shape, Slot, Standard};
