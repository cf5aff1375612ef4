//! hyper with a service function and nothing above it: the floor for whatever is built on hyper, and the mark for
//! pipelined requests. On tokio's single-threaded runtime, whatever `THREADS` says, and without time-outs. No C: there is no usual access log at this level.

use std::{convert::Infallible, io};

use garde::Validate as _;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use uuid::Uuid;
use work::{Envelope, HEALTH, Health, INFO, REQUEST_ID, Settings, Users};

const ID: HeaderName = HeaderName::from_static(REQUEST_ID);
const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn main() -> io::Result<()> {
    let settings = Settings::from_env();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            tokio::select! {
                ended = serve(&settings) => ended,
                stopped = work::stop_signal() => stopped,
            }
        })
}

async fn serve(settings: &Settings) -> io::Result<()> {
    let listener = tokio::net::TcpListener::bind(settings.address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            // A connection that its peer resets is no news here.
            let _ = http1::Builder::new()
                .pipeline_flush(true)
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(match (request.method(), request.uri().path()) {
        (&Method::GET, HEALTH) => json(serde_json::to_vec(&Health::OK)),
        (&Method::POST, INFO) => info(request).await,
        _ => refuse(StatusCode::NOT_FOUND),
    })
}

async fn info(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let id = request.headers().get(ID).cloned().unwrap_or_else(|| {
        HeaderValue::from_str(&Uuid::new_v4().to_string()).expect("a UUID is plain ASCII")
    });
    let Ok(body) = request.into_body().collect().await else {
        return refuse(StatusCode::BAD_REQUEST);
    };
    let Ok(users) = serde_json::from_slice::<Users>(&body.to_bytes()) else {
        return refuse(StatusCode::BAD_REQUEST);
    };
    if users.validate().is_err() {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let mut response = json(serde_json::to_vec(&Envelope::success(users)));
    response.headers_mut().insert(ID, id);
    response
}

fn json(body: serde_json::Result<Vec<u8>>) -> Response<Full<Bytes>> {
    let body = body.expect("these types have no map keys and no failing serialisers");
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

fn refuse(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
