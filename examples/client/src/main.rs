//! Starts the service; `UPSTREAM_URL` says whom it asks.

fn main() -> fastflyer::Result<()> {
    let upstream = fastflyer::env::get("UPSTREAM_URL", "https://httpbin.org");
    client_demo::app(&upstream)?.run()
}
