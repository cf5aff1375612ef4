//! Bodies: [`Json`] and [`Form`].
//!
//! The good path parses plainly. Only when that failed the body is read once more, to name every
//! field that does not fit.

use super::{
    Extract, ExtractValid, Input, ParamKind, Rejection,
    param::{read_pairs, refused_pairs},
};
use crate::{
    ApiError,
    context::Context,
    language::Notice,
    openapi::Describer,
    reply::Origin,
    validation::{FieldErrors, Place, explain_parse, explain_value, localised, messages::Message},
    values::Pairs,
};
use bytes::Bytes;
use garde::Validate;
use schemars::JsonSchema;
use serde::{
    Deserializer,
    de::{DeserializeOwned, Visitor},
};
use serde_json::{Value, error::Category};

/// A JSON body.
///
/// The constraints of `garde::Validate` are checked where the type has any. `Json<Option<T>>` is
/// `None` where there is no body.
///
/// ```
/// use fastflyer::prelude::*;
///
/// #[derive(Serialize, Deserialize, JsonSchema, Validate)]
/// struct User {
///     #[garde(length(chars, min = 1, max = 64))]
///     name: String,
/// }
///
/// #[post("/users", codes = [201])]
/// async fn create(Json(user): Json<User>) -> Reply<User> {
///     Reply::created(user)
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// The fields of a form, `application/x-www-form-urlencoded`, as a struct or map.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

impl<T: Input> Extract for Json<T> {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        match json_bytes(cx).await? {
            Some(bytes) => read_json::<T>(cx, &bytes).map(Self),
            None => without_body::<T>(cx).map(Self),
        }
    }

    fn describe(describer: &mut Describer<'_>) {
        describer.json_body::<T>();
        describer.unvalidated::<T>();
    }
}

impl<T> ExtractValid for Json<T>
where
    T: Input + Validate<Context = ()>,
{
    async fn extract_valid(cx: &mut Context) -> Result<Self, Rejection> {
        let Some(bytes) = json_bytes(cx).await? else {
            return without_body::<T>(cx).map(Self);
        };
        let value = read_json::<T>(cx, &bytes)?;
        match value.validate() {
            Ok(()) => Ok(Self(value)),
            Err(_) => Err(refused_json(cx, &bytes, &value)),
        }
    }

    fn describe_valid(describer: &mut Describer<'_>) {
        describer.json_body::<T>();
    }
}

/// The bytes of a body that is said to be JSON; `None` where there is no body.
async fn json_bytes(cx: &mut Context) -> Result<Option<Bytes>, Rejection> {
    let bytes = cx.read_body().await?;
    // Of a body that is not there, its type is not what is wrong.
    if bytes.is_empty() {
        return Ok(None);
    }
    if is_json(cx.media_type()) {
        return Ok(Some(bytes));
    }
    if cx.media_type().is_empty() && cx.core.settings.accept_json_without_content_type {
        return Ok(Some(bytes));
    }
    Err(wrong_type(cx, "application/json").into())
}

/// The value of a body that is not there: `None` of an option, else the body is missing.
#[cold]
fn without_body<T: DeserializeOwned>(cx: &Context) -> Result<T, Rejection> {
    T::deserialize(Absent).map_err(|_| {
        let mut fields = FieldErrors::new();
        fields.add(Place::Body.name(), Message::Required.text(cx.wording()));
        fields.into()
    })
}

/// Gives `None` to who asks for an option, and nothing to anyone else.
struct Absent;

impl<'de> Deserializer<'de> for Absent {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("there is no body"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

fn is_json(media_type: &str) -> bool {
    let json = "application/json";
    media_type == json
        || media_type.eq_ignore_ascii_case(json)
        || (media_type.len() > 5
            && media_type.is_char_boundary(media_type.len() - 5)
            && media_type[media_type.len() - 5..].eq_ignore_ascii_case("+json"))
}

#[cold]
fn wrong_type(cx: &Context, wanted: &str) -> ApiError {
    let notice = match cx.media_type() {
        "" => Notice::no_content_type(wanted),
        given => Notice::wrong_content_type(format!("{given:?}"), wanted),
    };
    let error = ApiError::framework(415).notice(notice);
    error.origin(Origin::Validation)
}

fn read_json<T: DeserializeOwned + JsonSchema + 'static>(
    cx: &Context,
    bytes: &[u8],
) -> Result<T, Rejection> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        refuse_list_as_object::<T>(cx, bytes)?;
    }
    // Looking at the text once is quicker than at each string of it. What is no UTF-8 is explained as
    // any other fault.
    let parsed = match str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str::<T>(text),
        Err(_) => serde_json::from_slice::<T>(bytes),
    };
    parsed.or_else(|error| {
        let whole = if error.classify() == Category::Data {
            with_whole_numbers(bytes)
        } else {
            None
        };
        whole.ok_or_else(|| unreadable::<T>(cx, bytes, &error))
    })
}

/// Reads a body once more with `66.0` as `66`: JSON has one kind of numbers, and a schema's integer
/// is any of them without a fraction (JSON Schema 2020-12, 6.1.1), but serde tells them apart.
#[cold]
fn with_whole_numbers<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut instance: Value = serde_json::from_slice(bytes).ok()?;
    make_whole(&mut instance).then(|| serde_json::from_value(instance).ok())?
}

