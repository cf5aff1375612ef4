//! What stops the start, word for word.

use crate::support::{api, reasons};
use fastflyer::{
    AppEntry, Config, FlyerApi, Operation, axum,
    extract::{Header, Path},
    http::Method,
    prelude::*,
    testing::TestClient,
};

const HERE: &str = "crates/fastflyer/tests/it/start_errors.rs";

#[get("/a/{id}")]
async fn first(id: u64) -> u64 {
    id
}

mod other {
    use fastflyer::prelude::*;

    #[get("/b")]
    pub(crate) async fn first() {}

    #[get("/a/{name}", operation_id = "second")]
    pub(crate) async fn same_path(name: String) -> String {
        name
    }
}

fn line_of(text: &str) -> usize {
    let source = include_str!("start_errors.rs");
    source
        .lines()
        .position(|line| line.trim() == text)
        .expect("the line")
        + 1
}

#[test]
fn a_route_twice_names_both_places() {
    let a = line_of("#[get(\"/a/{id}\")]");
    let b = line_of("#[get(\"/a/{name}\", operation_id = \"second\")]");
    assert_eq!(
        reasons(api(routes![first, other::same_path])),
        [format!(
            "GET /demo/a/{{name}} is defined twice: at {HERE}:{a} and at {HERE}:{b}"
        )]
    );
    // Behind layers too, where axum would panic.
    let layer = tower::layer::util::Identity::new;
    assert_eq!(
        reasons(
            api(routes![first].layer(layer()).include(Router::new()))
                .include(routes![other::same_path].layer(layer()))
        ),
        [format!(
            "GET /demo/a/{{name}} is defined twice: at {HERE}:{a} and at {HERE}:{b}"
        )]
    );
}

#[test]
fn an_operation_id_twice_names_both_places() {
    let a = line_of("#[get(\"/a/{id}\")]");
    let b = line_of("#[get(\"/b\")]");
    assert_eq!(
        reasons(api(routes![first, other::first])),
        [format!(
            "the operation id `first` is used twice: at {HERE}:{a} and at {HERE}:{b}; set another with operation_id = \"..\""
        )]
    );
}

#[test]
fn templates_that_contradict_are_named() {
    #[get("/x/{*rest}")]
    async fn rest(rest: String) -> String {
        rest
    }
    #[get("/x/{id}/y")]
    async fn inner(id: String) -> String {
        id
    }
    let found = reasons(api(routes![rest, inner]));
    // Not a contradiction for the router in use: the longer template goes first; if it ever is one,
    // the reason names the place.
    assert!(found.is_empty() || found[0].contains(HERE), "{found:?}");
}

#[test]
fn hand_written_paths_prefixes_and_ids_are_checked() {
    let operation =
        |path: &'static str| Operation::new(Method::GET, path, "x").handler(async || 1u64);
    let line = line!() - 1;
    assert_eq!(
        reasons(FlyerApi::new(Config::new().base_url("/demo")).route(operation("x"))),
        [format!(
            "GET \"x\" at {HERE}:{line}: a path begins with `/`"
        )]
    );
    assert_eq!(
        reasons(api(operation("/x/{a").into())),
        [format!(
            "GET \"/demo/x/{{a\" at {HERE}:{line}: a brace is open: parameters are written `{{name}}`"
        )]
    );
    assert_eq!(
        reasons(api(Router::new().prefix("users").route(operation("/x")))),
        ["the prefix \"users\" of a router must begin with `/`"]
    );
    assert_eq!(
        reasons(api(operation("/x").id("no id").into())),
        [format!(
            "the operation id \"no id\" at {HERE}:{line} has other characters than letters, digits and `_`"
        )]
    );
    assert_eq!(
        reasons(api(operation("/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}").into())),
        [format!(
            "GET \"/demo/{{a}}/{{b}}/{{c}}/{{d}}/{{e}}/{{f}}/{{g}}/{{h}}/{{i}}\" at {HERE}:{line}: at most 8 parameters fit into a path"
        )]
    );
}

