//! actix-web as its guide shows it. A carries no middleware; the users' scope has one that keeps or sets the request
//! id and, in C, writes the access line.

use std::{io, time::Instant};

use actix_web::{
    App, Error, HttpResponse, HttpServer,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::{Next, from_fn},
    web,
};
use garde::Validate as _;
use uuid::Uuid;
use work::{Envelope, HEALTH, Health, INFO, REQUEST_ID, Settings, Users};

const ID: HeaderName = HeaderName::from_static(REQUEST_ID);

#[actix_web::main]
async fn main() -> io::Result<()> {
    let settings = Settings::from_env();
    let _guard = settings.start_log()?;
    let log = settings.log_file.is_some();
    HttpServer::new(move || {
        let users = web::resource(INFO).route(web::post().to(info));
        let app = App::new().route(HEALTH, web::get().to(health));
        if log {
            app.service(users.wrap(from_fn(logged)).wrap(from_fn(identified)))
        } else {
            app.service(users.wrap(from_fn(identified)))
        }
    })
    .workers(settings.threads)
    .shutdown_timeout(1)
    .bind(settings.address)?
    .run()
    .await
}

async fn health() -> web::Json<Health> {
    web::Json(Health::OK)
}

async fn info(users: web::Json<Users>) -> HttpResponse {
    let users = users.into_inner();
    match users.validate() {
        Ok(()) => HttpResponse::Ok().json(Envelope::success(users)),
        Err(report) => HttpResponse::UnprocessableEntity().body(report.to_string()),
    }
}

async fn identified(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = match request.headers().get(ID) {
        Some(id) => id.clone(),
        None => {
            let id =
                HeaderValue::from_str(&Uuid::new_v4().to_string()).expect("a UUID is plain ASCII");
            request.headers_mut().insert(ID, id.clone());
            id
        }
    };
    let mut response = next.call(request).await?;
    response.headers_mut().insert(ID, id);
    Ok(response)
}

async fn logged(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let response = next.call(request).await?;
    let request = response.request();
    work::access_line(
        request.method().as_str(),
        request.path(),
        response.status().as_u16(),
        started.elapsed(),
        request
            .headers()
            .get(ID)
            .and_then(|id| id.to_str().ok())
            .unwrap_or(""),
    );
    Ok(response)
}
