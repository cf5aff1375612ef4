//! Bodies and queries that may not fit.

use super::lenient;
use fastflyer::prelude::*;

pub(super) fn router() -> Router {
    routes![item, query]
}

#[derive(Serialize, Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
struct ProbeItem {
    #[garde(length(chars, min = 2, max = 5))]
    name: String,
    #[garde(range(min = 1, max = 10))]
    #[serde(deserialize_with = "lenient::integer")]
    qty: i64,
    #[serde(default, deserialize_with = "lenient::optional_number")]
    price: Option<f64>,
    #[serde(default)]
    tags: Vec<String>,
}

#[post("/item")]
async fn item(Json(params): Json<ProbeItem>) -> Reply<ProbeItem> {
    Reply::success(params)
}

#[derive(Serialize, JsonSchema)]
struct Asked {
    n: i64,
    b: bool,
    s: String,
    l: Option<String>,
}

#[get("/query")]
async fn query(
    #[query] n: i64,
    #[query(default = false)] b: bool,
    #[query(default = "x".to_owned())] s: String,
    #[query] l: Option<String>,
) -> Reply<Asked> {
    Reply::success(Asked { n, b, s, l })
}
