//! What the pages must and must not contain.

use super::*;
use std::collections::BTreeSet;

fn text(response: &Response<Body>) -> &str {
    std::str::from_utf8(response.body().as_full().unwrap()).unwrap()
}

fn both(info: &PageInfo) -> [Response<Body>; 2] {
    [swagger_ui(info), redoc(info)]
}

/// The values of all `src`, `href` and `spec-url` attributes.
fn addresses(html: &str) -> BTreeSet<&str> {
    let starts = ["src=\"", "href=\"", "-url=\""];
    let found = starts.iter().flat_map(|start| html.split(start).skip(1));
    found.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn titles_are_text_wherever_they_stand() {
    let title = "\"项目\" </script><script>alert('1')</script> & <b>";
    let info = PageInfo::new(title, "/flyer")
        .version("<v1>\"'")
        .openapi_url("/a\"><i>?x=1&y='2'");
    for response in both(&info) {
        let html = text(&response);
        let escaped = "&quot;项目&quot; &lt;/script&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &lt;b&gt;";
        assert!(
            html.contains(&format!("<title>{escaped}接口交互文档</title>")),
            "{html}"
        );
        assert!(html.contains(&format!("<span class=\"ff-title\">{escaped}</span>")));
        assert!(html.contains("<span class=\"ff-version\">&lt;v1&gt;&quot;&#39;</span>"));
        assert!(html.contains("-url=\"/a&quot;&gt;&lt;i&gt;?x=1&amp;y=&#39;2&#39;\""));
        for markup in ["<b>", "<i>", "alert('", "<v1>"] {
            assert!(!html.contains(markup), "{markup} in {html}");
        }
    }
}

#[test]
fn only_own_addresses_are_named() {
    for base in ["", "/flyer", "/a/b.c"] {
        for response in both(&PageInfo::new("demo", base)) {
            let html = text(&response);
            let pages = ["/docs", "/redoc", "/openapi.json"].map(|path| format!("{base}{path}"));
            for address in addresses(html) {
                if pages.iter().any(|page| page == address) {
                    continue;
                }
                let asset = assets::all().find(|asset| asset.url(base) == address);
                assert!(asset.is_some(), "{address}");
            }
            assert!(!html.contains("//"), "an absolute address in {html}");
        }
    }
}

#[test]
fn there_is_no_inline_code() {
    for response in both(&PageInfo::new("demo", "/flyer")) {
        let html = text(&response);
        for element in html.split("<script").skip(1) {
            let (attributes, rest) = element.split_once('>').unwrap();
            assert!(attributes.contains("src=\"/flyer/static/"), "{attributes}");
            assert!(rest.starts_with("</script>"), "{rest}");
        }
        assert!(!html.contains("<style") && !html.contains(" style="));
        assert!(!html.contains(" on"), "an event attribute in {html}");
        assert!(!html.contains("javascript:"));
    }
}

#[test]
fn the_policy_allows_the_own_origin_only() {
    for response in both(&PageInfo::new("demo", "/flyer")) {
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "connect-src 'self'",
            "img-src 'self' data: blob:",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ] {
            assert!(
                policy.split("; ").any(|part| part == directive),
                "{directive} in {policy}"
            );
        }
        let script = policy
            .split("; ")
            .find(|part| part.starts_with("script-src"))
            .unwrap();
        assert!(
            !script.contains("unsafe") && !script.contains("blob"),
            "{script}"
        );
        assert!(
            !policy.contains("http") && !policy.contains('*'),
            "{policy}"
        );
    }
}

#[test]
fn pages_are_revalidated_html() {
    for response in both(&PageInfo::new("demo", "/flyer")) {
        let headers = response.headers();
        assert_eq!(response.status(), 200);
        assert_eq!(headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(headers["cache-control"], "no-cache");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["content-length"], text(&response).len().to_string());
        assert!(text(&response).starts_with("<!DOCTYPE html>\n<html lang=\"zh-CN\">"));
    }
}

#[test]
fn the_current_page_is_marked() {
    let [docs, redoc] = both(&PageInfo::new("demo", ""));
    assert!(text(&docs).contains("<a href=\"/docs\" aria-current=\"page\">"));
    assert!(text(&docs).contains("<a href=\"/redoc\">"));
    assert!(text(&redoc).contains("<a href=\"/redoc\" aria-current=\"page\">"));
    assert!(text(&redoc).contains("disable-telemetry=\"true\""));
    // Nothing to show, nothing shown.
    assert!(!text(&docs).contains("ff-version"));
}
