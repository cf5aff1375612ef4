//! `{base}/state`: the processes of the service at this moment, for dashboards, tests and people.
//!
//! The same as `fastflyer ctl status` shows: a worker asks its supervisor. JSON, or a small page for
//! who asks for HTML.

use crate::{
    ApiError, Operation, Response,
    app::Core,
    context::Context,
    pages::{self, PageInfo},
    serve::{address, supervised::control_socket},
};
use fastflyer_server::supervisor::control::{Client, Status};
use http::{HeaderValue, Method, StatusCode, header};
use std::time::Duration;

/// How long a supervisor may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn operation() -> Operation {
    Operation::new(Method::GET, "/state", "state")
        .hidden()
        .called(|cx| Box::pin(async move { answer(cx).await }))
}

async fn answer(cx: &Context) -> Response {
    let status = match status(&cx.core).await {
        Ok(status) => status,
        Err(reason) => {
            let error = ApiError::framework(503).detail("the supervisor does not answer");
            tracing::warn!(target: "fastflyer", "{reason}");
            return cx.failure(&error);
        }
    };
    let wants_page = cx
        .headers()
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    let mut response = if wants_page {
        let settings = &cx.core.settings;
        let info = PageInfo::new(settings.title.clone(), settings.base_url.clone())
            .version(settings.version.clone());
        pages::state(&info, &status)
    } else {
        let body = serde_json::to_vec(&status).unwrap_or_default();
        crate::reply::json_response(StatusCode::OK, body)
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// # Errors
///
/// Why the supervisor does not say; for the log.
async fn status(core: &Core) -> Result<Status, String> {
    let Some(supervisor) = core.part.supervisor.get() else {
        let handle = core.server.get().ok_or("nothing is served")?;
        let address = address(&core.settings).to_string();
        let version = core.settings.version.clone();
        return Ok(Status::alone(handle, core.part.since, address, version));
    };
    let path = control_socket(&core.settings, *supervisor)
        .ok_or("flyer_ctl_socket is off, so the supervisor cannot be asked")?;
    let asked = tokio::task::spawn_blocking(move || Client::connect(&path, PATIENCE)?.status());
    match asked.await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
