//! The page of `{base}/tasks/ui`: a frame that its scripts fill from `{base}/tasks/ui/data`.

use super::{PageInfo, bar, escape::Html, html_response};
use fastflyer_server::Body;
use http::Response;

/// The page in a language: Chinese for its tags, else English. `docs` says whether there are pages of
/// the documentation to lead to.
pub(crate) fn tasks(info: &PageInfo, language: &str, docs: bool) -> Response<Body> {
    let chinese = language.is_empty() || language == "zh" || language.starts_with("zh-");
    let [lang, title, nav, switch, scripts] = if chinese {
        [
            "zh-CN",
            "任务",
            "导航",
            "切换深浅色",
            "任务页面需要 JavaScript，请在浏览器中启用。",
        ]
    } else {
        [
            "en",
            "Jobs",
            "Pages",
            "Switch between light and dark",
            "The page of jobs needs JavaScript; please switch it on in the browser.",
        ]
    };
    let base = Html(&info.base_url);
    let documentation = if docs {
        format!("<a href=\"{base}/docs\" class=\"ff-extra\">Swagger UI</a>\n")
    } else {
        String::new()
    };
    let links = format!(
        "<a href=\"{base}/tasks/ui\" aria-current=\"page\">{title}</a>\n\
         {documentation}"
    );
    let html = format!(
        "<!DOCTYPE html>\n\
         <html lang=\"{lang}\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} - {name}</title>\n\
         <link rel=\"icon\" href=\"{favicon}\" sizes=\"any\">\n\
         <link rel=\"icon\" href=\"{logo}\" type=\"image/svg+xml\">\n\
         <script src=\"{colours}\"></script>\n\
         <link rel=\"stylesheet\" href=\"{shared}\">\n\
         <link rel=\"stylesheet\" href=\"{style}\">\n\
         <script src=\"{words}\" defer></script>\n\
         <script src=\"{picture}\" defer></script>\n\
         <script src=\"{script}\" defer></script>\n\
         </head>\n\
         <body class=\"ff-jobs\">\n\
         {bar}\
         <noscript><p class=\"ff-notice\">{scripts}</p></noscript>\n\
         <main id=\"jobs\" data-url=\"{base}/tasks\"><h1>{title}</h1></main>\n\
         </body>\n\
         </html>\n",
        name = Html(&info.title),
        favicon = info.asset("favicon.ico"),
        logo = info.asset("favicon.svg"),
        colours = info.asset("pages.js"),
        shared = info.asset("pages.css"),
        style = info.asset("tasks.css"),
        words = info.asset("tasks-words.js"),
        picture = info.asset("tasks-picture.js"),
        script = info.asset("tasks.js"),
        bar = bar(info, [nav, switch], &links),
    );
    html_response(html)
}
