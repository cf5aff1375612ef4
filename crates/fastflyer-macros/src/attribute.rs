//! The arguments of `#[get(..)]`: the path and the options.

use proc_macro2::Span;
use quote::ToTokens as _;
use syn::{
    Error, Expr, ExprArray, ExprLit, Ident, Lit, LitStr, Result, Token,
    parse::{Parse, ParseStream},
    parse_quote,
    spanned::Spanned as _,
};

/// What every attribute knows.
const KNOWN: &str =
    "tag, tags, summary, description, operation_id, codes, body_limit, deprecated, hidden";

/// What `#[websocket(..)]` knows beside: methods of `ws::Config`.
const SOCKET: &str = "max_message, max_frame, idle_timeout, protocols, origins, any_origin";

/// What stands in the parentheses of an operation's attribute.
pub(crate) struct Attribute {
    pub(crate) path: LitStr,
    pub(crate) tags: Vec<Expr>,
    pub(crate) summary: Option<Expr>,
    pub(crate) description: Option<Expr>,
    pub(crate) operation_id: Option<LitStr>,
    pub(crate) codes: Option<ExprArray>,
    pub(crate) body_limit: Option<Expr>,
    pub(crate) deprecated: bool,
    pub(crate) hidden: bool,
    /// Options of a WebSocket, in the order in which they stand.
    pub(crate) socket: Vec<(Ident, Option<Expr>)>,
    /// All mistakes, so that they are reported together.
    pub(crate) errors: Vec<Error>,
}

