//! [`LastEventId`]: where a client that reconnects left off.

use crate::{
    context::Context,
    extract::{Extract, ParamKind, Parameter, Rejection},
    openapi::{Describer, ParamDoc},
    values,
};

/// The id of the last event that the client has seen; `None` on its first connection.
///
/// An id that cannot be read as a `T` is `None` too, and not an error: browsers give up for good on an
/// error, and the id may be that of an older version of the service.
///
/// ```
/// use fastflyer::{get, sse::{Event, EventStream, LastEventId}};
/// use futures_util::stream;
///
/// #[get("/count")]
/// async fn count(LastEventId(last): LastEventId<u64>) -> EventStream<u64> {
///     let first = last.map_or(0, |last| last.saturating_add(1));
///     EventStream::new(stream::iter((first..10).map(|n| Event::new(n).id(n))))
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastEventId<T = String>(pub Option<T>);

#[diagnostic::do_not_recommend]
impl<T: Parameter> Extract for LastEventId<T> {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        let header = cx.headers().get("last-event-id");
        let text = header.and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
        let text = text.filter(|text| !text.is_empty());
        Ok(Self(text.and_then(|text| values::one(&[text]).ok())))
    }

    fn describe(describer: &mut Describer<'_>) {
        let doc = ParamDoc {
            description: "the id of the last event that was seen",
            optional: true,
            ..ParamDoc::default()
        };
        describer.param::<Option<T>>(ParamKind::Header, "Last-Event-ID", doc);
    }
}
