//! Path templates: `/items/{id}`, `/files/{*path}`.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What a path cannot hold as it is. The slash stays: it separates segments.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The most parameters of one path: their places are kept without an allocation.
pub(crate) const MAX_PARAMS: usize = 8;

/// The names that stand in braces, in order, without the `*` of a catch-all.
pub(crate) fn template_names(template: &str) -> Vec<String> {
    let pieces = template
        .split('{')
        .skip(1)
        .filter_map(|piece| piece.split('}').next());
    pieces
        .map(|name| name.trim_start_matches('*').to_owned())
        .collect()
}

/// The template with the names replaced by their positions, so that `/a/{id}` and `/a/{name}` are
/// one place in the tree.
pub(crate) fn positional(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    let mut index = 0;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        let star = if name.starts_with('*') { "*" } else { "" };
        out.push_str(&format!("{before}{{{star}p{index}}}"));
        rest = tail;
        index += 1;
    }
    out + rest
}

/// A decoded path written so that axum, which decodes parameter by parameter, sees the segments that
/// our table sees.
pub(crate) fn encoded(path: &str) -> String {
    utf8_percent_encode(path, UNSAFE).to_string()
}

/// The template with its text encoded as [`encoded`] does, for axum's router, which compares the
/// path as it came.
pub(super) fn encoded_template(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(&format!("{}{{{name}}}", encoded(before)));
        rest = tail;
    }
    out + &encoded(rest)
}

/// Checks a template that was not seen by a macro.
///
/// # Errors
///
/// What is wrong with it, without the template itself.
pub(super) fn check_template(template: &str) -> Result<(), String> {
    if !template.is_empty() && !template.starts_with('/') {
        return Err("a path begins with `/`".to_owned());
    }
    if template.matches('{').count() != template.matches('}').count() {
        return Err("a brace is open: parameters are written `{name}`".to_owned());
    }
    let names = template_names(template);
    if names.len() > MAX_PARAMS {
        return Err(format!("at most {MAX_PARAMS} parameters fit into a path"));
    }
    for (index, name) in names.iter().enumerate() {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if name.is_empty() || !plain {
            return Err(format!(
                "`{{{name}}}` is no parameter name: letters, digits and `_`"
            ));
        }
        if names[..index].contains(name) {
            return Err(format!("the parameter `{name}` stands twice in the path"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_star() {
        assert_eq!(template_names("/a/{id}/{*rest}"), ["id", "rest"]);
        assert_eq!(positional("/a/{id}/x/{*rest}"), "/a/{p0}/x/{*p1}");
        assert_eq!(positional("/plain"), "/plain");
        assert_eq!(
            encoded_template("/项目/{id}/{*rest}"),
            "/%E9%A1%B9%E7%9B%AE/{id}/{*rest}"
        );
    }

    #[test]
    fn bad_templates_say_what_is_wrong() {
        assert!(check_template("/a/{id}").is_ok());
        assert_eq!(check_template("a").unwrap_err(), "a path begins with `/`");
        assert!(check_template("/a/{id").unwrap_err().contains("open"));
        assert!(
            check_template("/a/{id}/{id}")
                .unwrap_err()
                .contains("twice")
        );
        assert!(check_template("/a/{i d}").unwrap_err().contains("`{i d}`"));
    }
}
