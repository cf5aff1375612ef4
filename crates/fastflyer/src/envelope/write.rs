//! The writers of the two formats. Each appends one JSON object, in one pass, to a byte vector.

use crate::{
    context::Context,
    reply::{Data, Inner, Origin, Pagination},
};
use fastkit::status::phrase;
use serde::Serialize;
use serde_json::Result;
use std::any::TypeId;

/// Everything of a reply's body but its data.
pub(super) struct Head<'a> {
    /// The code as the reply has it: `status` follows from it.
    pub(super) code: u32,
    /// The code on the wire.
    pub(super) wire_code: u32,
    pub(super) message: &'a str,
    pub(super) detail: &'a str,
}

/// What `status` says: by the code, never by the HTTP status that is sent (T3).
pub(crate) fn status_word(code: u32) -> &'static str {
    match super::prefix(code) {
        Some(..400) => "success",
        Some(400..500) => "error",
        _ => "fail",
    }
}

pub(super) fn standard<T: Data>(out: &mut Vec<u8>, head: &Head<'_>, data: &T) -> Result<()> {
    standard_head(out, head)?;
    let at = out.len();
    data.write(out)?;
    match out.get(at..) {
        Some([b'[', ..]) => {
            const OPEN: &[u8] = b"{\"data\":";
            out.extend_from_slice(OPEN);
            let end = out.len() - OPEN.len();
            out.copy_within(at..end, at + OPEN.len());
            out[at..at + OPEN.len()].copy_from_slice(OPEN);
            out.push(b'}');
        }
        Some(b"null") => {
            out.truncate(at);
            out.extend_from_slice(b"{}");
        }
        _ => {}
    }
    standard_tail(out, head)
}

pub(super) fn standard_page<T: Data>(
    out: &mut Vec<u8>,
    head: &Head<'_>,
    data: &T,
    page: &Pagination,
    cx: Option<&Context>,
) -> Result<()> {
    standard_head(out, head)?;
    out.extend_from_slice(b"{\"data\":");
    data.write(out)?;
    out.extend_from_slice(b",\"meta\":{\"pagination\":");
    let links = Links::new(page, cx);
    to_json(out, &WithLinks { page, links })?;
    out.extend_from_slice(b"}}");
    standard_tail(out, head)
}

fn standard_head(out: &mut Vec<u8>, head: &Head<'_>) -> Result<()> {
    out.extend_from_slice(b"{\"status\":\"");
    out.extend_from_slice(status_word(head.code).as_bytes());
    out.extend_from_slice(b"\",\"code\":");
    out.extend_from_slice(itoa::Buffer::new().format(head.wire_code).as_bytes());
    out.extend_from_slice(b",\"message\":");
    to_json(out, head.message)?;
    out.extend_from_slice(b",\"data\":");
    Ok(())
}

/// A success has no error whatever its detail says: that is what its schema promises.
fn standard_tail(out: &mut Vec<u8>, head: &Head<'_>) -> Result<()> {
    out.extend_from_slice(b",\"error\":{");
    if !head.detail.is_empty() && status_word(head.code) != "success" {
        out.extend_from_slice(b"\"detail\":");
        to_json(out, &[head.detail])?;
    }
    out.extend_from_slice(b"}}");
    Ok(())
}

pub(super) fn standard_failure(
    (own_code, code): (u32, u32),
    message: &str,
    detail: Option<&str>,
    error: &Inner,
    chain: Option<String>,
) -> Vec<u8> {
    let fields = Fields {
        errors: &error.errors,
        detail: detail.map(|text| [text]),
        exception: chain.as_deref().map(|text| [text]),
    };
    let status = status_word(own_code);
    let body = StandardFailure {
        status,
        code,
        message,
        data: Empty {},
        error: fields,
    };
    encode(&body)
}

pub(super) fn flyer<T: Data>(out: &mut Vec<u8>, head: &Head<'_>, data: &T) -> Result<()> {
    flyer_head(out, head)?;
    // Without data there is no such field, as in FastFlyer's `BaseResponse`.
    if TypeId::of::<T>() != TypeId::of::<()>() {
        out.extend_from_slice(b",\"data\":");
        data.write(out)?;
    }
    out.push(b'}');
    Ok(())
}

