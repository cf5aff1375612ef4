//! The options of `#[scheduled(..)]` and `#[background(..)]`.

use crate::{
    job::Kind,
    times,
    value::{Time, each, text, time, whole},
};
use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Error, Expr, ExprLit, Ident, Lit, Result, parse::ParseStream, spanned::Spanned as _};

const SCHEDULED: &str = "interval, aligned, cron, at, trigger, id, name, args, single_job, misfire_grace_time, coalesce, max_instances, jitter, start, end, timezone, timeout, lock_ttl, paused, protected";
const BACKGROUND: &str = "name, args, single_job, lock_ttl";
/// What says when a job runs.
pub(crate) const TIMES: &str = "`interval = \"5s\"`, `cron = \"0 8 * * mon-fri\"`, `at = \"2026-12-01 08:00:00\"` or `trigger = ..`";

/// What stands in the parentheses.
#[derive(Default)]
pub(crate) struct JobOptions {
    /// The id of a job or the name of a task.
    pub(crate) id: Option<Expr>,
    interval: Option<Time>,
    aligned: Option<Expr>,
    /// Expressions that can become triggers.
    pub(crate) triggers: Vec<TokenStream>,
    /// What is called on the job, in the order of the options.
    pub(crate) setters: Vec<TokenStream>,
    /// What is called on it after these: its zone, and texts that are times of it.
    pub(crate) bounds: Vec<TokenStream>,
    /// All mistakes, so that they are reported together.
    pub(crate) errors: Vec<Error>,
}

impl JobOptions {
    pub(crate) fn parse(kind: Kind, input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        let mut errors = Vec::new();
        let seen = each(input, kind.options(), &mut errors, |name, value, errors| {
            options.set(kind, name, value, errors)
        })?;
        options.errors.append(&mut errors);
        options.finish(&seen);
        Ok(options)
    }

