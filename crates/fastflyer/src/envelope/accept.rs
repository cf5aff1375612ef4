//! Which of two forms of a failure a client asked for: `Accept` by RFC 9110, 12.5.1.

use http::{HeaderMap, header};

/// The media type of RFC 9457.
pub(super) const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";

/// Whether the client asks for problem details rather than plain JSON.
///
/// It must name the type: `*/*` and `application/*` are content with either, and get what the
/// service sends by default. Of equal quality the one that it named wins, and of two that it named
/// plain JSON.
pub(super) fn prefers_problem(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::ACCEPT).iter().peekable();
    if lines.peek().is_none() {
        return false;
    }
    let (mut problem, mut json, mut any) = (None, None, None);
    for value in lines {
        let text = value.to_str().unwrap_or("");
        for range in text.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or("");
            let quality = parts.find_map(quality).unwrap_or(1000);
            if name.eq_ignore_ascii_case(PROBLEM) {
                problem = problem.max(Some(quality));
            } else if name.eq_ignore_ascii_case(JSON) {
                json = json.max(Some(quality));
            } else if name == "application/*" || (name == "*/*" && any.is_none()) {
                any = Some(quality);
            }
        }
    }
    match (problem, json) {
        (None | Some(0), _) => false,
        (Some(problem), Some(json)) => problem > json,
        (Some(problem), None) => problem >= any.unwrap_or(0),
    }
}

/// `q=0.8` in thousandths; `None` for other parameters. What is no number counts as 1.
fn quality(parameter: &str) -> Option<u16> {
    let value = parameter
        .strip_prefix("q=")
        .or_else(|| parameter.strip_prefix("Q="))?;
    let quality: f32 = value.trim().parse().unwrap_or(1.0);
    Some((quality.clamp(0.0, 1.0) * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn quality_values_decide() {
        for (accept, problem) in [
            (&[][..], false),
            (&["*/*"], false),
            (&["application/*"], false),
            (&["application/json"], false),
            (&["application/problem+json"], true),
            (&["Application/Problem+JSON"], true),
            (&["application/problem+json;q=0"], false),
            (&["application/problem+json, application/json"], false),
            (&["application/problem+json, application/json;q=0.9"], true),
            (&["application/problem+json;q=0.9, application/json"], false),
            (&["application/problem+json;q=0.5, */*;q=0.4"], true),
            (&["application/problem+json;q=0.5, */*"], false),
            (&["text/html", "application/problem+json ; q=0.3"], true),
            (
                &["application/json;q=0.2, application/problem+json;q=0.3;x=1"],
                true,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for line in accept {
                headers.append(header::ACCEPT, HeaderValue::from_static(line));
            }
            assert_eq!(prefers_problem(&headers), problem, "{accept:?}");
        }
    }
}
