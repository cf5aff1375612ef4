//! Reads the recorded calls: `success(['a'=>1],'msg',200101)->header(['X-foo'=>'bar'])`.
//!
//! Only the notation of the recordings: literals, arrays, and the stand-ins `Model{a:1}`,
//! `Collection[..]`, `Paginator 5/page p1 of 12`.

use fastflyer::serde_json::{Map, Value};

/// One call of a method of think-response's `Response`.
pub(super) struct Call {
    pub(super) name: String,
    arguments: Vec<Value>,
    /// What `->header([..])` adds.
    pub(super) chained: Vec<(String, String)>,
}

impl Call {
    /// `None` for what is not of the notation.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text.trim() };
        let name = reader.word()?.to_owned();
        let arguments = reader.arguments()?;
        let mut chained = Vec::new();
        while reader.take("->header") {
            chained.extend(reader.arguments()?.first().map(pairs).unwrap_or_default());
        }
        reader.rest.is_empty().then_some(Self { name, arguments, chained })
    }

    /// An argument; absent ones are null.
    pub(super) fn value(&self, at: usize) -> Value {
        self.arguments.get(at).cloned().unwrap_or_default()
    }

    pub(super) fn number(&self, at: usize) -> Option<u32> {
        self.value(at).as_u64()?.try_into().ok()
    }

    /// A text that says something: an empty one means the default.
    pub(super) fn text(&self, at: usize) -> Option<String> {
        let text = self.value(at).as_str()?.to_owned();
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn pairs(&self, at: usize) -> Vec<(String, String)> {
        pairs(&self.value(at))
    }
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let object = value.as_object().into_iter().flatten();
    object
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// `success(Paginator 5/page p3 of 12)`: items per page, number, total.
pub(super) fn paginator(text: &str) -> Option<(u64, u64, u64)> {
    let inner = text.strip_prefix("success(Paginator ")?.strip_suffix(')')?;
    if inner == "empty" {
        return Some((5, 1, 0));
    }
    let (per_page, rest) = inner.split_once("/page p")?;
    let (number, total) = rest.split_once(" of ")?;
    Some((per_page.parse().ok()?, number.parse().ok()?, total.parse().ok()?))
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-' || c == '.'));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        (!word.is_empty()).then_some(word)
    }

    fn arguments(&mut self) -> Option<Vec<Value>> {
        if !self.take("(") {
            return None;
        }
        let mut found = Vec::new();
        while !self.take(")") {
            found.push(self.value()?);
            if !self.take(",") && !self.rest.starts_with(')') {
                return None;
            }
        }
        Some(found)
    }

    fn value(&mut self) -> Option<Value> {
        for (open, close) in [("Collection[", "]"), ("Model{", "}"), ("[", "]"), ("{", "}")] {
            if self.take(open) {
                let value = self.array(close)?;
                // An empty array of PHP is nothing; a collection stays one.
                let nothing = open == "[" && value == Value::Array(Vec::new());
                return Some(if nothing { Value::Null } else { value });
            }
        }
        if self.take("'") {
            let (text, rest) = self.rest.split_once('\'')?;
            self.rest = rest.trim_start();
            return Some(text.into());
        }
        let word = self.word()?;
        Some(match word {
            "null" => Value::Null,
            "true" => true.into(),
            "false" => false.into(),
            word => match (word.parse::<i64>(), word.parse::<f64>()) {
                (Ok(number), _) => number.into(),
                (_, Ok(number)) => number.into(),
                _ => word.into(),
            },
        })
    }

    /// A list, or an object where the items have keys.
    fn array(&mut self, close: &str) -> Option<Value> {
        let (mut items, mut fields) = (Vec::new(), Map::new());
        while !self.take(close) {
            let first = self.value()?;
            if self.take("=>") || self.take(":") {
                let key = first.as_str().map_or_else(|| first.to_string(), str::to_owned);
                fields.insert(key, self.value()?);
            } else {
                items.push(first);
            }
            if !self.take(",") && !self.rest.starts_with(close) {
                return None;
            }
        }
        Some(if fields.is_empty() {
            Value::Array(items)
        } else {
            Value::Object(fields)
        })
    }
}