    fn set(
        &mut self,
        kind: Kind,
        name: &Ident,
        value: Option<Expr>,
        mistakes: &mut Vec<Error>,
    ) -> Result<()> {
        let option = name.to_string();
        let known = kind.options();
        if !known.split(", ").any(|known| known == option) {
            let message = format!(
                "`{name}` is no option of {kind}{}: known are {known}",
                hint(kind, &option)
            );
            return Err(Error::new(name.span(), message));
        }
        if let "single_job" | "coalesce" | "paused" | "protected" | "aligned" = option.as_str() {
            let on = switch(name, value)?;
            match option.as_str() {
                "aligned" => self.aligned = Some(on),
                _ => self.setters.push(quote_spanned!(name.span()=> .#name(#on))),
            }
            return Ok(());
        }
        let value = value.ok_or_else(|| {
            let message = format!("`{name}` needs a value: `{name} = ..`");
            Error::new(name.span(), message)
        })?;
        let span = value.span();
        match option.as_str() {
            "interval" => {
                let time = time(name, value)?;
                if time.milliseconds == Some(0) {
                    return Err(Error::new(
                        span,
                        "an `interval` of 0 is not allowed: at least a millisecond",
                    ));
                }
                self.interval = Some(time);
            }
            "cron" => {
                let expression = match literal(&value) {
                    Some(text) => {
                        let problems = times::cron(&text);
                        let errors = problems.into_iter().map(|text| Error::new(span, text));
                        mistakes.extend(errors);
                        value.to_token_stream()
                    }
                    None => quote!(::core::convert::AsRef::<str>::as_ref(&#value)),
                };
                self.triggers
                    .push(quote_spanned!(span=> __rt::Trigger::cron(#expression)));
            }
            "at" => self.triggers.push(match literal(&value) {
                Some(text) => {
                    check_date(name, &text, &value)?;
                    quote_spanned!(span=> __rt::Trigger::at_local(#value))
                }
                None => quote_spanned!(span=> __rt::Trigger::at(#value)),
            }),
            "trigger" => self.triggers.push(value.to_token_stream()),
            "start" | "end" => match literal(&value) {
                Some(text) => {
                    check_date(name, &text, &value)?;
                    self.bounds
                        .push(quote!(let __job = __rt::#name(__job, #value);));
                }
                None => self.setters.push(quote_spanned!(span=> .#name(#value))),
            },
            "timezone" => {
                self.bounds.insert(
                    0,
                    quote_spanned!(span=> let __job = __rt::timezone(__job, #value);),
                );
            }
            "id" => self.id = Some(named(name, value)?),
            "name" if kind == Kind::Background => self.id = Some(named(name, value)?),
            "max_instances" => {
                if whole(&value)? == Some(0) {
                    let message = "`max_instances` of 0 is not allowed: the job would never run";
                    return Err(Error::new(span, message));
                }
                self.setters.push(quote_spanned!(span=> .#name(#value)));
            }
            "misfire_grace_time" | "timeout" if is_none(&value) => {
                let none = quote!(::core::option::Option::<::core::time::Duration>::None);
                self.setters.push(quote!(.#name(#none)));
            }
            "misfire_grace_time" | "timeout" | "jitter" | "lock_ttl" => {
                let Time {
                    tokens,
                    milliseconds,
                } = time(name, value)?;
                if let ("timeout" | "lock_ttl", Some(0)) = (option.as_str(), milliseconds) {
                    let message = format!("a `{name}` of 0 is not allowed: no run could end well");
                    return Err(Error::new(span, message));
                }
                self.setters.push(quote_spanned!(span=> .#name(#tokens)));
            }
            "name" => {
                if literal(&value).is_some() {
                    text(name, &value)?;
                }
                self.setters.push(quote_spanned!(span=> .#name(#value)));
            }
            // Values of different types are an array in JSON, but not in Rust.
            "args" if matches!(value, Expr::Array(_)) => {
                let json = quote_spanned!(span=> __rt::json!(#value));
                self.setters.push(quote_spanned!(span=> .args(#json)));
            }
            _ => self.setters.push(quote_spanned!(span=> .#name(#value))),
        }
        Ok(())
    }

    /// What does not go together.
    fn finish(&mut self, seen: &[Ident]) {
        let wants_interval = seen.iter().find(|name| *name == "aligned");
        match (self.interval.take(), self.aligned.take()) {
            (Some(Time { tokens, .. }), aligned) => {
                let aligned = aligned.unwrap_or_else(|| syn::parse_quote!(false));
                self.triggers
                    .insert(0, quote!(__rt::interval(#tokens, #aligned)));
            }
            (None, Some(_)) if !seen.iter().any(|name| name == "interval") => {
                let span = wants_interval.map_or_else(proc_macro2::Span::call_site, Ident::span);
                self.errors.push(Error::new(
                    span,
                    "`aligned` belongs to an interval: `interval = \"1m\", aligned`",
                ));
            }
            _ => {}
        }
    }
}

impl Kind {
    fn options(self) -> &'static str {
        match self {
            Self::Scheduled => SCHEDULED,
            Self::Background => BACKGROUND,
        }
    }
}

/// What people may have meant who know other schedulers.
fn hint(kind: Kind, option: &str) -> &'static str {
    if kind == Kind::Background && SCHEDULED.split(", ").any(|known| known == option) {
        return if option == "id" {
            "; a task has a `name`"
        } else {
            "; that is one of scheduled"
        };
    }
    match option {
        "seconds" | "minutes" | "hours" | "days" | "every" => "; write `interval = \"5s\"`",
        "crontab" | "schedule" => "; write `cron = \"..\"`",
        "date" | "run_date" => "; write `at = \"..\"`",
        "start_date" => "; write `start = \"..\"`",
        "end_date" => "; write `end = \"..\"`",
        "tz" => "; write `timezone = \"..\"`",
        "kwargs" => "; `args` may be a struct",
        _ => "",
    }
}

/// The text, where the expression is one.
fn literal(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

fn is_none(value: &Expr) -> bool {
    matches!(value, Expr::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "None"))
}

fn switch(name: &Ident, value: Option<Expr>) -> Result<Expr> {
    match value {
        None => Ok(syn::parse_quote!(true)),
        Some(Expr::Lit(ExprLit { lit, .. })) if !matches!(lit, Lit::Bool(_)) => {
            let message =
                format!("`{name}` is on or off: `{name}`, `{name} = true` or `{name} = false`");
            Err(Error::new(lit.span(), message))
        }
        Some(value) => Ok(value),
    }
}

fn named(name: &Ident, value: Expr) -> Result<Expr> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    if let Some(text) = literal(&value)
        && !((1..=128).contains(&text.len()) && text.bytes().all(allowed))
    {
        let message = format!(
            "{text:?} cannot be the `{name}`: expected 1 to 128 of `A-Z a-z 0-9 . _ ~ -`, so that it survives a URL"
        );
        return Err(Error::new(value.span(), message));
    }
    Ok(value)
}

fn check_date(name: &Ident, text: &str, value: &Expr) -> Result<()> {
    if times::is_date(text) {
        return Ok(());
    }
    let message = format!(
        "{text:?} is no time for `{name}`: expected \"2026-12-01 08:00:00\", with an offset as in \"2026-12-01 08:00:00+08:00\" if it is not of the job's time zone"
    );
    Err(Error::new(value.span(), message))
}
