//! The OpenAPI 3.1 document, from the types alone.
//!
//! `document` walks the mounted operations, each of which tells a [`Describer`] what it takes and
//! returns; [`Schemas`] collects the types behind them. The result depends on nothing but the
//! application value: the same operations in any order give the same bytes.

mod describer;
mod document;
mod schemas;

pub use describer::Describer;
#[doc(hidden)]
pub use describer::ParamDoc;
pub(crate) use document::{Info, build};
pub use schemas::Schemas;