#[test]
fn a_state_that_nobody_gave_names_type_and_operation() {
    #[derive(Clone)]
    struct Db;
    #[get("/rows")]
    async fn rows(State(_db): State<Db>) -> u64 {
        1
    }
    let line = line_of("#[get(\"/rows\")]");
    let found = reasons(api(routes![rows]));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with(&format!("the operation at {HERE}:{line} takes State<")),
        "{found:?}"
    );
    assert!(
        found[0].ends_with("::Db; give one with FlyerApi::state"),
        "{found:?}"
    );
    assert!(TestClient::new(api(routes![rows]).state(Db)).is_ok());
}

mod red {
    #[derive(serde::Serialize, schemars::JsonSchema)]
    pub(crate) struct Thing {
        pub(crate) red: u8,
    }
}

mod blue {
    #[derive(serde::Serialize, schemars::JsonSchema)]
    pub(crate) struct Thing {
        pub(crate) blue: u8,
    }
}

#[test]
fn two_types_of_one_name_name_both_operations() {
    #[get("/red")]
    async fn red_thing() -> red::Thing {
        red::Thing { red: 1 }
    }
    #[get("/blue")]
    async fn blue_thing() -> blue::Thing {
        blue::Thing { blue: 1 }
    }
    let (r, b) = (line_of("#[get(\"/red\")]"), line_of("#[get(\"/blue\")]"));
    assert_eq!(
        reasons(api(routes![red_thing, blue_thing])),
        [format!(
            "two different types are both called `Thing` in the OpenAPI document: one of {HERE}:{b}, one of {HERE}:{r}; rename one with #[schemars(rename = \"..\")]"
        )]
    );
}

#[test]
fn a_type_may_not_take_the_name_of_the_failure_body() {
    #[derive(Serialize, JsonSchema)]
    struct Failure {
        why: String,
    }
    #[get("/f")]
    async fn f() -> Failure {
        Failure { why: String::new() }
    }
    assert_eq!(
        reasons(api(routes![f])),
        [
            "a type is called `Failure` in the OpenAPI document, which is the name of the body of failed requests; rename it with #[schemars(rename = \"..\")]"
        ]
    );
}

