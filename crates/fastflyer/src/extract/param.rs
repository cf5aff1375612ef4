//! Parameters as structs: [`Path`], [`Query`], [`Header`], [`Cookie`].
//!
//! Each reads all of its kind at once; plain typed arguments read one each (see `plain`).

use super::{Extract, ExtractValid, Input, Rejection};
use crate::{
    context::Context,
    openapi::Describer,
    validation::{FieldErrors, Place, localised},
    values::{self, Pairs, ValueError, ValueErrorKind},
};
use garde::Validate;
use http::header;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum ParamKind {
    Path,
    Query,
    Header,
    Cookie,
    Form,
}

impl ParamKind {
    /// The name in OpenAPI.
    pub(crate) fn as_str(self) -> &'static str {
        self.place().name()
    }

    pub(super) fn place(self) -> Place {
        match self {
            Self::Path => Place::Path,
            Self::Query => Place::Query,
            Self::Header => Place::Header,
            Self::Cookie => Place::Cookie,
            Self::Form => Place::Form,
        }
    }
}

/// The parameters of the path: one value, a tuple by position, or a struct by name.
///
/// ```
/// use fastflyer::{extract::Path, get};
///
/// #[get("/users/{user}/items/{item}")]
/// async fn item(Path((user, item)): Path<(String, u64)>) -> String {
///     format!("{user} {item}")
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

/// The parameters of the query as a struct or map. Names that the type does not know are ignored.
///
/// ```
/// use fastflyer::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Filter {
///     name: Option<String>,
///     #[serde(default)]
///     tags: Vec<String>,
/// }
///
/// #[get("/items")]
/// async fn items(Query(filter): Query<Filter>) -> Vec<String> {
///     filter.tags
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

/// Headers as a struct: `x_tenant` is the header `x-tenant`.
#[derive(Clone, Copy, Debug)]
pub struct Header<T>(pub T);

/// Cookies as a struct.
#[derive(Clone, Copy, Debug)]
pub struct Cookie<T>(pub T);

macro_rules! struct_of_parameters {
    ($($name:ident $read:ident;)*) => {$(
        impl<T: Input> Extract for $name<T> {
            async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
                $read::<T>(cx).map(Self)
            }

            fn describe(describer: &mut Describer<'_>) {
                describer.params_of::<T>(ParamKind::$name);
                describer.unvalidated::<T>();
            }
        }

        impl<T> ExtractValid for $name<T>
        where
            T: Input + Validate<Context = ()>,
        {
            async fn extract_valid(cx: &mut Context) -> Result<Self, Rejection> {
                let value = $read::<T>(cx)?;
                match value.validate() {
                    Ok(()) => Ok(Self(value)),
                    Err(_) => Err(refused(cx, ParamKind::$name, &value)),
                }
            }

            fn describe_valid(describer: &mut Describer<'_>) {
                describer.params_of::<T>(ParamKind::$name);
            }
        }
    )*};
}

struct_of_parameters! {
    Path read_path;
    Query read_query;
    Header read_header;
    Cookie read_cookie;
}

fn read_path<T: DeserializeOwned + JsonSchema + 'static>(cx: &Context) -> Result<T, Rejection> {
    let values = path_values(cx);
    match values::sequence::<T>(&values) {
        Ok(value) => Ok(value),
        // A struct is read by names.
        Err(error) if matches!(error.kind(), ValueErrorKind::Unsupported(_)) => {
            let pairs = path_pairs(cx);
            read_pairs(cx, ParamKind::Path, &pairs)
        }
        Err(error) => {
            let index = error.index().unwrap_or(0);
            let name = cx
                .mounted
                .as_ref()
                .and_then(|mounted| mounted.names.get(index).cloned());
            let given = values.get(index).map(|text| Value::from(*text));
            let name = name.as_deref();
            let error = error.without_index();
            Err(crate::validation::explain_value(
                &error,
                Place::Path,
                name,
                given.as_ref(),
                cx.wording(),
            )
            .into())
        }
    }
}

fn read_query<T: DeserializeOwned + JsonSchema + 'static>(cx: &Context) -> Result<T, Rejection> {
    let pairs = query_pairs(cx)?;
    read_pairs(cx, ParamKind::Query, &pairs)
}

fn read_header<T: DeserializeOwned + JsonSchema + 'static>(cx: &Context) -> Result<T, Rejection> {
    read_pairs(cx, ParamKind::Header, &header_pairs(cx)).map_err(|rejection| match rejection {
        // Fields are named as Rust names them; the client knows the headers.
        Rejection::Fields(fields) => {
            let mut renamed = FieldErrors::new();
            for (path, messages) in fields.iter() {
                let path = path.replace('_', "-");
                messages
                    .iter()
                    .for_each(|message| renamed.add(path.clone(), message.clone()));
            }
            Rejection::Fields(renamed)
        }
        other => other,
    })
}

