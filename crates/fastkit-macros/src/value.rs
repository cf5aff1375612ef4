//! The options of attributes, and their values: lengths of time, texts, numbers, switches.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{
    Error, Expr, ExprLit, Ident, Lit, LitStr, Result, Token, UnOp, parse::ParseStream,
    spanned::Spanned as _,
};

/// A hundred years, in milliseconds.
const LONGEST: u64 = 100 * 365 * 86_400 * 1000;

/// A length of time, as an expression of type `Duration`, and in milliseconds where it is known.
pub(crate) struct Time {
    pub(crate) tokens: TokenStream,
    pub(crate) milliseconds: Option<u64>,
}

/// Reads options (`name = value`, or a name alone), separated by commas, and gives them to `set`; gives their
/// names in order. What is wrong with one of them is kept in `errors`, and the others are read on.
///
/// # Errors
///
/// When it is not known where the next option begins.
pub(crate) fn each(
    input: ParseStream<'_>,
    known: &str,
    errors: &mut Vec<Error>,
    mut set: impl FnMut(&Ident, Option<Expr>, &mut Vec<Error>) -> Result<()>,
) -> Result<Vec<Ident>> {
    let mut seen: Vec<Ident> = Vec::new();
    while !input.is_empty() {
        let name: Ident = input.parse().map_err(|error| {
            Error::new(error.span(), format!("expected an option: one of {known}"))
        })?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse::<Expr>()?),
            None => None,
        };
        if seen.contains(&name) {
            errors.push(Error::new(
                name.span(),
                format!("`{name}` stands here twice"),
            ));
        } else if let Err(error) = set(&name, value, errors) {
            errors.push(error);
        }
        seen.push(name);
        if input.parse::<Option<Token![,]>>()?.is_none() && !input.is_empty() {
            return Err(input.error("expected `,` and another option"));
        }
    }
    Ok(seen)
}

/// A text that stands there as such.
pub(crate) fn text(name: &Ident, value: &Expr) -> Result<LitStr> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if !text.value().is_empty() => Ok(text.clone()),
        other => {
            let message = format!("`{name}` is a text that is not empty: `{name} = \"..\"`");
            Err(Error::new(other.span(), message))
        }
    }
}

/// The number, where the expression is one.
pub(crate) fn whole(value: &Expr) -> Result<Option<u64>> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => number.base10_parse().map(Some),
        _ => Ok(None),
    }
}

/// Checked as far as it stands there.
pub(crate) fn time(name: &Ident, value: Expr) -> Result<Time> {
    let wrong = |what: &str| {
        let message = format!(
            "{what} is no time for `{name}`: expected seconds from 0 to 100 years, a text such as \"500ms\", \"30s\", \"5m\" or \"2h\", or an expression of type Duration"
        );
        Error::new(value.span(), message)
    };
    let milliseconds = match &value {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => {
            let seconds: Option<u64> = number.base10_parse().ok();
            seconds
                .and_then(|seconds| seconds.checked_mul(1000))
                .ok_or_else(|| wrong(number.base10_digits()))?
        }
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => with_unit(&text.value()).ok_or_else(|| wrong(&format!("{:?}", text.value())))?,
        Expr::Lit(_) => return Err(wrong("this")),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            return Err(wrong("a negative number"));
        }
        other => {
            let tokens =
                quote_spanned!(other.span()=> { let time: ::core::time::Duration = #other; time });
            return Ok(Time {
                tokens,
                milliseconds: None,
            });
        }
    };
    if milliseconds > LONGEST {
        return Err(wrong("more than 100 years"));
    }
    Ok(Time {
        tokens: quote!(::core::time::Duration::from_millis(#milliseconds)),
        milliseconds: Some(milliseconds),
    })
}

fn with_unit(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let factor = match text[end..].trim_start() {
        "ms" => 1,
        "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    text[..end].parse::<u64>().ok()?.checked_mul(factor)
}
