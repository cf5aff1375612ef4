//! [`Template`]: a text with places for values, `{name}`. Braces of the text itself are doubled.

/// A text of a locale file, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A place, by the index of its name among the names that the text may have.
    Value(usize),
}

impl Template {
    /// Reads a text that may have places for these names.
    ///
    /// # Errors
    ///
    /// Says what is wrong: an open brace, or a name that is not among them.
    pub(crate) fn parse(text: &str, names: &[&str]) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if let Some(after) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let Some((name, after)) = after.split_once('}').filter(|_| brace == "{") else {
                return Err(format!(
                    "a brace stands alone; a place for a value is `{{name}}`, a brace of the text `{brace}{brace}`"
                ));
            };
            let Some(index) = names.iter().position(|known| *known == name) else {
                let known: Vec<_> = names.iter().map(|name| format!("{{{name}}}")).collect();
                return Err(match known.as_slice() {
                    [] => format!("`{{{name}}}` has no value here: this text has none"),
                    known => format!(
                        "`{{{name}}}` has no value here; known: {}",
                        known.join(", ")
                    ),
                });
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Value(index));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The text with these values, in the order of the names that it was read with.
    pub(crate) fn render(&self, values: &[&str]) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            text.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Value(index) => values.get(*index).copied().unwrap_or(""),
            });
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn places_are_filled() {
        let names = ["min", "max"];
        let say = |text: &str| Template::parse(text, &names).map(|text| text.render(&["1", "9"]));
        assert_eq!(say("{min} から {max} まで").as_deref(), Ok("1 から 9 まで"));
        assert_eq!(say("{max}{max}").as_deref(), Ok("99"));
        assert_eq!(say("{{{min}}}").as_deref(), Ok("{1}"));
        assert_eq!(say("").as_deref(), Ok(""));
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = |text, names: &[&str]| Template::parse(text, names).expect_err(text);
        assert_eq!(
            wrong("{most}", &["min", "max"]),
            "`{most}` has no value here; known: {min}, {max}"
        );
        assert_eq!(
            wrong("{n}", &[]),
            "`{n}` has no value here: this text has none"
        );
        assert!(wrong("a } b", &[]).contains("`}}`"));
        assert!(wrong("a { b", &[]).contains("`{{`"));
    }
}
