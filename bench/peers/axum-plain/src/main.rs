//! axum as its front page shows it: `Router`, `axum::serve`, multi-thread tokio. A carries no middleware at all; the
//! users' route has one that keeps or sets the request id and, in C, writes the access line.

use std::{io, time::Instant};

use axum::{
    Json, Router,
    extract::Request,
    http::{HeaderValue, StatusCode},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use garde::Validate as _;
use uuid::Uuid;
use work::{Envelope, HEALTH, Health, INFO, REQUEST_ID, Settings, Users};

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
    let users = post(info);
    let users = if settings.log_file.is_some() {
        users.layer(middleware::from_fn(logged))
    } else {
        users
    };
    let app = Router::new()
        .route(INFO, users.layer(middleware::from_fn(identified)))
        .route(HEALTH, get(health));
    let listener = tokio::net::TcpListener::bind(settings.address).await?;
    tokio::select! {
        ended = async { axum::serve(listener, app).await } => ended,
        stopped = work::stop_signal() => stopped,
    }
}

async fn health() -> Json<Health> {
    Json(Health::OK)
}

async fn info(Json(users): Json<Users>) -> Result<Json<Envelope<Users>>, (StatusCode, String)> {
    users
        .validate()
        .map_err(|report| (StatusCode::UNPROCESSABLE_ENTITY, report.to_string()))?;
    Ok(Json(Envelope::success(users)))
}

async fn identified(mut request: Request, next: Next) -> Response {
    let id = request
        .headers_mut()
        .entry(REQUEST_ID)
        .or_insert_with(|| {
            HeaderValue::from_str(&Uuid::new_v4().to_string()).expect("a UUID is plain ASCII")
        })
        .clone();
    let mut response = next.run(request).await;
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

async fn logged(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let id = request.headers().get(REQUEST_ID).cloned();
    let response = next.run(request).await;
    work::access_line(
        method.as_str(),
        uri.path(),
        response.status().as_u16(),
        started.elapsed(),
        id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or(""),
    );
    response
}
