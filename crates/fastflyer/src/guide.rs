//! The guides of `docs/guide` and the READMEs as doctests: every Rust snippet in them compiles, and
//! the answers that they show are those that a service gives.

macro_rules! guides {
    ($($(#[$condition:meta])* $name:ident $path:literal;)*) => {$(
        $(#[$condition])*
        #[doc = include_str!(concat!("../../../", $path))]
        #[derive(Debug)]
        pub struct $name;
    )*};
}

guides! {
    Readme "README.md";
    ReadmeZhCn "README.zh-CN.md";
    FirstService "docs/guide/1-first-service.md";
    Operations "docs/guide/2-operations.md";
    Parameters "docs/guide/3-parameters-and-bodies.md";
    Responses "docs/guide/4-responses.md";
    Documentation "docs/guide/5-documentation.md";
    Apps "docs/guide/6-apps-and-routers.md";
    Settings "docs/guide/7-settings-logging.md";
    Testing "docs/guide/8-testing.md";
    Live "docs/guide/9-streams-and-websockets.md";
    #[cfg(feature = "jobs")]
    Jobs "docs/guide/10-jobs.md";
    Migration "docs/migration.md";
}

/// The answers that the READMEs show are those of the service that they show.
///
/// ```
/// use fastflyer::{prelude::*, testing::TestClient};
/// use serde_json::{Value, json};
///
/// #[derive(Serialize, Deserialize, JsonSchema, Validate)]
/// struct Item {
///     #[garde(length(chars, min = 1, max = 64))]
///     name: String,
///     #[garde(range(min = 1))]
///     price: u32,
/// }
///
/// #[get("/items/{id}")]
/// async fn get_item(id: u64) -> Result<Item> {
///     match id {
///         1 => Ok(Item { name: "pen".to_owned(), price: 3 }),
///         _ => Err(ApiError::not_found().message("no such item")),
///     }
/// }
///
/// #[post("/items")]
/// async fn add_item(#[query(default = false)] dry_run: bool, #[body] item: Item) -> Reply<Item> {
///     if dry_run { Reply::success(item) } else { Reply::created(item) }
/// }
///
/// fn shown(text: &str) -> Vec<Value> {
///     let blocks = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
///     blocks.map(|block| serde_json::from_str(block).unwrap()).collect()
/// }
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() {
///     let english = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md"));
///     let chinese = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.zh-CN.md"));
///     for (readme, locale, none) in [(english, "en", "no such item"), (chinese, "zh-CN", "商品不存在")] {
///         let api = FlyerApi::new(Config::new().locale(locale)).include(routes![get_item, add_item]);
///         let client = TestClient::new(api).unwrap();
///         let first = client.get("/flyer/items/1").send().await.json();
///         let mut second = client.get("/flyer/items/2").send().await.json();
///         second["message"] = json!(none);
///         let wrong = json!({"name": "", "price": "three"});
///         let third = client.post("/flyer/items?dry_run=perhaps").json(&wrong).send().await.json();
///         assert_eq!(shown(readme), [first, second, third]);
///     }
/// }
/// ```
#[derive(Debug)]
pub struct ReadmeAnswers;
