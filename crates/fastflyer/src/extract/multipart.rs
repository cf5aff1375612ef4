//! [`Multipart`]: uploads, read part by part while they arrive.
//!
//! Nothing is kept in memory but the chunk at hand. The whole body is bounded by the operation's
//! `body_limit`, its parts by number; a part that is read as a whole is bounded by 1 MiB.

use super::{Extract, Rejection};
use crate::{ApiError, context::Context, language::Notice, openapi::Describer};
use bytes::Bytes;
use http::header;
use http_body_util::BodyExt as _;

const MAX_PARTS: u64 = 1_000;
const MAX_WHOLE_PART: usize = 1024 * 1024;

/// The parts of a `multipart/form-data` body, in the order in which they were sent.
///
/// ```
/// use fastflyer::prelude::*;
///
/// /// Counts the bytes of an upload.
/// #[post("/upload", body_limit = 64 * 1024 * 1024)]
/// async fn upload(mut parts: Multipart) -> Result<u64> {
///     let mut total = 0;
///     while let Some(mut part) = parts.next().await? {
///         while let Some(chunk) = part.chunk().await? {
///             total += chunk.len() as u64;
///         }
///     }
///     Ok(total)
/// }
/// ```
#[derive(Debug)]
pub struct Multipart {
    inner: multer::Multipart<'static>,
    parts: u64,
    limit: usize,
}

/// One part of a multipart body.
#[derive(Debug)]
pub struct Field {
    inner: multer::Field<'static>,
    limit: usize,
}

impl Extract for Multipart {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        let value = cx
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let boundary = multer::parse_boundary(value.unwrap_or(""))
            .map_err(|_| ApiError::framework(415).notice(Notice::no_boundary()))?;
        let limit = cx.body_limit();
        let body = std::mem::take(cx.body.get_mut());
        let constraints = multer::Constraints::new()
            .size_limit(multer::SizeLimit::new().whole_stream(limit as u64));
        let stream = body.into_data_stream();
        let inner = multer::Multipart::with_constraints(stream, boundary, constraints);
        Ok(Self {
            inner,
            parts: 0,
            limit,
        })
    }

    fn describe(describer: &mut Describer<'_>) {
        describer.multipart_body();
    }
}

impl Multipart {
    /// The next part; `None` after the last one. The part before it must be dropped first.
    ///
    /// # Errors
    ///
    /// 400 when the body is malformed or ended early, 413 when it is too large or has more than
    /// 1,000 parts.
    pub async fn next(&mut self) -> Result<Option<Field>, ApiError> {
        let limit = self.limit;
        let Some(inner) = self
            .inner
            .next_field()
            .await
            .map_err(|error| broken(&error, limit))?
        else {
            return Ok(None);
        };
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(ApiError::framework(413).notice(Notice::too_many_parts(MAX_PARTS)));
        }
        Ok(Some(Field { inner, limit }))
    }
}

impl Field {
    /// The name of the form's field.
    pub fn name(&self) -> Option<&str> {
        self.inner.name()
    }

    /// The name of the file as the client has it. Never use it as a path.
    pub fn file_name(&self) -> Option<&str> {
        self.inner.file_name()
    }

    /// The media type that the client names.
    pub fn content_type(&self) -> Option<&str> {
        self.inner.content_type().map(AsRef::as_ref)
    }

    /// The next bytes of the part; `None` after the last ones.
    ///
    /// # Errors
    ///
    /// As [`Multipart::next`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ApiError> {
        let limit = self.limit;
        self.inner
            .chunk()
            .await
            .map_err(|error| broken(&error, limit))
    }

    /// The whole part, at most 1 MiB.
    ///
    /// # Errors
    ///
    /// As [`Multipart::next`], and 413 when it is longer.
    pub async fn bytes(mut self) -> Result<Bytes, ApiError> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if whole.len() + chunk.len() > MAX_WHOLE_PART {
                let notice = Notice::part_too_large(MAX_WHOLE_PART);
                return Err(ApiError::framework(413).notice(notice));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.into())
    }

    /// The whole part as text, at most 1 MiB of UTF-8.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and 400 when it is no UTF-8.
    pub async fn text(self) -> Result<String, ApiError> {
        let bytes = self.bytes().await?;
        String::from_utf8(bytes.into())
            .map_err(|_| ApiError::bad_request().notice(Notice::part_not_text()))
    }
}

#[cold]
fn broken(error: &multer::Error, limit: usize) -> ApiError {
    match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            ApiError::framework(413).notice(Notice::body_too_large(limit))
        }
        multer::Error::IncompleteStream
        | multer::Error::IncompleteFieldData { .. }
        | multer::Error::StreamReadFailed(_) => ApiError::framework(400)
            .notice(Notice::body_incomplete())
            .cause(error.to_string()),
        other => {
            let text = other.to_string();
            ApiError::framework(400)
                .notice(Notice::not_multipart())
                .cause(text)
        }
    }
}