#[derive(Deserialize, JsonSchema)]
struct Unchecked {
    #[schemars(length(min = 1))]
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Bounded {
    #[schemars(range(min = 1, max = 9))]
    count: u32,
}

#[derive(Deserialize, JsonSchema)]
struct Free {
    small: u8,
    count: u32,
    size: i64,
    letter: char,
    pair: [u8; 2],
}

#[test]
fn constraints_that_nobody_checks_are_refused() {
    #[post("/u")]
    async fn unchecked(Json(u): Json<Unchecked>) -> String {
        u.name
    }
    #[get("/q")]
    async fn bounded(Query(b): Query<Bounded>) -> u32 {
        b.count
    }
    #[post("/f")]
    async fn free(Json(f): Json<Free>) -> String {
        format!("{}{}{}{}{:?}", f.small, f.count, f.size, f.letter, f.pair)
    }
    let (u, q) = (line_of("#[post(\"/u\")]"), line_of("#[get(\"/q\")]"));
    assert_eq!(
        reasons(api(routes![unchecked, bounded])),
        [
            format!(
                "{HERE}:{q} takes a `Bounded`, whose schema says `count: minimum or maximum`, but `Bounded` does not derive garde::Validate, so nothing would check it; derive it, with #[garde(dive)] on nested fields"
            ),
            format!(
                "{HERE}:{u} takes a `Unchecked`, whose schema says `name: minLength`, but `Unchecked` does not derive garde::Validate, so nothing would check it; derive it, with #[garde(dive)] on nested fields"
            ),
        ]
    );
    assert!(TestClient::new(api(routes![free])).is_ok());
}

#[derive(Deserialize, JsonSchema)]
struct Short(#[schemars(length(max = 3))] String);

#[test]
fn constraints_of_a_plain_argument_are_refused() {
    #[get("/short")]
    async fn short(#[query] word: Short) -> String {
        word.0
    }
    let line = line_of("#[get(\"/short\")]");
    assert_eq!(
        reasons(api(routes![short])),
        [format!(
            "{HERE}:{line} takes the parameter `word`, whose type says `maxLength`, but the constraints of types are checked in structs only; write min, max, min_length or max_length in its attribute, or take a struct that derives garde::Validate"
        )]
    );
}

#[test]
fn two_readers_of_the_body_are_refused() {
    #[post("/two")]
    async fn two(#[form] a: String, Json(b): Json<String>) -> String {
        a + &b
    }
    #[post("/three")]
    async fn three(Json(b): Json<String>, raw: axum::body::Bytes) -> String {
        format!("{b}{}", raw.len())
    }
    let (a, b) = (line_of("#[post(\"/three\")]"), line_of("#[post(\"/two\")]"));
    assert_eq!(
        reasons(api(routes![two, three])),
        [
            format!("{HERE}:{a} has two arguments that read the body; only one can"),
            format!("{HERE}:{b} has two arguments that read the body; only one can"),
        ]
    );
}

#[derive(Deserialize, JsonSchema)]
struct Place {
    city: String,
}

#[test]
fn a_path_that_does_not_fit_its_type_is_refused() {
    #[get("/one/{a}/{b}")]
    async fn one(Path(id): Path<u64>) -> u64 {
        id
    }
    #[get("/tuple/{a}")]
    async fn tuple(Path((a, b)): Path<(u64, u64)>) -> u64 {
        a + b
    }
    #[get("/struct/{town}")]
    async fn fields(Path(place): Path<Place>) -> String {
        place.city
    }
    let line = |text: &str| line_of(text);
    assert_eq!(
        reasons(api(routes![one, tuple, fields])),
        [
            format!(
                "{HERE}:{} reads 1 parameters with `Path`, but its path has 2",
                line("#[get(\"/one/{a}/{b}\")]")
            ),
            format!(
                "{HERE}:{} reads the field `city` with `Path`, but its path has no `{{city}}`",
                line("#[get(\"/struct/{town}\")]")
            ),
            format!(
                "{HERE}:{} reads 2 parameters with `Path`, but its path has 1",
                line("#[get(\"/tuple/{a}\")]")
            ),
        ]
    );
}

#[derive(Deserialize, JsonSchema)]
struct Tenant {
    #[serde(rename = "X-Tenant")]
    tenant: String,
}

#[test]
fn header_names_with_capitals_would_never_match() {
    #[get("/tenant")]
    async fn tenant(Header(h): Header<Tenant>) -> String {
        h.tenant
    }
    let line = line_of("#[get(\"/tenant\")]");
    assert_eq!(
        reasons(api(routes![tenant])),
        [format!(
            "{HERE}:{line} reads the header `X-Tenant` in a struct, where headers have lower case: `x-tenant`"
        )]
    );
}

#[test]
fn an_app_without_anything_is_a_mistake() {
    let api = FlyerApi::new(Config::new()).load([AppEntry::new("empty")]);
    assert_eq!(
        reasons(api),
        [
            "the app empty has neither `pub fn router()` nor `pub fn jobs()` nor a hook; write one, or `pub const ENABLED: bool = false;`"
        ]
    );
    let mut off = AppEntry::new("empty");
    off.enabled = false;
    assert!(TestClient::new(FlyerApi::new(Config::new()).load([off])).is_ok());
}

#[test]
fn what_axum_refuses_is_a_reason_and_no_panic() {
    let plain = || axum::Router::new().route("/x", axum::routing::get(async || "x"));
    let found = reasons(api(Router::new().axum(plain()).axum(plain())));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("axum's router: Overlapping method route"),
        "{found:?}"
    );
}

#[test]
fn bad_settings_name_variable_and_value() {
    let start = |settings: &[(&str, &str)]| {
        TestClient::with_settings(FlyerApi::new(Config::new()), settings.iter().copied())
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let text = start(&[("flyer_auth_enable", "1")]);
    assert!(
        text.contains("flyer_auth_user") && text.contains("flyer_auth_pass"),
        "{text}"
    );
    let text = start(&[("flyer_base_url", "a b")]);
    assert!(
        text.contains("flyer_base_url") && text.contains("a b"),
        "{text}"
    );
}

#[test]
fn every_reason_is_told_at_once() {
    let api = api(routes![first, other::same_path, other::first]);
    assert_eq!(reasons(api).len(), 2);
}
