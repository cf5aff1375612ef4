//! Credentials inside texts: the user part of URLs, and parameters with secret names.

use super::{MASK, is_secret_name_bytes};
use std::borrow::Cow;

/// Masks the password of every URL in the text, a user without password (it may be a token), and
/// parameters with secret names in queries and fragments. Text without any of these is returned as it is.
///
/// ```
/// use fastkit::mask::mask_url;
///
/// assert_eq!(mask_url("redis://:p@ss@db:6379/1"), "redis://:***@db:6379/1");
/// assert_eq!(mask_url("https://me:pw@host/x?a=1&api_key=2#f"), "https://me:***@host/x?a=1&api_key=***#f");
/// assert_eq!(mask_url("http://127.0.0.1:8080/flyer"), "http://127.0.0.1:8080/flyer");
/// ```
#[must_use]
pub fn mask_url(text: &str) -> Cow<'_, str> {
    let masked = mask_credentials(text);
    match mask_query(&masked) {
        Some(query) => Cow::Owned(query),
        None => masked,
    }
}

fn mask_credentials(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        // In this order, so that no text is searched to its end again and again.
        let end = tail.find("://").unwrap_or(tail.len());
        let end = tail[..end].find(char::is_whitespace).unwrap_or(end);
        match user_info(&tail[..end]) {
            Some(at) => {
                if let Some(colon) = tail[..at].find(':') {
                    out.push_str(&tail[..=colon]);
                }
                out.push_str(MASK);
                rest = &tail[at..];
            }
            None => rest = tail,
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Where the user part of an URL ends, that is the index of its `@`.
///
/// A password with an unescaped `/`, `?` or `#` ends the authority early for a strict parser. It
/// is a password all the same, so what follows a colon that is not a port is searched to the end.
fn user_info(url: &str) -> Option<usize> {
    let authority = &url[..url.find(['/', '?', '#']).unwrap_or(url.len())];
    if let Some(at) = authority.rfind('@') {
        return Some(at);
    }
    let (_, port) = authority.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if is_port || authority.ends_with(']') {
        None
    } else {
        url.rfind('@')
    }
}

/// The text with the values of secret parameters in queries and fragments masked; `None` when there
/// are none.
fn mask_query(text: &str) -> Option<String> {
    // Searches for one byte are fast, and most texts have no parameter at all.
    text.find('=')?;
    let mut at = match (text.find('?'), text.find('#')) {
        (Some(query), Some(fragment)) => query.min(fragment),
        (query, fragment) => query.or(fragment)?,
    };
    let (mut out, mut copied) = (String::new(), 0);
    // Each of these may have a parameter behind it, in a message with several URLs too.
    let separators = ['?', '&', '#', ';'];
    loop {
        let name_start = at + 1;
        let rest = &text[name_start..];
        let end = rest
            .find(|c: char| matches!(c, '=' | '?' | '&' | '#' | ';' | '"') || c.is_whitespace());
        let mut next = name_start;
        if let Some(length) = end.filter(|end| rest[*end..].starts_with('='))
            && is_secret_name_bytes(&decode(&rest.as_bytes()[..length]))
        {
            let value_start = name_start + length + 1;
            let value = &text[value_start..];
            let ends_value =
                |c: char| matches!(c, '&' | '#' | '"' | '\'' | '<' | '>') || c.is_whitespace();
            next = value_start + value.find(ends_value).unwrap_or(value.len());
            out.push_str(&text[copied..value_start]);
            out.push_str(MASK);
            copied = next;
        }
        match text[next..].find(separators) {
            Some(found) => at = next + found,
            None => break,
        }
    }
    out.push_str(&text[copied..]);
    (copied > 0).then_some(out)
}

/// The bytes that a name or value in a query or form stands for: `+` is a space and `%XX` a byte.
pub(crate) fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        decoded.push(match (first, hex_pair(after)) {
            (b'%', Some(byte)) => {
                rest = &after[2..];
                byte
            }
            (b'+', _) => b' ',
            _ => *first,
        });
    }
    Cow::Owned(decoded)
}

fn hex_pair(text: &[u8]) -> Option<u8> {
    let [high, low] = text.first_chunk::<2>()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::mask_value;

    #[test]
    fn urls() {
        let cases = [
            ("mysql://root:p/w#1@h/db", "mysql://root:***@h/db"),
            ("redis://h:6379/a@b", "redis://h:6379/a@b"),
            ("https://ghp_x@github.com/a", "https://***@github.com/a"),
            (
                "a redis://u:p@h b http://x:y@z/",
                "a redis://u:***@h b http://x:***@z/",
            ),
            (
                "redis://:a@h1,redis://:b@h2",
                "redis://:***@h1,redis://:***@h2",
            ),
            ("/login?user=a&password=b", "/login?user=a&password=***"),
            (
                "ask http://a/?x=1&token=2 or \"/b?pass=3\" now",
                "ask http://a/?x=1&token=*** or \"/b?pass=***\" now",
            ),
            ("why? token = 5", "why? token = 5"),
            ("/a?token=", "/a?token=***"),
            ("/a?b&&=&token", "/a?b&&=&token"),
            ("/a?user%5Bpass%5D=b&c=1", "/a?user%5Bpass%5D=***&c=1"),
            ("/a?api+key=b", "/a?api+key=***"),
            ("/a?%E5%AF%86%E7%A0%81=b", "/a?%E5%AF%86%E7%A0%81=***"),
            ("/a?%zz%=b&%=c&%ff%7=d", "/a?%zz%=b&%=c&%ff%7=d"),
            ("/a?x=1;token=b", "/a?x=1;token=***"),
            ("/cb#access_token=b&state=s", "/cb#access_token=***&state=s"),
            ("/cb?x=1#token=b", "/cb?x=1#token=***"),
            ("see #12; token=b", "see #12; token=b"),
            ("http://[::1]:80/?q=keyword", "http://[::1]:80/?q=keyword"),
            ("http://[::1]/x@y", "http://[::1]/x@y"),
            ("://", "://"),
            ("plain", "plain"),
        ];
        for (url, masked) in cases {
            assert_eq!(mask_url(url), masked);
        }
        assert_eq!(mask_value("flyer_auth_pass", ""), "");
        assert_eq!(mask_value("flyer_auth_pass", "x"), MASK);
    }
}
