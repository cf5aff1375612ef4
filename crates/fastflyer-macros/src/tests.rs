//! What the macros write, as formatted source, and which mistakes they report together.

use crate::{apps, operation};
use proc_macro2::TokenStream;
use quote::quote;

fn formatted(tokens: TokenStream) -> String {
    let text = tokens.to_string();
    match syn::parse2(tokens) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => panic!("the expansion is no source: {error}: {text}"),
    }
}

fn get(attribute: TokenStream, item: TokenStream) -> String {
    formatted(operation::lower(
        operation::Kind::Method("GET"),
        attribute,
        item,
    ))
}

fn websocket(attribute: TokenStream, item: TokenStream) -> String {
    formatted(operation::lower(
        operation::Kind::WebSocket,
        attribute,
        item,
    ))
}

/// The texts of all `compile_error!` in an expansion.
fn mistakes(attribute: TokenStream, item: TokenStream) -> Vec<String> {
    mistakes_in(&get(attribute, item))
}

fn mistakes_in(text: &str) -> Vec<String> {
    let pieces = text.split("compile_error!").skip(1);
    pieces
        .map(|piece| {
            let inner = piece
                .trim_start()
                .trim_start_matches(['(', '{'])
                .trim_start()
                .trim_start_matches('"');
            let end = inner
                .find("\",")
                .or_else(|| inner.find("\"\n"))
                .or_else(|| inner.find("\")"));
            inner[..end.unwrap_or(inner.len())].replace("\\\"", "\"")
        })
        .collect()
}

#[test]
fn an_async_handler_with_extractors() {
    insta::assert_snapshot!(get(
        quote!(
            "/items/{id}",
            tag = "项目",
            codes = [201, Code::Taken],
            hidden
        ),
        quote! {
            /// 标题。
            ///
            /// 说明
            #[cfg(unix)]
            pub(crate) async fn get_item(Path(id): Path<u64>, mut parts: Multipart) -> Result<Item> {
                todo!()
            }
        }
    ));
}

#[test]
fn a_plain_handler_with_every_kind_of_argument() {
    insta::assert_snapshot!(get(
        quote!("/items/{type}", operation_id = "other", body_limit = 1024),
        quote! {
            fn r#match(
                /// 种类
                r#type: u64,
                #[query(default = 10, min = 1, max = 100)] size: u32,
                #[header(name = "X-Tenant")] tenant: Option<String>,
                #[cookie(default = "none")] session: String,
                #[body] item: Item,
            ) {}
        }
    ));
}

#[test]
fn form_fields_and_an_opaque_reply() {
    insta::assert_snapshot!(get(
        quote!(""),
        quote! {
            async fn form(#[form(min_length = 1)] name: String) -> impl IntoResponse {}
        }
    ));
}

#[test]
fn a_mistake_keeps_the_function_and_its_type() {
    insta::assert_snapshot!(get(
        quote!("/items/{id}", tagg = "x"),
        quote! { async fn items(#[query] a: &str) {} }
    ));
}

#[test]
fn all_mistakes_are_reported_together() {
    let found = mistakes(
        quote!(
            "items/{a}/{a}",
            tagg = "x",
            summary,
            operation_id = "no id",
            deprecated = 5
        ),
        quote! {
            async fn items<T>(self, #[query] (x, y): (u8, u8), #[body] b: u8, #[body] c: u8, d: &str) {}
        },
    );
    assert_eq!(found.len(), 12, "{found:#?}");
    for text in [
        "unknown option `tagg`",
        "`summary` needs a value",
        "no generic parameters",
        "stands twice",
        "takes no `self`",
    ] {
        assert!(
            found.iter().any(|mistake| mistake.contains(text)),
            "{text}: {found:#?}"
        );
    }
}

#[test]
fn apps_without_their_folder() {
    let text = formatted(apps::lower(quote!("no/such/folder")));
    assert!(text.contains("cannot read the folder"), "{text}");
    assert!(text.contains("pub fn apps()"), "{text}");
}

#[test]
fn private_parts_of_an_app_are_refused() {
    let text = formatted(apps::lower(quote!("../fastflyer/tests/apps_wrong")));
    for name in ["const ENABLED", "fn router"] {
        assert!(
            text.contains(&format!(
                "the app `items` has a private `{name}`, which says nothing: write `pub {name}`"
            )),
            "{text}"
        );
    }
    assert!(!text.contains("AUTH_ENABLED"), "{text}");
}

#[test]
fn apps_of_a_folder() {
    let package = env!("CARGO_MANIFEST_DIR");
    let text = formatted(apps::lower(quote!("../fastflyer/tests/apps")));
    insta::assert_snapshot!(text.replace(package, "<package>"));
}

#[test]
fn a_websocket_handler() {
    insta::assert_snapshot!(websocket(
        quote!(
            "/rooms/{id}",
            summary = "Room",
            max_message = 4096,
            any_origin
        ),
        quote! {
            async fn room(id: u64, State(hub): State<Hub>, mut socket: WebSocket) -> Result<()> {
                todo!()
            }
        }
    ));
}

#[test]
fn mistakes_of_a_websocket_are_reported_together() {
    let text = websocket(
        quote!("/rooms", body_limit = 1, max_mesage = 2),
        quote! {
            fn rooms(socket: WebSocket, #[body] text: String, id: u64) {}
        },
    );
    let found = mistakes_in(&text);
    assert_eq!(found.len(), 5, "{found:#?}");
    assert!(
        found[0].contains("unknown option `max_mesage`")
            && found[0].contains("hidden, max_message"),
        "{found:#?}"
    );
    assert!(
        found[1].contains("the limit of messages is `max_message`"),
        "{found:#?}"
    );
    assert!(found[2].contains("is an `async fn`"), "{found:#?}");
    assert!(
        found[3].contains("the socket is the last argument"),
        "{found:#?}"
    );
    assert!(
        found[4].contains("a WebSocket handshake has no body"),
        "{found:#?}"
    );

    let text = websocket(
        quote!("/rooms"),
        quote!(
            async fn rooms() {}
        ),
    );
    assert!(mistakes_in(&text)[0].contains("its socket"), "{text}");
    let found = mistakes(
        quote!("/rooms"),
        quote!(
            async fn rooms(socket: WebSocket) {}
        ),
    );
    assert!(found[0].contains("#[websocket(\"/path\")]"), "{found:#?}");
}
