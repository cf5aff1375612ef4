//! think-response's calls, made with ours: `GET /think?call=success(['a'=>1])`.
//!
//! The recorded calls are PHP; `php` reads them. What each method of think-response became stands in
//! `Call::reply` and `Call::error`, as in `docs/migration.md`.

mod php;

use fastflyer::{
    prelude::*,
    serde_json::{Map, Value},
};
use php::Call;

/// Both routes.
pub fn router() -> Router {
    Router::new().tag("think").include(routes![call, page])
}

/// The business codes that the recorded language file has texts for.
#[derive(ResponseCode)]
enum Code {
    #[code(200101, zh = "注册成功")]
    RegisterSuccess,
    #[code(500102, zh = "登录失败")]
    LoginError,
}

#[get("/think", codes = [200, 201, 202, 204, Code::RegisterSuccess, Code::LoginError])]
async fn call(#[query] call: String) -> Result<Reply<Value>> {
    let call = Call::read(&call).ok_or_else(ApiError::bad_request)?;
    call.reply()
}

/// A paginator of PHP is a `Page`: `success(Paginator 5/page p1 of 12)`.
#[get("/think/page")]
async fn page(#[query] call: String) -> Result<Page<Value>> {
    let (per_page, number, total) = php::paginator(&call).ok_or_else(ApiError::bad_request)?;
    let last = total.min(number * per_page);
    let items = ((number - 1) * per_page + 1..=last).map(row).collect();
    Ok(Page::new(items, total, number, per_page))
}

fn row(id: u64) -> Value {
    Value::Object(Map::from_iter([("id".to_owned(), id.into())]))
}

impl Call {
    fn reply(&self) -> Result<Reply<Value>> {
        let nothing = |reply: Reply| with_data(reply, Value::Null);
        let reply = match self.name.as_str() {
            // success($data, $message, $code, $headers)
            "success" => {
                let code = self.number(2).unwrap_or(200);
                let reply = Reply::success(unwrapped(self.value(0))).code(code);
                self.headers(self.texts(reply, 1), 3)
            }
            // A failure with the code of a success is one.
            "fail" if self.number(1).is_some_and(|code| (100..400).contains(&first_digits(code))) => {
                let code = self.number(1).unwrap_or(200);
                self.texts(nothing(Reply::localize(code)), 0)
            }
            // ok($message, $code, $headers)
            "ok" => {
                let code = self.number(1).unwrap_or(200);
                self.headers(self.texts(nothing(Reply::ok()).code(code), 0), 2)
            }
            "localize" => {
                let code = self.number(0).unwrap_or(200);
                nothing(Reply::localize(code))
            }
            // created($data, $message, $location)
            "created" => self.located(Reply::created(self.value(0))),
            "accepted" => self.located(Reply::accepted(self.value(0))),
            "noContent" => nothing(Reply::no_content()),
            _ => return Err(self.error()?),
        };
        Ok(self.chained.iter().fold(reply, |reply, (name, value)| {
            reply.header(name.as_str(), value.as_str())
        }))
    }

    fn error(&self) -> Result<ApiError> {
        let error = match self.name.as_str() {
            // fail($message, $code, $errors, $headers)
            "fail" => {
                let code = self.number(1).unwrap_or(500);
                let mut error = ApiError::code(code);
                match self.value(2) {
                    Value::Object(fields) => {
                        for (field, messages) in &fields {
                            for message in messages.as_array().into_iter().flatten() {
                                error = error.error(field, message.as_str().unwrap_or_default());
                            }
                        }
                    }
                    Value::Null | Value::Array(_) => {}
                    // PHP raises a TypeError; ours would not compile.
                    other => return Err(ApiError::internal().message(other.to_string())),
                }
                for (name, value) in self.pairs(3) {
                    error = error.header(name, value);
                }
                error
            }
            "errorBadRequest" => ApiError::bad_request(),
            "errorUnauthorized" => ApiError::unauthorized(),
            "errorForbidden" => ApiError::forbidden(),
            "errorNotFound" => ApiError::not_found(),
            "errorMethodNotAllowed" => ApiError::method_not_allowed(),
            "errorInternal" => ApiError::internal(),
            name => return Err(ApiError::bad_request().message(format!("no method {name}"))),
        };
        Ok(match self.text(0) {
            Some(message) => error.message(message),
            None => error,
        })
    }

    fn located(&self, reply: Reply<Value>) -> Reply<Value> {
        let reply = self.texts(reply, 1);
        match self.text(2) {
            Some(uri) => reply.location(&uri),
            None => reply,
        }
    }

    fn texts(&self, reply: Reply<Value>, message: usize) -> Reply<Value> {
        match self.text(message) {
            Some(message) => reply.message(message),
            None => reply,
        }
    }

    fn headers(&self, reply: Reply<Value>, at: usize) -> Reply<Value> {
        self.pairs(at)
            .into_iter()
            .fold(reply, |reply, (name, value)| reply.header(name, value))
    }
}

/// The first three digits, which say what a code means.
fn first_digits(code: u32) -> u32 {
    match code {
        0..1000 => code,
        _ => first_digits(code / 10),
    }
}

fn with_data(reply: Reply, data: Value) -> Reply<Value> {
    reply.map(|()| data)
}

/// A list that PHP code wraps by hand is wrapped by the format here.
fn unwrapped(data: Value) -> Value {
    match data {
        Value::Object(object) if object.len() == 1 => match object.get("data") {
            Some(list @ Value::Array(_)) => list.clone(),
            _ => Value::Object(object),
        },
        other => other,
    }
}
