//! What an app says to nobody, since it is private.

const ENABLED: bool = false;

fn router() -> fastflyer::Router {
    fastflyer::Router::new()
}

pub const AUTH_ENABLED: bool = false;
