//! The routes that every service has: `/`, health checks, docs pages, static files.
//!
//! They are operations like any other, so that routing, logging and documentation know one kind.

use crate::{
    ApiError, Body, Operation, Response, assets,
    codes::CodeRow,
    context::Context,
    jobs::tasks,
    openapi::Describer,
    operation::Place,
    pages::{self, PageInfo},
    routing::{Mount, Scope},
    static_files::{Refusal, StaticFiles},
};
use fastkit::settings::Settings;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;

const PLACE: Place = Place {
    file: file!(),
    line: line!(),
};

/// Mounts them. Gives what to say of them in the log.
pub(super) fn mount(settings: &Settings, mount: &mut Mount, codes: Vec<CodeRow>) -> Option<String> {
    let base = settings.base_url.clone();
    let open = |prefix: &str| Scope {
        prefix: prefix.to_owned(),
        app: "flyer".to_owned(),
        ..Scope::default()
    };
    let root = open("");
    let under_base = open(&base);
    let guarded = Scope {
        auth: true,
        ..under_base.clone()
    };

    if settings.docs {
        let target = HeaderValue::from_str(&format!("{base}/docs"));
        let target = target.unwrap_or_else(|_| HeaderValue::from_static("/"));
        if !mounts(mount, "/") {
            mount.add(
                hidden(Method::GET, "/", "root", move |_| redirect(target.clone())),
                &root,
            );
        }
        mount_docs(settings, mount, &guarded);
    }
    #[cfg(unix)]
    if settings.state_page {
        mount.add(super::state_page::operation(), &guarded);
    }
    // A project may have such a route of its own.
    if !mounts(mount, &format!("{base}/codes")) {
        mount.add(catalogue(codes), &guarded);
    }
    let scopes = if base.is_empty() {
        vec![&root]
    } else {
        vec![&root, &under_base]
    };
    for (index, scope) in scopes.iter().enumerate() {
        for path in ["/health_check", "/health_check/async"] {
            let documented = path == "/health_check" && index + 1 == scopes.len();
            mount.add(health(Method::GET, path, documented), scope);
            mount.add(health(Method::HEAD, path, false), scope);
        }
    }
    mount_static(settings, mount, &under_base);
    tasks::mount(settings, mount, &guarded)
}

fn mounts(mount: &Mount, path: &str) -> bool {
    mount
        .operations
        .iter()
        .any(|m| m.path == path && m.operation.method == Method::GET)
}

/// The body of the health checks, which no response option changes.
#[derive(Serialize)]
struct Health {
    message: &'static str,
    code: u16,
}

fn health(method: Method, path: &'static str, documented: bool) -> Operation {
    let operation = Operation::new(method, path, "health_check").generated(
        |_| Box::pin(async { healthy() }),
        |describer: &mut Describer<'_>| describer.health(),
        true,
        PLACE,
    );
    let operation = operation
        .tag("健康检查")
        .summary("健康检查")
        .description("服务正常时返回 200。");
    if documented {
        operation
    } else {
        operation.hidden()
    }
}

/// The catalogue of codes, a list like any other.
fn catalogue(codes: Vec<CodeRow>) -> Operation {
    let codes = std::sync::Arc::new(codes);
    let operation = Operation::new(Method::GET, "/codes", "codes")
        .tag("返回码")
        .summary("返回码列表")
        .description("本服务的全部返回码：编号、HTTP 状态码、名称、来源和各语言的文本。");
    operation.handler(move || {
        let codes = codes.clone();
        async move { codes.to_vec() }
    })
}

fn healthy() -> Response {
    let health = Health {
        message: "success",
        code: 200,
    };
    // A struct of text and a number always serializes.
    let body = serde_json::to_vec(&health).unwrap_or_default();
    crate::reply::json_response(StatusCode::OK, body)
}

fn mount_docs(settings: &Settings, mount: &mut Mount, scope: &Scope) {
    let info = PageInfo::new(settings.title.clone(), settings.base_url.clone())
        .version(settings.version.clone());
    let redoc_info = info.clone();
    mount.add(
        hidden(Method::GET, "/docs", "docs", move |_| {
            pages::swagger_ui(&info)
        }),
        scope,
    );
    mount.add(
        hidden(Method::GET, "/redoc", "redoc", move |_| {
            pages::redoc(&redoc_info)
        }),
        scope,
    );
    mount.add(
        hidden(Method::GET, "/openapi.json", "openapi", |cx| {
            let body = serde_json::to_vec(&cx.core.document).unwrap_or_default();
            crate::reply::json_response(StatusCode::OK, body)
        }),
        scope,
    );
}

fn mount_static(settings: &Settings, mount: &mut Mount, scope: &Scope) {
    for method in [Method::GET, Method::HEAD] {
        mount.add(
            hidden(method, "/static/{*path}", "static", |cx| {
                let name = cx.params.value(0, cx.uri().path()).unwrap_or("");
                match assets::find(name) {
                    Some(asset) => {
                        assets::respond(asset, cx.method(), cx.uri().query(), cx.headers())
                            .unwrap_or_else(|refusal| refused(cx, &refusal))
                    }
                    None => cx.failure(&ApiError::framework(404)),
                }
            }),
            scope,
        );
    }
    // The folder itself is a place, so that its name without the slash leads to it.
    mount.add(
        hidden(Method::GET, "/static/", "static_folder", no_listing),
        scope,
    );
    let Some(folder) = settings.static_dir.clone() else {
        return;
    };
    mount.add(
        hidden(Method::GET, "/app/static/", "app_static_folder", no_listing),
        scope,
    );
    let files = std::sync::Arc::new(StaticFiles::new(folder));
    let prefix = format!("{}/app/static/", settings.base_url);
    for method in [Method::GET, Method::HEAD] {
        let (files, prefix) = (files.clone(), prefix.clone());
        let serve = Operation::new(method, "/app/static/{*path}", "app_static").hidden();
        mount.add(
            serve.called(move |cx| {
                let (files, prefix) = (files.clone(), prefix.clone());
                Box::pin(async move { project_file(cx, &files, &prefix).await })
            }),
            scope,
        );
    }
}

fn no_listing(cx: &Context) -> Response {
    cx.failure(&ApiError::framework(404))
}

async fn project_file(cx: &Context, files: &StaticFiles, prefix: &str) -> Response {
    // The path as it came: it is decoded once, by the files.
    let name = cx.uri().path().strip_prefix(prefix).unwrap_or("");
    match files.serve(cx.method(), name, cx.headers()).await {
        Ok(response) => response,
        Err(refusal) => refused(cx, &refusal),
    }
}

fn refused(cx: &Context, refusal: &Refusal) -> Response {
    let mut error = ApiError::framework(u32::from(refusal.status().as_u16()));
    for (name, value) in &refusal.headers() {
        error = error.header(name, value);
    }
    cx.failure(&error)
}

fn redirect(target: HeaderValue) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(header::LOCATION, target);
    response
}

/// An operation that answers at once and is not documented.
fn hidden(
    method: Method,
    path: &'static str,
    function: &'static str,
    answer: impl Fn(&Context) -> Response + Send + Sync + 'static,
) -> Operation {
    let answer = std::sync::Arc::new(answer);
    Operation::new(method, path, function)
        .hidden()
        .called(move |cx| {
            // Worked out when the future is polled, which is where a panic is contained.
            let answer = answer.clone();
            let answered: BoxFuture<'_, Response> = Box::pin(async move { answer(cx) });
            answered
        })
}