impl Attribute {
    pub(crate) fn parse(input: ParseStream<'_>, is_websocket: bool) -> Result<Self> {
        let path = input.parse().map_err(|error: Error| {
            Error::new(
                error.span(),
                "the path comes first, as a string: `#[get(\"/items/{id}\")]`",
            )
        })?;
        let mut attribute = Self {
            path,
            tags: Vec::new(),
            summary: None,
            description: None,
            operation_id: None,
            codes: None,
            body_limit: None,
            deprecated: false,
            hidden: false,
            socket: Vec::new(),
            errors: Vec::new(),
        };
        while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            let name: Ident = input.parse()?;
            let value = match input.parse::<Option<Token![=]>>()? {
                Some(_) => Some(input.parse::<Expr>()?),
                None => None,
            };
            if let Err(error) = attribute.set(&name, value, is_websocket) {
                attribute.errors.push(error);
            }
        }
        if !input.is_empty() {
            return Err(input.error("expected `,` and another option"));
        }
        if let Some(limit) = attribute.body_limit.as_ref().filter(|_| is_websocket) {
            let text = "a WebSocket handshake has no body; the limit of messages is `max_message`";
            attribute.errors.push(Error::new(limit.span(), text));
        }
        Ok(attribute)
    }

    fn set(&mut self, name: &Ident, value: Option<Expr>, is_websocket: bool) -> Result<()> {
        let text = name.to_string();
        if let "deprecated" | "hidden" = text.as_str() {
            let on = flag(name, value)?;
            *(if text == "hidden" {
                &mut self.hidden
            } else {
                &mut self.deprecated
            }) = on;
            return Ok(());
        }
        let is_socket = is_websocket && SOCKET.split(", ").any(|option| option == text);
        if is_socket && text == "any_origin" {
            if flag(name, value)? {
                self.socket.push((name.clone(), None));
            }
            return Ok(());
        }
        let unknown = || {
            let known = if is_websocket {
                format!("{}, {SOCKET}", KNOWN.replace("body_limit, ", ""))
            } else {
                KNOWN.to_owned()
            };
            let text = format!("unknown option `{text}`; known: {known}");
            Error::new(name.span(), text)
        };
        let known = is_socket || KNOWN.split(", ").any(|option| option == text);
        let Some(value) = value else {
            return Err(if known {
                Error::new(
                    name.span(),
                    format!("`{text}` needs a value: `{text} = ..`"),
                )
            } else {
                unknown()
            });
        };
        match text.as_str() {
            "tag" => self.tags.push(value),
            "tags" => self.tags.extend(array(&value)?.elems),
            "summary" => self.summary = Some(value),
            "description" => self.description = Some(value),
            "operation_id" => self.operation_id = Some(operation_id(&value)?),
            "codes" => self.codes = Some(array(&value)?),
            "body_limit" => self.body_limit = Some(value),
            _ if is_socket => self.socket.push((name.clone(), Some(value))),
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

fn flag(name: &Ident, value: Option<Expr>) -> Result<bool> {
    match value {
        None => Ok(true),
        Some(Expr::Lit(ExprLit {
            lit: Lit::Bool(on), ..
        })) => Ok(on.value),
        Some(other) => Err(Error::new_spanned(
            other,
            format!("`{name}` stands alone, or is true or false"),
        )),
    }
}

fn array(value: &Expr) -> Result<ExprArray> {
    match value {
        Expr::Array(array) => Ok(array.clone()),
        other => Err(Error::new_spanned(other, "expected a list: `[.., ..]`")),
    }
}

fn operation_id(value: &Expr) -> Result<LitStr> {
    let text: LitStr = syn::parse2(value.to_token_stream())
        .map_err(|_| Error::new_spanned(value, "an operation id is a string"))?;
    let id = text.value();
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if id.is_empty() || !plain {
        let message =
            format!("an operation id has letters, digits and `_`; `{id}` has others, or none");
        return Err(Error::new(text.span(), message));
    }
    Ok(text)
}

/// Checks the path template and gives the names of its parameters.
pub(crate) fn path_names(path: &LitStr, errors: &mut Vec<Error>) -> Vec<String> {
    let text = path.value();
    let mut fail = |message: String| errors.push(Error::new(path.span(), message));
    if !text.is_empty() && !text.starts_with('/') {
        fail(format!("the path must begin with `/`: \"/{text}\""));
    }
    if text.contains("/:") || text.contains("/<") {
        fail("path parameters are written `{name}`".to_owned());
    }
    let mut names: Vec<String> = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else {
            fail("a brace is open: path parameters are written `{name}`".to_owned());
            break;
        };
        let bare = name.strip_prefix('*').unwrap_or(name);
        let plain = bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if bare.is_empty() || !plain {
            fail(format!(
                "`{{{name}}}` is no parameter name: letters, digits and `_`"
            ));
        } else if names.iter().any(|known| known == bare) {
            fail(format!("the parameter `{bare}` stands twice in the path"));
        } else {
            names.push(bare.to_owned());
        }
        rest = tail;
    }
    names
}

/// The options in the parentheses of `#[query(..)]` and its kin.
#[derive(Default)]
pub(crate) struct ParameterOptions {
    pub(crate) name: Option<LitStr>,
    pub(crate) default: Option<Expr>,
    pub(crate) description: Option<Expr>,
    pub(crate) bounds: Vec<(Ident, Expr)>,
}

impl Parse for ParameterOptions {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            let value: Expr = input.parse()?;
            match name.to_string().as_str() {
                "name" => {
                    options.name = Some(syn::parse2(value.to_token_stream()).map_err(|_| {
                        Error::new_spanned(&value, "the name of a parameter is a string")
                    })?);
                }
                "default" => options.default = Some(value),
                "description" => options.description = Some(value),
                "min" | "max" => options.bounds.push((name, parse_quote!((#value) as f64))),
                "min_length" | "max_length" => options.bounds.push((name, value)),
                other => {
                    let message = format!(
                        "unknown option `{other}`; known: name, default, description, min, max, min_length, max_length"
                    );
                    return Err(Error::new(name.span(), message));
                }
            }
            if input.parse::<Option<Token![,]>>()?.is_none() && !input.is_empty() {
                return Err(Error::new(
                    Span::call_site(),
                    "expected `,` and another option",
                ));
            }
        }
        Ok(options)
    }
}