pub(super) fn flyer_page<T: Data>(
    out: &mut Vec<u8>,
    head: &Head<'_>,
    data: &T,
    page: &Pagination,
) -> Result<()> {
    flyer_head(out, head)?;
    out.extend_from_slice(b",\"pageInfo\":");
    let offset = (page.current_page - 1).saturating_mul(page.per_page);
    to_json(
        out,
        &PageInfo {
            total: page.total,
            offset,
            size: page.per_page,
        },
    )?;
    out.extend_from_slice(b",\"data\":");
    data.write(out)?;
    out.push(b'}');
    Ok(())
}

fn flyer_head(out: &mut Vec<u8>, head: &Head<'_>) -> Result<()> {
    out.extend_from_slice(b"{\"code\":");
    out.extend_from_slice(itoa::Buffer::new().format(head.wire_code).as_bytes());
    out.extend_from_slice(b",\"message\":");
    to_json(out, head.message)?;
    out.extend_from_slice(b",\"detail\":");
    to_json(out, head.detail)
}

pub(super) fn flyer_failure(
    code: u32,
    message: &str,
    detail: Option<&str>,
    error: &Inner,
    chain: Option<String>,
) -> Vec<u8> {
    let own = detail.unwrap_or_else(|| default_detail(error));
    let mut detail = own.to_owned();
    for (field, messages) in error.errors.iter() {
        for message in messages {
            let gap = if detail.is_empty() { "" } else { "; " };
            detail.push_str(gap);
            detail.push_str(field);
            detail.push_str(": ");
            detail.push_str(message);
        }
    }
    if let Some(chain) = chain {
        let gap = if detail.is_empty() { "" } else { "; " };
        detail.push_str(gap);
        detail.push_str(&chain);
    }
    encode(&FlyerFailure {
        code,
        message,
        detail: &detail,
    })
}

/// FastFlyer's exceptions explain themselves by the phrase of their HTTP status, unless told
/// otherwise; its validation and uncaught errors do not.
fn default_detail(error: &Inner) -> &'static str {
    let explained = matches!(error.origin, Origin::Handler | Origin::Framework);
    if !explained || !error.errors.is_empty() {
        return "";
    }
    phrase(u32::from(super::http_status(error.code).as_u16()))
}

/// Text and plain structs always serialize, so that an error can only be that of the data.
fn to_json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<()> {
    serde_json::to_writer(out, value)
}

fn encode(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[derive(Serialize)]
struct StandardFailure<'a> {
    status: &'a str,
    code: u32,
    message: &'a str,
    data: Empty,
    error: Fields<'a>,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Fields<'a> {
    #[serde(flatten)]
    errors: &'a crate::FieldErrors,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<[&'a str; 1]>,
}

#[derive(Serialize)]
struct FlyerFailure<'a> {
    code: u32,
    message: &'a str,
    detail: &'a str,
}

#[derive(Serialize)]
struct PageInfo {
    total: u64,
    offset: u64,
    size: u64,
}

#[derive(Serialize)]
struct WithLinks<'a> {
    #[serde(flatten)]
    page: &'a Pagination,
    links: Links,
}

/// The neighbours of a page, as references that keep the rest of the request's query.
#[derive(Serialize)]
struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Links {
    fn new(page: &Pagination, cx: Option<&Context>) -> Self {
        let current = page.current_page;
        let to = |number: u64| cx.map(|cx| link(cx.uri(), number, page.per_page));
        Self {
            previous: (current > 1).then(|| to(current - 1)).flatten(),
            next: (current < page.total_pages)
                .then(|| to(current + 1))
                .flatten(),
        }
    }
}

fn link(uri: &http::Uri, page: u64, per_page: u64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()) {
        if name != "page" && name != "per_page" {
            query.append_pair(&name, &value);
        }
    }
    query.append_pair("page", itoa::Buffer::new().format(page));
    query.append_pair("per_page", itoa::Buffer::new().format(per_page));
    format!("{}?{}", uri.path(), query.finish())
}
