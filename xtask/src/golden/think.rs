//! think-response's recorded calls as requests: the service makes the same call with our API.
//!
//! A call such as `success(['a'=>1])` becomes `GET /demo/think?call=..`, its configuration the
//! variables of the service, and what PHP sent the expected answer. The key function is [`cases`].

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::case::{Case, Request};

/// One recorded call.
#[derive(Deserialize)]
struct Recorded {
    name: String,
    /// `[]` for none, as PHP writes an empty map.
    config_override: Value,
    call: String,
    result: Map<String, Value>,
}

/// The cases of such a file; `None` for files of another kind.
pub(super) fn cases(file: &Value) -> Option<Vec<Case>> {
    let items = file.as_array()?;
    let cases = items.iter().map(|item| {
        let recorded = Recorded::deserialize(item).ok()?;
        Some(recorded.into_case())
    });
    cases.collect()
}

impl Recorded {
    fn into_case(self) -> Case {
        let page = self.call.contains("(Paginator ");
        let path = if page {
            "/demo/think/page"
        } else {
            "/demo/think"
        };
        Case {
            request: Request {
                method: "GET".to_owned(),
                path: format!("{path}?call={}", encoded(&self.call)),
                headers: None,
                body: None,
            },
            server_env: Some(variables(&self.config_override)),
            response: self.response(),
            name: self.name,
            volatile: None,
            impl_specific: None,
            access_log_json: None,
        }
    }

    fn response(&self) -> Map<String, Value> {
        if let Some(raised) = self.result.get("raised") {
            return Map::from_iter([("error".to_owned(), raised.clone())]);
        }
        let headers = self.result.get("headers").and_then(Value::as_object);
        let headers: Map<String, Value> = headers
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.to_lowercase(), value.clone()))
            .collect();
        let field = |name: &str| self.result.get(name).cloned().unwrap_or_default();
        Map::from_iter([
            ("status".to_owned(), field("http_status")),
            ("headers".to_owned(), headers.into()),
            ("json".to_owned(), field("body")),
        ])
    }
}

/// The original's `config/response.php` as our variables.
fn variables(config: &Value) -> Map<String, Value> {
    let mut variables = Map::new();
    let mut set = |name: &str, value: Value| variables.insert(name.to_owned(), value);
    set("flyer_response_format", json!("standard"));
    if let Some(status) = config.get("error_code") {
        set("flyer_response_error_status", status.clone());
    }
    let fields = config.pointer("/format/config").and_then(Value::as_object);
    let rules: Vec<String> = fields
        .into_iter()
        .flatten()
        .filter_map(|(field, option)| {
            let hidden = option.get("show") == Some(&json!(false));
            let alias = option.get("alias").and_then(Value::as_str);
            let name = if hidden { "-" } else { alias? };
            Some(format!("{field}={name}"))
        })
        .collect();
    if !rules.is_empty() {
        set("flyer_response_fields", json!(rules.join(",")));
    }
    variables
}

/// A value of a query, percent-encoded.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() {
            all.push(byte.into());
        } else {
            // Writing into a string cannot fail.
            let _ = write!(all, "%{byte:02X}");
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_becomes_a_request() {
        let file = json!([{
            "name": "n", "lang": [], "call": "ok('done')",
            "config_override": {
                "error_code": 200,
                "format": {"config": {"message": {"alias": "msg"}, "error": {"alias": "e", "show": false}}}
            },
            "result": {"http_status": 200, "headers": {"X-A": "b"}, "body": {"code": 200}}
        }]);
        let case = &cases(&file).unwrap()[0];
        assert_eq!(case.request.path, "/demo/think?call=ok%28%27done%27%29");
        assert_eq!(case.header("x-a"), Some("b"));
        let environment = case.environment();
        assert!(
            environment.contains(&(
                "flyer_response_fields".to_owned(),
                "error=-,message=msg".to_owned()
            )) || environment.contains(&(
                "flyer_response_fields".to_owned(),
                "message=msg,error=-".to_owned()
            ))
        );
        assert!(
            environment.contains(&("flyer_response_error_status".to_owned(), "200".to_owned()))
        );
        assert!(cases(&json!([{"name": "n", "request": {}}])).is_none());
    }
}
