//! [`Data`]: what may stand in the `data` field of an answer.
//!
//! Everything that serializes and has a schema is data; [`Page`](super::Page) is data with a
//! pagination beside it. Not for raw responses: those are `axum::response::IntoResponse`.

use super::Paging;
use crate::{envelope::DataKind, openapi::Schemas};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// A value that an answer carries in its `data` field.
///
/// Implemented for every `Serialize + JsonSchema` type and for [`Page`](super::Page).
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "cannot be sent as a response",
    note = "plain data needs `#[derive(serde::Serialize, schemars::JsonSchema)]`",
    note = "otherwise return `Reply<T>`, `fastflyer::Result<T>`, or anything that implements axum's `IntoResponse`"
)]
pub trait Data: Send + 'static {
    /// Appends the JSON of the value to `out`.
    ///
    /// # Errors
    ///
    /// When the value's own `Serialize` fails, for instance on a map whose keys are not text.
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()>;

    /// Where the page stands in its list, for pages only.
    fn paging(&self) -> Option<Paging<'_>> {
        None
    }

    /// The JSON schema of what [`write`](Self::write) produces, with references into `schemas`.
    fn schema(schemas: &mut Schemas) -> Value;

    /// What kind of data this is, where that is not to be seen in its schema: for pages.
    const KIND: Option<DataKind> = None;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + Send + 'static> Data for T {
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(out, self)
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.output::<T>()
    }
}
