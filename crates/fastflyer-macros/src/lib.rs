//! The macros of FastFlyer: `#[get]` and its kin turn a function into an operation, `apps!` finds
//! the folders of a project, `ResponseCode` makes business codes of an enum.
//!
//! They are sugar: whatever they write can be written by hand with `Operation` and `Router`. The
//! function itself stays as it is. Entry points only; the work is done on tokens in the modules,
//! where it can be tested.

mod apps;
mod arguments;
mod attribute;
mod codes;
mod operation;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

macro_rules! methods {
    ($($name:ident $method:literal)*) => {$(
        #[doc = concat!("Makes the function an operation for `", $method, "`.")]
        ///
        /// ```text
        #[doc = concat!("#[", stringify!($name), "(\"/items/{id}\", tag = \"..\", summary = \"..\")]")]
        /// ```
        ///
        /// Options: `tag`, `tags`, `summary`, `description` (default: the doc comment),
        /// `operation_id` (default: `app_function`), `codes`, `body_limit`, `deprecated`, `hidden`.
        /// `codes` lists what the handler answers with; without one of a success the document
        /// says 200, so that `Reply::created` wants `codes = [201]`.
        ///
        /// Arguments are extractors, or plain typed arguments: a name that stands in the path is a
        /// path parameter; `#[query]`, `#[header]`, `#[cookie]`, `#[form]` and `#[body]` mark the
        /// others, the first four with options: `name`, `default`, `description`, `min`, `max`,
        /// `min_length`, `max_length`.
        ///
        /// An `async fn` runs on an event loop, a plain `fn` on the thread pool.
        #[proc_macro_attribute]
        pub fn $name(attribute: TokenStream, item: TokenStream) -> TokenStream {
            operation::lower(operation::Kind::Method($method), attribute.into(), item.into()).into()
        }
    )*};
}

methods! {
    get "GET"
    post "POST"
    put "PUT"
    patch "PATCH"
    delete "DELETE"
    head "HEAD"
    options "OPTIONS"
}

/// Makes the function a WebSocket route.
///
/// ```text
/// #[websocket("/chat/{room}", tag = "..", summary = "..", max_message = 65536)]
/// async fn chat(room: String, State(hub): State<Hub>, mut socket: WebSocket) -> Result<()> { .. }
/// ```
///
/// The last argument is the socket, `WebSocket` or `JsonSocket<In, Out>`; those before it are as in
/// `#[get]`, and are read before the connection becomes a WebSocket. The function runs after that, and
/// returns nothing or a `Result<()>`.
///
/// Options: those of the other attributes save `body_limit`, and those of `ws::Config`: `max_message`, `max_frame`,
/// `idle_timeout`, `protocols`, `origins`, `any_origin`.
#[proc_macro_attribute]
pub fn websocket(attribute: TokenStream, item: TokenStream) -> TokenStream {
    operation::lower(operation::Kind::WebSocket, attribute.into(), item.into()).into()
}

/// Finds the apps of a project: every folder under the given one, relative to `Cargo.toml`, is a
/// module (`mod.rs`, else `router.rs`) and an app. Writes the modules and a function `apps()`.
///
/// An app may have `pub fn router() -> Router`, `pub fn jobs() -> Jobs`, `pub async fn on_startup() -> fastflyer::Result<()>`,
/// `pub async fn on_shutdown()` likewise, `pub const ENABLED: bool` and `pub const AUTH_ENABLED: bool`.
///
/// For cargo to notice new folders the package needs a `build.rs` that prints
/// `cargo::rerun-if-changed=src/app`.
#[proc_macro]
pub fn apps(input: TokenStream) -> TokenStream {
    apps::lower(input.into()).into()
}

/// Makes the variants of an enum business codes with their texts.
///
/// ```text
/// #[derive(ResponseCode)]
/// enum Code {
///     /// What the catalogue says about it.
///     #[code(200101, zh = "注册成功", en = "Registered", "ja" = "登録しました")]
///     RegisterSuccess,
/// }
/// ```
///
/// Each variant has a number, whose first three digits are the HTTP status (600-999: 500), and at
/// least one text. `zh` is simplified Chinese; other languages are named by their tag. A number that
/// stands twice, one below 100, a variant with data and an unknown key do not compile.
#[proc_macro_derive(ResponseCode, attributes(code))]
pub fn response_code(item: TokenStream) -> TokenStream {
    codes::lower(item.into()).into()
}
