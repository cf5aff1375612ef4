//! The requests of the cases, and how their answers begin.

use std::str::FromStr;

/// What is asked of the server. C sends what B sends; the server was started with its access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// `GET /health_check/async`.
    A,
    /// `POST /flyer/users/info`, validated and answered in the envelope.
    B,
    /// B with the access log.
    C,
    /// `GET /flyer/part0/items/7`: a parameter in the path, of the service that has many routes.
    R,
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "A" | "a" => Ok(Self::A),
            "B" | "b" => Ok(Self::B),
            "C" | "c" => Ok(Self::C),
            "R" | "r" => Ok(Self::R),
            _ => Err(format!("--case is A, B, C or R, got {text:?}")),
        }
    }
}

const BODY: &str = r#"{"data":[{"name":"zhangsan","age":"18","sex":"male","father":"zhangyi","mother":"lihong"}]}"#;

impl Case {
    /// One whole request. The headers are those of wrk and curl: few, so that the server's own work shows.
    pub(crate) fn request(self, address: &str) -> Vec<u8> {
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        match self {
            Self::A => get("/health_check/async"),
            Self::R => get("/flyer/part0/items/7"),
            Self::B | Self::C => format!(
                "POST /flyer/users/info HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\n\r\n{BODY}",
                BODY.len()
            ),
        }
        .into_bytes()
    }

    /// Whether a body begins as it must: with its fields as declared, or sorted as by servers that answer out of a map.
    pub(crate) fn is_answered_by(self, body: &[u8]) -> bool {
        let (declared, sorted): (&str, &str) = match self {
            Self::A => (
                r#"{"message":"success","code":200}"#,
                r#"{"code":200,"message":"success"}"#,
            ),
            Self::B | Self::C => (
                r#"{"status":"success","code":200,"message":"操作成功","data":{"data":[{"name":"zhangsan","age":"18""#,
                r#"{"code":200,"data":{"data":[{"age":"18","father":"zhangyi","mother":"lihong","name":"zhangsan""#,
            ),
            Self::R => {
                let answer = r#"{"status":"success","code":200,"message":"操作成功","data":{"id":7,"name":"item""#;
                (answer, answer)
            }
        };
        body.starts_with(declared.as_bytes()) || body.starts_with(sorted.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_the_body_is_announced() {
        let request = String::from_utf8(Case::B.request("127.0.0.1:1")).unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())));
        assert_eq!(Case::C.request("x"), Case::B.request("x"));
    }

    #[test]
    fn only_the_right_body_passes() {
        assert!(Case::A.is_answered_by(br#"{"message":"success","code":200}"#));
        assert!(Case::A.is_answered_by(br#"{"code":200,"message":"success"}"#));
        assert!(!Case::A.is_answered_by(br#"{"message":"success","code":20"#));
        assert!(!Case::B.is_answered_by(br#"{"status":"fail","code":500}"#));
    }
}
