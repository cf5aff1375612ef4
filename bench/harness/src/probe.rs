//! Sees that a server does the work before its speed is looked at: a fast wrong answer is worth nothing.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    process::{Running, Start},
    servers::{Case, Server},
};

/// Starts the server and asks it what the case asks of it.
pub(crate) fn probe(
    server: &Server,
    executable: &Path,
    case: Case,
    scratch: &Path,
) -> Result<(), String> {
    let running = Running::start(&Start {
        server,
        executable,
        wrapper: &[],
        logged: case.logged(),
        variables: &[],
        scratch,
    })?;
    let port = running.port;
    let log = running.log.clone();
    let wrong =
        |reason: String| format!("{} does not do the work of {case}: {reason}", server.name);
    if let Case::A | Case::P = case {
        health(port).map_err(wrong)?;
        return running.stop();
    }
    users(port).map_err(wrong)?;
    running.stop()?;
    match log {
        Some(log) => fs::read_to_string(&log)
            .map_err(|error| error.to_string())
            .and_then(|text| access_log(&text))
            .map_err(wrong),
        None => Ok(()),
    }
}

const KEPT: &str = "bench-0123456789";

fn health(port: u16) -> Result<(), String> {
    let answer = exchange(port, "GET /health_check/async", &[], "")?;
    answer.expect_json(200, &json!({"message": "success", "code": 200}))
}

fn users(port: u16) -> Result<(), String> {
    let post = |name: &str, id: &[(&str, &str)]| {
        let user = json!({"name": name, "age": "18", "sex": "male", "father": "f", "mother": "m"});
        exchange(
            port,
            "POST /flyer/users/info",
            id,
            &json!({"data": [user]}).to_string(),
        )
        .map(|answer| (answer, user))
    };
    let (answer, user) = post("张三", &[])?;
    answer.expect_json(
        200,
        &json!({"status": "success", "code": 200, "message": "操作成功", "data": {"data": [user]}, "error": {}}),
    )?;
    if answer.header("x-request-id").is_none_or(|id| id.len() < 8) {
        return Err("no x-request-id is set".to_owned());
    }
    let (answer, _) = post("x", &[("x-request-id", KEPT)])?;
    if answer.header("x-request-id") != Some(KEPT) {
        return Err("x-request-id is not kept".to_owned());
    }
    // 64 characters of three bytes each are right: it is characters that count.
    for (name, valid) in [
        ("名".repeat(64), true),
        ("名".repeat(65), false),
        (String::new(), false),
    ] {
        let (answer, _) = post(&name, &[])?;
        if (answer.status == 200) != valid || answer.status >= 500 {
            return Err(format!(
                "status {} for a name of {} characters",
                answer.status,
                name.chars().count()
            ));
        }
    }
    let broken = exchange(port, "POST /flyer/users/info", &[], "{\"data\":")?;
    if !(400..500).contains(&broken.status) {
        return Err(format!("status {} for a broken body", broken.status));
    }
    Ok(())
}

/// At least the good requests have a line each (who parses in the router may log fewer refusals), all are JSON.
fn access_log(text: &str) -> Result<(), String> {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("/flyer/users/info"))
        .collect();
    if let Some(bad) = lines
        .iter()
        .find(|line| serde_json::from_str::<Value>(line).is_err())
    {
        return Err(format!("an access line that is not JSON: {bad}"));
    }
    if lines.len() < 3 || !lines.iter().any(|line| line.contains(KEPT)) {
        return Err(format!(
            "{} access lines for six requests, or none with its request id",
            lines.len()
        ));
    }
    Ok(())
}

/// How many connections each event loop of our service has, this question's own included.
///
/// # Errors
///
/// Fails when the service has no state page (`flyer_state_page`), or says something else there.
pub(crate) fn loops(port: u16) -> Result<Vec<u64>, String> {
    let answer = exchange(port, "GET /flyer/state", &[], "")?;
    loops_of(&answer.body).ok_or_else(|| {
        let (status, body) = (answer.status, &answer.body);
        format!("no connections per event loop in the state page: status {status} with {body:?}")
    })
}

fn loops_of(state: &str) -> Option<Vec<u64>> {
    let state: Value = serde_json::from_str(state).ok()?;
    let workers = state["workers"].as_array()?.iter();
    let loops = workers.flat_map(|worker| worker["loops"].as_array().into_iter().flatten());
    let counts: Option<Vec<u64>> = loops.map(|one| one["connections"].as_u64()).collect();
    counts.filter(|counts| !counts.is_empty())
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    fn expect_json(&self, status: u16, expected: &Value) -> Result<(), String> {
        let body = serde_json::from_str::<Value>(&self.body).ok();
        if self.status == status && body.as_ref() == Some(expected) {
            Ok(())
        } else {
            Err(format!("status {} with {:?}", self.status, self.body))
        }
    }
}

fn exchange(
    port: u16,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, String> {
    let mut request =
        format!("{target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        request.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        ));
    }
    request.push_str("\r\n");
    request.push_str(body);
    let mut answer = String::new();
    TcpStream::connect(("127.0.0.1", port))
        .and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.write_all(request.as_bytes())?;
            stream.read_to_string(&mut answer)
        })
        .map_err(|error| format!("{target}: {error}"))?;
    parse(&answer).ok_or_else(|| format!("{target}: no HTTP answer but {answer:?}"))
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let answer = parse("HTTP/1.1 200 OK\r\nX-Request-Id: abc\r\n\r\n{\"code\": 200}").unwrap();
        assert_eq!(answer.header("x-request-id"), Some("abc"));
        assert!(answer.expect_json(200, &json!({"code": 200})).is_ok());
        assert!(answer.expect_json(201, &json!({"code": 200})).is_err());
        assert!(parse("").is_none());
    }

    #[test]
    fn the_loops_of_all_workers_are_counted() {
        let state = json!({"workers": [
            {"loops": [{"connections": 50, "delay": 0.1}, {"connections": 51}]},
            {"loops": [{"connections": 7}]},
        ]});
        assert_eq!(loops_of(&state.to_string()), Some(vec![50, 51, 7]));
        assert_eq!(loops_of(r#"{"workers": []}"#), None);
        assert_eq!(loops_of(r#"{"workers": [{"loops": [{}]}]}"#), None);
        assert_eq!(loops_of("not found"), None);
    }

    #[test]
    fn the_log_must_be_json_and_name_the_request() {
        let line = format!("{{\"uri\":\"/flyer/users/info\",\"id\":\"{KEPT}\"}}\n");
        assert!(access_log(&line.repeat(3)).is_ok());
        assert!(access_log(&line.repeat(2)).is_err());
        assert!(access_log(&format!("{}/flyer/users/info not JSON\n", line.repeat(3))).is_err());
        assert!(access_log(&line.repeat(3).replace(KEPT, "other")).is_err());
    }
}
