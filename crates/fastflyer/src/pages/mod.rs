//! The pages of Swagger UI and ReDoc.
//!
//! Small HTML around scripts and styles of our own origin. There is no inline script, so that the
//! content security policy can forbid them all, and so that text from outside stands in HTML only
//! and never in JavaScript. Deliberately not: the OpenAPI document, which the pages fetch. Key type:
//! [`PageInfo`].

mod escape;
#[cfg(unix)]
mod state;
#[cfg(feature = "jobs")]
mod tasks;

#[cfg(unix)]
pub(crate) use state::state;
#[cfg(feature = "jobs")]
pub(crate) use tasks::tasks;

use crate::assets::{self, Asset};
use escape::Html;
use fastflyer_server::Body;
use http::{
    HeaderName, HeaderValue, Response,
    header::{
        CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS,
    },
};

/// What the pages may load and do: nothing outside of the service's own origin.
///
/// Both renderers write `style` attributes and elements, hence `'unsafe-inline'` for styles. Swagger
/// UI shows images and sounds that an operation answered with from `blob:` addresses.
pub const CONTENT_SECURITY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; \
     font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// What a page is about and where things are.
///
/// ```
/// use fastflyer::pages::{self, PageInfo};
///
/// let info = PageInfo::new("demo", "/flyer").version("v1");
/// let page = pages::swagger_ui(&info);
/// assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
/// ```
#[derive(Clone, Debug)]
pub struct PageInfo {
    title: String,
    version: String,
    base_url: String,
    openapi_url: String,
}

impl PageInfo {
    /// Pages under `base_url` (`/flyer`, or empty) for the API called `title`, whose document is at
    /// `{base_url}/openapi.json`.
    pub fn new(title: impl Into<String>, base_url: impl Into<String>) -> Self {
        let base_url = base_url.into();
        let openapi_url = format!("{base_url}/openapi.json");
        Self {
            title: title.into(),
            version: String::new(),
            base_url,
            openapi_url,
        }
    }

    /// Shows a version beside the title.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Takes the OpenAPI document from another path of the same origin.
    #[must_use]
    pub fn openapi_url(mut self, url: impl Into<String>) -> Self {
        self.openapi_url = url.into();
        self
    }
}

/// The page of Swagger UI, `{base}/docs`.
pub fn swagger_ui(info: &PageInfo) -> Response<Body> {
    let head = format!(
        "<link rel=\"stylesheet\" href=\"{}\">\n",
        info.asset("swagger-ui.css")
    );
    let body = format!(
        "<div id=\"swagger-ui\" data-openapi-url=\"{url}\"></div>\n\
         <script src=\"{bundle}\" charset=\"utf-8\"></script>\n\
         <script src=\"{init}\" charset=\"utf-8\"></script>\n",
        url = Html(&info.openapi_url),
        bundle = info.asset("swagger-ui-bundle.js"),
        init = info.asset("swagger-ui-init.js"),
    );
    page(info, Page::SwaggerUi, &head, &body)
}

/// The page of ReDoc, `{base}/redoc`.
pub fn redoc(info: &PageInfo) -> Response<Body> {
    // ReDoc reports usage to its makers unless told not to; the policy would block it with an error
    // in the console. The offset is the height of our bar.
    let body = format!(
        "<redoc spec-url=\"{url}\" disable-telemetry=\"true\" sanitize=\"true\" \
         scroll-y-offset=\"48\"></redoc>\n\
         <script src=\"{init}\"></script>\n\
         <script type=\"module\" src=\"{bundle}\"></script>\n",
        url = Html(&info.openapi_url),
        init = info.asset("redoc-init.js"),
        bundle = info.asset("redoc.standalone.js"),
    );
    page(info, Page::Redoc, "", &body)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Page {
    SwaggerUi,
    Redoc,
}

impl PageInfo {
    /// The address of an asset, ready for an attribute.
    fn asset(&self, name: &str) -> String {
        let url = assets::find(name).map(|asset: &Asset| asset.url(&self.base_url));
        Html(&url.unwrap_or_default()).to_string()
    }
}

fn page(info: &PageInfo, page: Page, head: &str, body: &str) -> Response<Body> {
    let current = |this| {
        if this == page {
            " aria-current=\"page\""
        } else {
            ""
        }
    };
    let links = format!(
        "<a href=\"{base}/docs\"{docs_current}>Swagger UI</a>\n\
         <a href=\"{base}/redoc\"{redoc_current}>ReDoc</a>\n\
         <a href=\"{openapi}\" class=\"ff-extra\">openapi.json</a>\n",
        base = Html(&info.base_url),
        openapi = Html(&info.openapi_url),
        docs_current = current(Page::SwaggerUi),
        redoc_current = current(Page::Redoc),
    );
    let html = format!(
        "<!DOCTYPE html>\n\
         <html lang=\"zh-CN\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}接口交互文档</title>\n\
         <link rel=\"icon\" href=\"{favicon}\" sizes=\"any\">\n\
         <link rel=\"icon\" href=\"{logo}\" type=\"image/svg+xml\">\n\
         <script src=\"{script}\"></script>\n\
         {head}\
         <link rel=\"stylesheet\" href=\"{style}\">\n\
         </head>\n\
         <body class=\"{class}\">\n\
         {bar}\
         <noscript><p class=\"ff-notice\">接口文档需要 JavaScript，请在浏览器中启用。</p></noscript>\n\
         {body}\
         </body>\n\
         </html>\n",
        title = Html(&info.title),
        favicon = info.asset("favicon.ico"),
        logo = info.asset("favicon.svg"),
        script = info.asset("pages.js"),
        style = info.asset("pages.css"),
        class = if page == Page::Redoc {
            "ff-redoc"
        } else {
            "ff-swagger"
        },
        bar = bar(info, ["文档", "切换深浅色"], &links),
    );
    html_response(html)
}

/// The bar above a page: what it belongs to, where else to go, and the switch of the colour mode. The
/// words are what the links are and what the switch does.
fn bar(info: &PageInfo, [nav, switch]: [&str; 2], links: &str) -> String {
    let version = if info.version.is_empty() {
        String::new()
    } else {
        format!(
            "<span class=\"ff-version\">{}</span>\n",
            Html(&info.version)
        )
    };
    format!(
        "<header class=\"ff-bar\">\n\
         <img src=\"{logo}\" alt=\"\">\n\
         <span class=\"ff-title\">{title}</span>\n\
         {version}\
         <nav aria-label=\"{nav}\">\n\
         {links}\
         <button type=\"button\" data-color-mode title=\"{switch}\" aria-label=\"{switch}\">\
         <svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" aria-hidden=\"true\">\
         <circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M12 3a9 9 0 0 1 0 18z\" fill=\"currentColor\"/></svg>\
         </button>\n\
         </nav>\n\
         </header>\n",
        title = Html(&info.title),
        logo = info.asset("favicon.svg"),
    )
}

fn html_response(html: String) -> Response<Body> {
    let length = HeaderValue::from(html.len());
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, length);
    let fixed: [(HeaderName, &'static str); 5] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, CONTENT_SECURITY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
