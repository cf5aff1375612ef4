mod items {
    pub fn router() -> u64 {
        1
    }

    pub fn on_startup() {}
}

// What `apps!` writes for an app with these functions.
fn main() {
    let _ = fastflyer::app_defaults::router_option(items::router);
    let _ = fastflyer::app_defaults::hook_option(items::on_startup);
}
