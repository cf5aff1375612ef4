//! poem-openapi: the other Rust framework whose handlers are documented operations, so the nearest in kind. Both
//! routes are operations; it parses and validates by its own types, as its users do, not by serde and garde.

use std::{
    io,
    sync::{Arc, OnceLock},
    time::Instant,
};

use poem::{
    Endpoint, EndpointExt, IntoResponse, Request, Response, Server,
    http::{HeaderValue, header::HeaderName},
    listener::TcpListener,
};
use poem_openapi::{Object, OpenApi, OpenApiService, payload::Json};
use uuid::Uuid;
use work::{REQUEST_ID, Settings};

const ID: HeaderName = HeaderName::from_static(REQUEST_ID);

#[derive(Object)]
struct Health {
    message: String,
    code: u16,
}

#[derive(Object)]
struct User {
    #[oai(validator(min_length = 1, max_length = 64))]
    name: String,
    age: String,
    sex: String,
    #[oai(default)]
    father: String,
    #[oai(default)]
    mother: String,
}

#[derive(Object)]
struct Users {
    data: Vec<User>,
}

#[derive(Object)]
struct Empty {
    #[oai(skip_serializing_if_is_none)]
    detail: Option<String>,
}

#[derive(Object)]
struct Envelope {
    status: String,
    code: u32,
    message: String,
    data: Users,
    error: Empty,
}

struct Api;

#[OpenApi]
impl Api {
    #[oai(path = "/health_check/async", method = "get")]
    async fn health(&self) -> Json<Health> {
        Json(Health {
            message: "success".to_owned(),
            code: 200,
        })
    }

    #[oai(path = "/flyer/users/info", method = "post", transform = "around_info")]
    async fn info(&self, users: Json<Users>) -> Json<Envelope> {
        Json(Envelope {
            status: "success".to_owned(),
            code: 200,
            message: "操作成功".to_owned(),
            data: users.0,
            error: Empty { detail: None },
        })
    }
}

/// Whether the access lines are wanted; a transform gets nothing but the endpoint.
static LOGGED: OnceLock<bool> = OnceLock::new();

fn around_info(endpoint: impl Endpoint + 'static) -> impl Endpoint {
    if LOGGED.get().copied().unwrap_or(false) {
        endpoint.around(logged).around(identified).boxed()
    } else {
        endpoint.around(identified).boxed()
    }
}

fn main() -> io::Result<()> {
    let settings = Settings::from_env();
    let _guard = settings.start_log()?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.threads)
        .enable_all()
        .build()?
        .block_on(serve(&settings))
}

async fn serve(settings: &Settings) -> io::Result<()> {
    LOGGED.get_or_init(|| settings.log_file.is_some());
    let app = OpenApiService::new(Api, "bench", "1.0");
    tokio::select! {
        ended = Server::new(TcpListener::bind(settings.address)).run(app) => ended,
        stopped = work::stop_signal() => stopped,
    }
}

async fn identified<E: Endpoint>(next: Arc<E>, mut request: Request) -> poem::Result<Response> {
    let id = match request.headers().get(ID) {
        Some(id) => id.clone(),
        None => {
            let id =
                HeaderValue::from_str(&Uuid::new_v4().to_string()).expect("a UUID is plain ASCII");
            request.headers_mut().insert(ID, id.clone());
            id
        }
    };
    let mut response = next.call(request).await?.into_response();
    response.headers_mut().insert(ID, id);
    Ok(response)
}

async fn logged<E: Endpoint>(next: Arc<E>, request: Request) -> poem::Result<Response> {
    let started = Instant::now();
    let method = request.method().clone();
    let uri = request.original_uri().clone();
    let id = request.headers().get(ID).cloned();
    let response = next.call(request).await?.into_response();
    work::access_line(
        method.as_str(),
        uri.path(),
        response.status().as_u16(),
        started.elapsed(),
        id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or(""),
    );
    Ok(response)
}