/// Writes numbers without a fraction as integers; says whether there were any.
fn make_whole(value: &mut Value) -> bool {
    // Beyond these, neighbours of a double are more than 1 apart.
    const SAFE: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            let whole = number
                .as_f64()
                .filter(|float| float.fract() == 0.0 && float.abs() <= SAFE);
            whole
                .map(|float| *value = Value::from(float as i64))
                .is_some()
        }
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |any, item| make_whole(item) | any),
        Value::Object(members) => members
            .values_mut()
            .fold(false, |any, item| make_whole(item) | any),
        _ => false,
    }
}

/// serde's structs take a list of their fields too, which no schema promises.
#[cold]
fn refuse_list_as_object<T: JsonSchema + 'static>(
    cx: &Context,
    bytes: &[u8],
) -> Result<(), Rejection> {
    let explainer = cx.core.explainers.of::<T>();
    if explainer
        .schema()
        .get("type")
        .is_none_or(|kind| kind != "object")
    {
        return Ok(());
    }
    match serde_json::from_slice::<Value>(bytes) {
        Ok(instance) => Err(explainer
            .explain(&instance, Place::Body, cx.wording())
            .into()),
        // What is no JSON is explained where it is read.
        Err(_) => Ok(()),
    }
}

/// Says what is wrong with a JSON body: where it stops being JSON, or which fields do not fit.
#[cold]
fn unreadable<T: DeserializeOwned + JsonSchema + 'static>(
    cx: &Context,
    bytes: &[u8],
    error: &serde_json::Error,
) -> Rejection {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let traced = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err();
    if error.classify() == Category::Data
        && let Ok(instance) = serde_json::from_slice::<Value>(bytes)
    {
        let explainer = cx.core.explainers.of::<T>();
        return match traced {
            Some(traced) => explainer.explain_serde(&instance, &traced, Place::Body, cx.wording()),
            None => explainer.explain(&instance, Place::Body, cx.wording()),
        }
        .into();
    }
    // No JSON at all, or not to its end.
    let mut fields = FieldErrors::new();
    match serde_path_to_error::deserialize::<_, Value>(&mut serde_json::Deserializer::from_slice(
        bytes,
    )) {
        Err(syntax) => fields.merge(explain_parse(&syntax, Place::Body, cx.wording())),
        Ok(_) => {
            let (line, column) = (error.line(), error.column());
            fields.add(
                Place::Body.name(),
                Message::Malformed { line, column }.text(cx.wording()),
            );
        }
    }
    ApiError::bad_request()
        .errors(fields)
        .origin(Origin::Validation)
        .into()
}

#[cold]
fn refused_json<T>(cx: &Context, bytes: &[u8], value: &T) -> Rejection
where
    T: JsonSchema + Validate<Context = ()> + 'static,
{
    let instance: Value = serde_json::from_slice(bytes).unwrap_or_default();
    match localised(cx.wording(), || value.validate()) {
        Ok(()) => Rejection::Fields(FieldErrors::new()),
        Err(report) => {
            let explainer = cx.core.explainers.of::<T>();
            explainer
                .explain_garde(&instance, &report, Place::Body, cx.wording())
                .into()
        }
    }
}

impl<T: Input> Extract for Form<T> {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        let bytes = form_bytes(cx).await?;
        let pairs = form_pairs(cx, &bytes)?;
        read_pairs(cx, ParamKind::Form, &pairs).map(Self)
    }

    fn describe(describer: &mut Describer<'_>) {
        describer.form_body::<T>();
        describer.unvalidated::<T>();
    }
}

impl<T> ExtractValid for Form<T>
where
    T: Input + Validate<Context = ()>,
{
    async fn extract_valid(cx: &mut Context) -> Result<Self, Rejection> {
        let bytes = form_bytes(cx).await?;
        let pairs = form_pairs(cx, &bytes)?;
        let value = read_pairs::<T>(cx, ParamKind::Form, &pairs)?;
        match value.validate() {
            Ok(()) => Ok(Self(value)),
            Err(_) => Err(refused_pairs(cx, ParamKind::Form, &pairs, &value)),
        }
    }

    fn describe_valid(describer: &mut Describer<'_>) {
        describer.form_body::<T>();
    }
}

fn form_pairs<'a>(cx: &Context, bytes: &'a [u8]) -> Result<Pairs<'a>, Rejection> {
    Pairs::from_bytes(bytes)
        .map_err(|error| explain_value(&error, Place::Form, None, None, cx.wording()).into())
}

/// The bytes of a body that is said to be a form. Several plain arguments may ask for them.
pub(super) async fn form_bytes(cx: &mut Context) -> Result<Bytes, Rejection> {
    const FORM: &str = "application/x-www-form-urlencoded";
    if let Some(bytes) = &cx.form {
        return Ok(bytes.clone());
    }
    let bytes = cx.read_body().await?;
    if !bytes.is_empty() && !cx.media_type().eq_ignore_ascii_case(FORM) {
        return Err(wrong_type(cx, FORM).into());
    }
    cx.form = Some(bytes.clone());
    Ok(bytes)
}
