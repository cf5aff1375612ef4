//! [`JobOutput`]: how a run ends: with a value to remember, or with a [`JobError`].

use crate::mask::mask_url;
use serde_json::Value;
use std::fmt;

/// Why a run has failed, with the errors behind it. Secrets in URLs are masked.
///
/// Any error becomes one by `?`:
///
/// ```
/// use fastkit::executor::JobError;
///
/// fn read() -> Result<u16, JobError> {
///     Ok("many".parse()?)
/// }
///
/// assert_eq!(read().unwrap_err().to_string(), "invalid digit found in string");
/// let error = JobError::new("no answer from redis://app:secret@db:6379");
/// assert_eq!(error.to_string(), "no answer from redis://app:***@db:6379");
/// ```
#[derive(Debug)]
pub struct JobError(String);

impl JobError {
    /// With this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self::masked(&reason.into())
    }

    fn masked(text: &str) -> Self {
        Self(mask_url(text).into_owned())
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for JobError {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Some libraries say their cause in their own text already.
            if !text.ends_with(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self::masked(&text)
    }
}

/// What a job may return, remembered as the result of its run: nothing, text, a number, a bool, JSON, or an
/// `Option` of these.
///
/// ```
/// use fastkit::executor::JobValue;
///
/// assert_eq!(42.text().as_deref(), Some("42"));
/// assert_eq!(().text(), None);
/// ```
#[diagnostic::on_unimplemented(
    message = "a job cannot return `{Self}`",
    label = "return nothing, text, a number, a bool, `serde_json::Value`, or a `Result` of these"
)]
pub trait JobValue {
    /// As the history shows it.
    fn text(self) -> Option<String>;
}

impl JobValue for () {
    fn text(self) -> Option<String> {
        None
    }
}

impl<T: JobValue> JobValue for Option<T> {
    fn text(self) -> Option<String> {
        self.and_then(T::text)
    }
}

macro_rules! job_values {
    ($($type:ty)*) => {
        $(impl JobValue for $type {
            fn text(self) -> Option<String> {
                Some(self.to_string())
            }
        })*
    };
}

job_values!(String &'static str bool char u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 Value);

/// How the function of a job may end.
#[diagnostic::on_unimplemented(
    message = "a job cannot return `{Self}`",
    label = "return nothing, text, a number, a bool, `serde_json::Value`, or a `Result` of these",
    note = "the error of a `Result` is a `std::error::Error`, a `JobError`, or in a service an `ApiError`"
)]
pub trait JobOutput {
    /// The result of the run.
    ///
    /// # Errors
    ///
    /// When the run has failed.
    fn finished(self) -> Result<Option<String>, JobError>;
}

impl<T: JobValue> JobOutput for T {
    fn finished(self) -> Result<Option<String>, JobError> {
        Ok(self.text())
    }
}

impl<T: JobValue, E: Into<JobError>> JobOutput for Result<T, E> {
    fn finished(self) -> Result<Option<String>, JobError> {
        self.map(JobValue::text).map_err(Into::into)
    }
}
