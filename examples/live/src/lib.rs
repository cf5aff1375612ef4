//! A service of two live routes and a page for them: read [`clock`], then [`chat`].

pub mod chat;
pub mod clock;

use fastflyer::prelude::*;

/// The service. Its page is `/live/app/static/index.html`.
pub fn app() -> FlyerApi {
    let config = Config::new()
        .title("FastFlyer 实时演示")
        .base_url("/live")
        .static_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/static"));
    FlyerApi::new(config)
        .state(chat::Hub::default())
        .include(routes![clock::clock, chat::chat])
}
