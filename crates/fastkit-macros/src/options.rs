//! The options of `#[cached(..)]`.

use crate::value::{Time, each, text, time, whole};
use syn::{
    Error, Expr, ExprLit, Ident, Lit, LitStr, Result,
    parse::{Parse, ParseStream},
    spanned::Spanned as _,
};

const KNOWN: &str = "ttl, key, pool, backend, max_size, policy, negative, refresh_ahead";
const POLICIES: [(&str, &str); 6] = [
    ("fifo", "Fifo"),
    ("lru", "Lru"),
    ("lfu", "Lfu"),
    ("lifo", "Lifo"),
    ("mru", "Mru"),
    ("rr", "Rr"),
];
/// What stands in the parentheses.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) ttl: Option<Time>,
    pub(crate) key: Option<Key>,
    pub(crate) pool: Option<LitStr>,
    pub(crate) backend: Option<Expr>,
    pub(crate) max_size: Option<Expr>,
    pub(crate) policy: Option<Ident>,
    pub(crate) negative: Option<Time>,
    pub(crate) refresh_ahead: Option<Time>,
    /// All mistakes, so that they are reported together.
    pub(crate) errors: Vec<Error>,
}

pub(crate) enum Key {
    Text(LitStr),
    Value(Box<Expr>),
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        let mut errors = Vec::new();
        let seen = each(input, KNOWN, &mut errors, |name, value, _| {
            options.set(name, value)
        })?;
        options.errors.append(&mut errors);
        options.check(&seen);
        Ok(options)
    }
}

impl Options {
    fn set(&mut self, name: &Ident, value: Option<Expr>) -> Result<()> {
        let known = name.to_string();
        if !KNOWN.split(", ").any(|option| option == known) {
            let hint = match known.as_str() {
                "cache_key" => "; the key is called `key`",
                "maxsize" => "; the bound is called `max_size`",
                _ => "",
            };
            let message = format!("`{name}` is no option of cached{hint}: known are {KNOWN}");
            return Err(Error::new(name.span(), message));
        }
        let value = value.ok_or_else(|| {
            Error::new(
                name.span(),
                format!("`{name}` needs a value: `{name} = ..`"),
            )
        })?;
        match known.as_str() {
            "ttl" => self.ttl = Some(time(name, value)?),
            "negative" => self.negative = Some(time(name, value)?),
            "refresh_ahead" => self.refresh_ahead = Some(time(name, value)?),
            "key" => {
                self.key = Some(match value {
                    Expr::Lit(ExprLit {
                        lit: Lit::Str(text),
                        ..
                    }) => Key::Text(text),
                    other => Key::Value(Box::new(other)),
                });
            }
            "pool" => self.pool = Some(text(name, &value)?),
            "backend" => self.backend = Some(value),
            "max_size" => {
                if whole(&value)? == Some(0) {
                    let message = "`max_size` of 0 is not allowed: nothing could be kept";
                    return Err(Error::new(value.span(), message));
                }
                self.max_size = Some(value);
            }
            _ => {
                let word = text(name, &value)?;
                let found = POLICIES.iter().find(|(name, _)| *name == word.value());
                let (_, variant) = found.ok_or_else(|| {
                    let known: Vec<&str> = POLICIES.iter().map(|(name, _)| *name).collect();
                    let message = format!(
                        "{:?} is no policy: expected one of {}",
                        word.value(),
                        known.join(", ")
                    );
                    Error::new(word.span(), message)
                })?;
                self.policy = Some(Ident::new(variant, word.span()));
            }
        }
        Ok(())
    }

    /// What does not go together.
    fn check(&mut self, seen: &[Ident]) {
        if self.pool.is_some() {
            for name in seen
                .iter()
                .filter(|name| *name == "max_size" || *name == "policy")
            {
                let message = format!(
                    "`{name}` belongs to the pool: give it where the pool is made, `cache::builder().{name}(..).open(..)`"
                );
                self.errors.push(Error::new(name.span(), message));
            }
        }
        if self.backend.is_some() {
            let local = ["pool", "max_size", "policy", "negative", "refresh_ahead"];
            for name in seen
                .iter()
                .filter(|name| local.iter().any(|local| *name == local))
            {
                let message = format!(
                    "`{name}` is for values in this process, and does not go with `backend`"
                );
                self.errors.push(Error::new(name.span(), message));
            }
            if !matches!(self.key, Some(Key::Text(_)))
                && let Some(name) = seen.iter().find(|name| *name == "backend")
            {
                let message =
                    "values outside of this process need a key of text: `key = \"user:{id}\"`";
                self.errors.push(Error::new(name.span(), message));
            }
        }
        let known = |time: &Option<Time>| time.as_ref().and_then(|time| time.milliseconds);
        let ttl = self
            .ttl
            .as_ref()
            .map_or(Some(120_000), |time| time.milliseconds);
        if let (Some(ttl), Some(ahead)) = (ttl, known(&self.refresh_ahead))
            && ahead >= ttl
            && let Some(name) = seen.iter().find(|name| *name == "refresh_ahead")
        {
            let message = if ttl == 0 {
                "`refresh_ahead` of values that never end does nothing"
            } else {
                "`refresh_ahead` has to be shorter than `ttl`: else every call would load anew"
            };
            self.errors.push(Error::new(name.span(), message));
        }
    }
}
