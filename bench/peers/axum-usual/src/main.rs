//! axum with what a service in production puts around it: request id, trace (in C the JSON access line instead),
//! caught panics, a time limit and a body limit, all by tower-http, on every route. The base of the ratios.

use std::{
    io,
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::Request,
    http::{HeaderName, StatusCode},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use garde::Validate as _;
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    limit::RequestBodyLimitLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    timeout::TimeoutLayer,
    trace::TraceLayer,
};
use work::{Envelope, HEALTH, Health, INFO, REQUEST_ID, Settings, Users};

const ID: HeaderName = HeaderName::from_static(REQUEST_ID);

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
    let routes = Router::new()
        .route(HEALTH, get(health))
        .route(INFO, post(info));
    // Within a ServiceBuilder the first layer runs first; of several calls of Router::layer, the last.
    let app = routes.layer(
        ServiceBuilder::new()
            .layer(RequestBodyLimitLayer::new(2 << 20))
            .layer(CatchPanicLayer::new())
            .layer(TimeoutLayer::with_status_code(
                StatusCode::GATEWAY_TIMEOUT,
                Duration::from_secs(60),
            )),
    );
    let app = if settings.log_file.is_some() {
        app.layer(middleware::from_fn(logged))
    } else {
        app.layer(TraceLayer::new_for_http())
    };
    let app = app.layer(
        ServiceBuilder::new()
            .layer(SetRequestIdLayer::new(ID, MakeRequestUuid))
            .layer(PropagateRequestIdLayer::new(ID)),
    );
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

async fn logged(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let id = request.headers().get(ID).cloned();
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