fn read_cookie<T: DeserializeOwned + JsonSchema + 'static>(cx: &Context) -> Result<T, Rejection> {
    read_pairs(cx, ParamKind::Cookie, &cookie_pairs(cx))
}

/// Reads a struct; only when that fails, everything that is wrong is worked out.
pub(super) fn read_pairs<T: DeserializeOwned + JsonSchema + 'static>(
    cx: &Context,
    kind: ParamKind,
    pairs: &Pairs<'_>,
) -> Result<T, Rejection> {
    values::many::<T>(pairs).or_else(|error| explained(cx, kind, pairs, error))
}

#[cold]
fn explained<T: DeserializeOwned + JsonSchema + 'static>(
    cx: &Context,
    kind: ParamKind,
    pairs: &Pairs<'_>,
    error: ValueError,
) -> Result<T, Rejection> {
    let explainer = cx.core.explainers.of::<T>();
    // Flattened and tagged types need to know what their numbers are.
    values::many_guided::<T>(pairs, explainer.schema()).map_err(|_| {
        let instance = values::to_json(pairs, explainer.schema());
        explainer
            .explain_pairs(&instance, &error, kind.place(), cx.wording())
            .into()
    })
}

/// What garde found, in the client's language.
#[cold]
fn refused<T>(cx: &Context, kind: ParamKind, value: &T) -> Rejection
where
    T: JsonSchema + Validate<Context = ()> + 'static,
{
    let pairs = match kind {
        ParamKind::Path => path_pairs(cx),
        ParamKind::Header => header_pairs(cx),
        ParamKind::Cookie => cookie_pairs(cx),
        ParamKind::Query | ParamKind::Form => query_pairs(cx).unwrap_or_default(),
    };
    refused_pairs(cx, kind, &pairs, value)
}

#[cold]
pub(super) fn refused_pairs<T>(
    cx: &Context,
    kind: ParamKind,
    pairs: &Pairs<'_>,
    value: &T,
) -> Rejection
where
    T: JsonSchema + Validate<Context = ()> + 'static,
{
    let explainer = cx.core.explainers.of::<T>();
    let instance = values::to_json(pairs, explainer.schema());
    match localised(cx.wording(), || value.validate()) {
        Ok(()) => Rejection::Fields(FieldErrors::new()),
        Err(report) => explainer
            .explain_garde(&instance, &report, kind.place(), cx.wording())
            .into(),
    }
}

pub(super) fn path_values(cx: &Context) -> Vec<&str> {
    let count = cx.mounted.as_ref().map_or(0, |mounted| mounted.names.len());
    (0..count)
        .filter_map(|index| cx.params.value(index, cx.uri().path()))
        .collect()
}

fn path_pairs(cx: &Context) -> Pairs<'_> {
    let names = cx
        .mounted
        .as_ref()
        .map(|mounted| mounted.names.as_slice())
        .unwrap_or_default();
    Pairs::from_pairs(names.iter().map(String::as_str).zip(path_values(cx)))
}

fn query_pairs(cx: &Context) -> Result<Pairs<'_>, Rejection> {
    Pairs::from_query(cx.uri().query().unwrap_or("")).map_err(|error| {
        crate::validation::explain_value(&error, Place::Query, None, None, cx.wording()).into()
    })
}

fn header_pairs(cx: &Context) -> Pairs<'_> {
    let text = cx.headers().iter().filter_map(|(name, value)| {
        Some((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?))
    });
    // A field is called `x_tenant`, or renamed to `x-tenant`.
    let both = text.flat_map(|(name, value)| {
        let field = name.contains('-').then(|| (name.replace('-', "_"), value));
        std::iter::once((name.to_owned(), value)).chain(field)
    });
    Pairs::from_pairs(both)
}

fn cookie_pairs(cx: &Context) -> Pairs<'_> {
    Pairs::from_pairs(cookie_values(cx.headers()))
}

/// All cookies of a request, without the quotes that may stand around a value (RFC 6265, 4.1.1).
pub(crate) fn cookie_values(headers: &http::HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .map(http::HeaderValue::as_bytes);
    lines
        .flat_map(|line| line.split(|byte| *byte == b';'))
        .filter_map(|pair| {
            // One cookie that is no text does not take the others along.
            let (name, value) = std::str::from_utf8(pair).ok()?.trim().split_once('=')?;
            let bare = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'));
            Some((name, bare.unwrap_or(value)))
        })
}
