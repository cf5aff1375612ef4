//! Text in HTML.

use std::fmt::{self, Write as _};

/// Displays text so that it is nothing but text, between tags and in quoted attributes.
pub(super) struct Html<'a>(pub(super) &'a str);

impl fmt::Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // HTML has no way to write it.
                '\0' => f.write_char(char::REPLACEMENT_CHARACTER)?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn nothing_of_a_text_is_markup() {
        for (text, expected) in [
            ("项目 API", "项目 API"),
            ("a & b", "a &amp; b"),
            ("&amp;", "&amp;amp;"),
            ("</script><script>", "&lt;/script&gt;&lt;script&gt;"),
            ("\" onload='x'", "&quot; onload=&#39;x&#39;"),
            ("a\0b", "a\u{fffd}b"),
            ("{{title}} {0}", "{{title}} {0}"),
        ] {
            assert_eq!(Html(text).to_string(), expected);
        }
    }
}
