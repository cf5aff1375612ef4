//! Texts with expressions in braces: `"user:{user.id}"`.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{Error, Expr, LitStr, Result};

/// The tokens that make a `Cow<'static, str>` of a text. `{{` and `}}` are braces; behind a colon stands
/// what `format!` takes there.
pub(crate) fn filled_in(literal: &LitStr) -> Result<TokenStream> {
    let text = literal.value();
    let span = literal.span();
    let mistake = |message: String| Error::new(span, message);
    let mut pattern = String::new();
    let mut expressions: Vec<Expr> = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        pattern.push_str(before);
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            pattern.push_str(&from[..2]);
            rest = after;
            continue;
        }
        let inner = from
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
            .ok_or_else(|| mistake(format!("a brace without its other half in {text:?}: write `{{{{` or `}}}}` for the character")))?;
        let (expression, form) = divided(inner.0);
        let expression: Expr = literal
            .with_text(expression)
            .map_err(|_| mistake(format!("`{{{}}}` in a key is no expression: expected an argument, such as `{{id}}` or `{{user.id}}`", inner.0)))?;
        expressions.push(expression);
        pattern.push('{');
        pattern.push_str(form);
        pattern.push('}');
        rest = inner.1;
    }
    pattern.push_str(rest);
    if expressions.is_empty() {
        let text = pattern.replace("{{", "{").replace("}}", "}");
        return Ok(quote_spanned!(span=> ::std::borrow::Cow::<'static, str>::Borrowed(#text)));
    }
    Ok(
        quote_spanned!(span=> ::std::borrow::Cow::<'static, str>::Owned(::std::format!(#pattern, #(#expressions),*))),
    )
}

/// The expression, and `:?` or such behind it. A path has two colons.
fn divided(inner: &str) -> (&str, &str) {
    let bytes = inner.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b':' {
            if bytes.get(at + 1) == Some(&b':') {
                at += 2;
                continue;
            }
            return inner.split_at(at);
        }
        at += 1;
    }
    (inner, "")
}

trait WithText {
    fn with_text(&self, text: &str) -> Result<Expr>;
}

impl WithText for LitStr {
    /// The text as an expression at the place of this literal.
    fn with_text(&self, text: &str) -> Result<Expr> {
        Self::new(text, self.span()).parse()
    }
}
