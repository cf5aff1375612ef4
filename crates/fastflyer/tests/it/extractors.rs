//! Path, query, header, cookie, form, body: read, refused, validated.

use crate::support::{client, client_with};
use fastflyer::{
    Operation, Router,
    extract::{ClientIp, Cookie, Header, Path, RequestId, Valid},
    http::Method,
    prelude::*,
    testing::TestClient,
};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Color {
    Red,
    Green,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Place {
    city: String,
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Validate)]
struct Filter {
    #[garde(length(chars, min = 2))]
    name: String,
    #[garde(range(max = 9))]
    #[serde(default)]
    size: u32,
    #[garde(skip)]
    #[serde(default)]
    tags: Vec<String>,
    #[garde(skip)]
    color: Option<Color>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Heads {
    x_tenant: Option<String>,
    #[serde(rename = "x-count")]
    count: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Cookies {
    session: String,
    theme: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Validate)]
struct User {
    #[garde(pattern(r"^\w+$"), length(chars, max = 8))]
    name: String,
    #[garde(dive)]
    #[serde(default)]
    pets: Vec<Pet>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Validate)]
struct Pet {
    #[garde(range(min = 1))]
    age: u8,
}

#[get("/place/{city}/{number}")]
async fn place(Path(place): Path<Place>) -> Place {
    place
}

#[get("/tuple/{city}/{number}")]
async fn tuple(Path((city, number)): Path<(String, u32)>) -> Place {
    Place { city, number }
}

#[get("/color/{color}")]
async fn color(color: Color) -> Color {
    color
}

#[get("/filter")]
async fn filter(Query(filter): Query<Filter>) -> Filter {
    filter
}

#[get("/plain")]
#[expect(clippy::too_many_arguments, reason = "one of each")]
async fn plain(
    #[query] n: Option<i8>,
    #[query(name = "q", min_length = 2, max_length = 3)] text: Option<String>,
    #[query(default = "none")] word: String,
    #[query(default = 5, min = 1, max = 9)] size: u32,
    #[query] ids: Vec<u16>,
    #[query] flag: Option<bool>,
    #[header] x_tenant: Option<String>,
    #[header(name = "X-Ids")] header_ids: Vec<u8>,
    #[cookie] session: Option<String>,
) -> Value {
    json!([
        n, text, word, size, ids, flag, x_tenant, header_ids, session
    ])
}

#[get("/heads")]
async fn heads(Header(heads): Header<Heads>) -> Heads {
    heads
}

#[get("/cookies")]
async fn cookies(Cookie(cookies): Cookie<Cookies>) -> Cookies {
    cookies
}

#[post("/users")]
async fn user(Json(user): Json<User>) -> User {
    user
}

#[post("/form")]
async fn form(Form(filter): Form<Filter>) -> Filter {
    filter
}

#[post("/fields")]
async fn fields(
    #[form] name: String,
    #[form(min = 18)] age: u8,
    #[form] tags: Vec<String>,
) -> Value {
    json!([name, age, tags])
}

#[get("/who")]
async fn who(ClientIp(ip): ClientIp, RequestId(id): RequestId) -> Vec<String> {
    vec![
        ip.map(|ip| ip.to_string()).unwrap_or_default(),
        id.to_string(),
    ]
}

fn router() -> Router {
    routes![
        place, tuple, color, filter, plain, heads, cookies, user, form, fields, who
    ]
}

async fn good(client: &TestClient, path: &str) -> Value {
    let answer = client.get(path).send().await;
    assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
    answer.json()["data"].clone()
}

async fn bad(client: &TestClient, path: &str) -> Vec<String> {
    let answer = client.get(path).send().await;
    assert_eq!(answer.status(), 422, "{path}: {}", answer.text());
    names(&answer.json())
}

fn names(body: &Value) -> Vec<String> {
    body["error"]
        .as_object()
        .expect("error")
        .keys()
        .cloned()
        .collect()
}

#[tokio::test]
async fn paths_are_read_by_name_by_position_and_by_type() {
    let client = client(router());
    let expected = json!({"city": "北京", "number": 7});
    assert_eq!(good(&client, "/demo/place/北京/7").await, expected);
    assert_eq!(good(&client, "/demo/tuple/北京/7").await, expected);
    assert_eq!(bad(&client, "/demo/place/x/-7").await, ["path.number"]);
    assert_eq!(bad(&client, "/demo/tuple/x/seven").await, ["path.number"]);
    assert_eq!(good(&client, "/demo/color/red").await, "red");
    assert_eq!(bad(&client, "/demo/color/blue").await, ["path.color"]);
}

#[tokio::test]
async fn queries_name_every_failing_field() {
    let client = client(router());
    assert_eq!(
        good(
            &client,
            "/demo/filter?name=ab&tags=x&tags=y&color=green&other=1"
        )
        .await,
        json!({"name": "ab", "size": 0, "tags": ["x", "y"], "color": "green"})
    );
    // The last of several values counts, as in FastAPI.
    assert_eq!(
        good(&client, "/demo/filter?name=ab&name=cd").await["name"],
        "cd"
    );
    assert_eq!(bad(&client, "/demo/filter").await, ["query.name"]);
    assert_eq!(
        bad(&client, "/demo/filter?name=a&size=10").await,
        ["query.name", "query.size"]
    );
    let mut found = bad(&client, "/demo/filter?size=x&color=blue").await;
    found.sort();
    assert_eq!(found, ["query.color", "query.name", "query.size"]);
}

#[tokio::test]
async fn plain_arguments_have_names_defaults_and_bounds() {
    let client = client(router());
    assert_eq!(
        good(&client, "/demo/plain").await["data"],
        json!([null, null, "none", 5, [], null, null, [], null])
    );
    assert_eq!(
        good(
            &client,
            "/demo/plain?n=-5&q=ab&word=w&size=9&ids=1&ids=2&flag=Yes"
        )
        .await["data"],
        json!([-5, "ab", "w", 9, [1, 2], true, null, [], null])
    );
    let found = bad(&client, "/demo/plain?n=128&q=a&size=0&ids=1&ids=x&flag=2").await;
    assert_eq!(found.len(), 5, "{found:?}");
    for name in ["query.n", "query.q", "query.size", "query.flag"] {
        assert!(found.iter().any(|field| field == name), "{name}: {found:?}");
    }
    let answer = client
        .get("/demo/plain")
        .header("x-tenant", "飞")
        .header("x-ids", "1")
        .header("x-ids", "2")
        .header("cookie", "a=1; session=\"s1\"")
        .header("cookie", "session=s2; b")
        .send()
        .await;
    assert_eq!(
        answer.json()["data"]["data"],
        json!([null, null, "none", 5, [], null, "飞", [1, 2], "s2"]),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn headers_and_cookies_are_read_as_structs() {
    let client = client(router());
    let answer = client
        .get("/demo/heads")
        .header("X-Tenant", "飞")
        .header("x-count", "3")
        .send()
        .await;
    assert_eq!(
        answer.json()["data"],
        json!({"x_tenant": "飞", "x-count": 3})
    );
    let answer = client
        .get("/demo/heads")
        .header("x-count", "many")
        .send()
        .await;
    assert_eq!(names(&answer.json()), ["header.x-count"]);
    assert_eq!(bad(&client, "/demo/heads").await, ["header.x-count"]);
    let answer = client
        .get("/demo/cookies")
        .header("cookie", "theme=深; session=s=1; junk")
        .send()
        .await;
    assert_eq!(
        answer.json()["data"],
        json!({"session": "s=1", "theme": "深"})
    );
    assert_eq!(bad(&client, "/demo/cookies").await, ["cookie.session"]);
    let document = client.app().openapi();
    let parameters = document["paths"]["/demo/heads"]["get"]["parameters"]
        .as_array()
        .unwrap();
    let found: Vec<_> = parameters
        .iter()
        .map(|p| {
            (
                p["name"].as_str().unwrap(),
                p["required"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(found, [("x-tenant", false), ("x-count", true)]);
}

#[tokio::test]
async fn bodies_are_explained_by_path() {
    let client = client(router());
    let post = async |body: &str| {
        let answer = client
            .post("/demo/users")
            .header("content-type", "application/json; charset=utf-8")
            .body(body.to_owned())
            .send()
            .await;
        (answer.status(), answer.json())
    };
    assert_eq!(
        post(r#"{"name": "a_1", "pets": [{"age": 1}]}"#).await.0,
        200
    );
    let (status, body) = post(r#"{"name": "a b", "pets": [{"age": 1}, {"age": 0}]}"#).await;
    assert_eq!(
        (status, names(&body)),
        (422, vec!["name".to_owned(), "pets[1].age".to_owned()]),
        "{body}"
    );
    let (status, body) = post(r#"{"pets": [{"age": "x"}, {}], "name": 5}"#).await;
    assert_eq!(status, 422);
    for field in ["name", "pets[0].age", "pets[1].age"] {
        assert!(body["error"][field].is_array(), "{field}: {body}");
    }
    let (status, body) = post("{\"name\": \"a\",\n \"pets\": [}").await;
    assert_eq!(status, 400);
    assert!(
        body["error"]["body"][0]
            .as_str()
            .is_some_and(|text| text.contains('2')),
        "{body}"
    );
    for broken in [
        "{",
        "nul",
        "{} {}",
        "\u{feff}{}",
        "{\"name\":\"\\ud800\"}",
        "{\"a\":1,}",
    ] {
        assert_eq!(post(broken).await.0, 400, "{broken:?}");
    }
    let answer = client
        .post("/demo/users")
        .header("content-type", "application/json")
        .body(&b"{\"name\":\"\xff\"}"[..])
        .send()
        .await;
    assert_eq!(answer.status(), 400);
    let answer = client.post("/demo/users").send().await;
    assert_eq!(
        (answer.status(), names(&answer.json())),
        (422, vec!["body".to_owned()])
    );
    for kind in [
        "text/plain",
        "application/jsonx",
        "application/x-www-form-urlencoded",
    ] {
        assert_eq!(
            client
                .post("/demo/users")
                .header("content-type", kind)
                .body("{}")
                .send()
                .await
                .status(),
            415
        );
    }
    for kind in [
        "application/JSON",
        "application/merge-patch+json",
        "application/json ;charset=utf-8",
    ] {
        assert_eq!(
            client
                .post("/demo/users")
                .header("content-type", kind)
                .body("{\"name\":\"a\"}")
                .send()
                .await
                .status(),
            200,
            "{kind}"
        );
    }
    let lenient = client_with(router(), &[("flyer_accept_json_without_content_type", "1")]);
    assert_eq!(
        lenient
            .post("/demo/users")
            .body("{\"name\":\"a\"}")
            .send()
            .await
            .status(),
        200
    );
    assert_eq!(
        lenient
            .post("/demo/users")
            .header("content-type", "text/plain")
            .body("{}")
            .send()
            .await
            .status(),
        415
    );
}

#[tokio::test]
async fn forms_are_read_as_structs_and_as_fields() {
    let client = client(router());
    let post = async |path: &str, body: &str| {
        let kind = "application/x-www-form-urlencoded";
        let answer = client
            .post(path)
            .header("content-type", kind)
            .body(body.to_owned())
            .send()
            .await;
        (answer.status(), answer.json())
    };
    let (status, body) = post("/demo/form", "name=%E9%A3%9E+x&tags=1&tags=2").await;
    assert_eq!(
        (status, &body["data"]["name"], &body["data"]["tags"]),
        (200, &json!("飞 x"), &json!(["1", "2"]))
    );
    let (status, body) = post("/demo/form", "name=a&size=x").await;
    assert_eq!(status, 422, "{body}");
    let (status, body) = post("/demo/form", "name=a&size=10").await;
    assert_eq!(
        (status, names(&body)),
        (422, vec!["name".to_owned(), "size".to_owned()])
    );
    let (status, body) = post("/demo/fields", "name=a&age=18&tags=x&tags=y").await;
    assert_eq!(
        (status, &body["data"]["data"]),
        (200, &json!(["a", 18, ["x", "y"]]))
    );
    let (status, body) = post("/demo/fields", "age=17").await;
    assert_eq!(
        (status, names(&body)),
        (422, vec!["name".to_owned(), "age".to_owned()])
    );
    let (status, body) = post("/demo/fields", "").await;
    assert_eq!(
        (status, names(&body)),
        (422, vec!["name".to_owned(), "age".to_owned()])
    );
    assert_eq!(
        client
            .post("/demo/fields")
            .json(&json!({"name": "a"}))
            .send()
            .await
            .status(),
        415
    );
}

#[tokio::test]
async fn addresses_of_proxies_are_believed_only_when_listed() {
    let plain = client(router());
    let ask = async |client: &TestClient, forwarded: &[&str]| {
        let request = client.get("/demo/who");
        let request = forwarded.iter().fold(request, |request, line| {
            request.header("x-forwarded-for", line)
        });
        request.send().await.json()["data"]["data"][0].clone()
    };
    assert_eq!(ask(&plain, &["6.6.6.6"]).await, "127.0.0.1");
    let proxied = client_with(
        router(),
        &[("flyer_trusted_proxies", "127.0.0.1, 10.0.0.0/8")],
    );
    assert_eq!(ask(&proxied, &[]).await, "127.0.0.1");
    assert_eq!(
        ask(&proxied, &["6.6.6.6, 9.9.9.9, 10.1.1.1"]).await,
        "9.9.9.9"
    );
    assert_eq!(
        ask(&proxied, &["6.6.6.6", "9.9.9.9, 10.1.1.1"]).await,
        "9.9.9.9"
    );
    assert_eq!(ask(&proxied, &["10.2.2.2, 10.1.1.1"]).await, "10.2.2.2");
    assert_eq!(ask(&proxied, &["::ffff:9.9.9.9"]).await, "9.9.9.9");
    // What is no address ends the chain; what stands before it is not believed.
    assert_eq!(ask(&proxied, &["6.6.6.6, unknown"]).await, "127.0.0.1");
    assert_eq!(ask(&proxied, &["6.6.6.6", "飞, 9.9.9.9"]).await, "9.9.9.9");
    assert_eq!(ask(&proxied, &["6.6.6.6", "飞"]).await, "127.0.0.1");
    let outside = proxied.from_address("8.8.8.8".parse().unwrap());
    assert_eq!(ask(&outside, &["6.6.6.6"]).await, "8.8.8.8");
}

/// The same by hand: `Operation::new`, `Valid`, `try_handler`.
#[tokio::test]
async fn hand_written_operations_behave_and_read_alike() {
    async fn by_hand(
        Path(place): Path<Place>,
        Valid(Query(filter)): Valid<Query<Filter>>,
    ) -> Reply<Filter> {
        let _ = place;
        Reply::success(filter)
    }
    async fn failing(Valid(Json(user)): Valid<Json<User>>) -> Result<User> {
        if user.name == "taken" {
            return Err(fastflyer::ApiError::conflict());
        }
        Ok(user)
    }

    mod written {
        use super::*;

        /// 标题
        ///
        /// 说明。
        #[get("/x/{city}/{number}", tag = "标签", codes = [200, 404])]
        pub(super) async fn by_macro(
            Path(place): Path<Place>,
            Query(filter): Query<Filter>,
        ) -> Reply<Filter> {
            let _ = place;
            Reply::success(filter)
        }

        #[post("/y", operation_id = "y", body_limit = 100, deprecated)]
        pub(super) async fn failing(Json(user): Json<User>) -> Result<User> {
            if user.name == "taken" {
                return Err(fastflyer::ApiError::conflict());
            }
            Ok(user)
        }
    }

    let hand = Router::new()
        .route(
            Operation::new(Method::GET, "/x/{city}/{number}", "by_macro")
                .tag("标签")
                .summary("标题")
                .description("标题\n\n说明。")
                .codes([200, 404])
                .handler(by_hand),
        )
        .route(
            Operation::new(Method::POST, "/y", "failing")
                .id("y")
                .body_limit(100)
                .deprecated()
                .try_handler(failing),
        );
    let hand = client(hand);
    let macros = client(routes![written::by_macro, written::failing]);
    assert_eq!(
        serde_json::to_string_pretty(hand.app().openapi()).unwrap(),
        serde_json::to_string_pretty(macros.app().openapi()).unwrap()
    );
    for client in [&hand, &macros] {
        assert_eq!(
            bad(client, "/demo/x/a/b?name=a").await,
            ["path.number", "query.name"]
        );
        assert_eq!(good(client, "/demo/x/a/1?name=ab").await["name"], "ab");
        let post = async |name: &str| {
            client
                .post("/demo/y")
                .json(&json!({"name": name}))
                .send()
                .await
                .status()
        };
        assert_eq!(
            (post("fine").await, post("taken").await, post("a b").await),
            (200, 409, 422)
        );
        assert_eq!(post(&"x".repeat(200)).await, 413);
    }
}

#[tokio::test]
async fn a_body_may_be_optional() {
    #[post("/optional")]
    async fn optional(#[body] user: Option<User>) -> Option<User> {
        user
    }
    #[post("/list")]
    async fn list(#[body] users: Vec<User>) -> usize {
        users.len()
    }
    #[post("/value")]
    async fn value(Json(value): Json<Value>) -> bool {
        value.is_null()
    }
    let client = client(routes![optional, list, value]);
    let answer = client.post("/demo/optional").send().await;
    assert_eq!(
        (answer.status(), answer.json()["data"].clone()),
        (200, json!({}))
    );
    let answer = client
        .post("/demo/optional")
        .json(&json!({"name": "a"}))
        .send()
        .await;
    assert_eq!(answer.json()["data"]["name"], "a");
    let answer = client
        .post("/demo/optional")
        .json(&json!({"name": "a b"}))
        .send()
        .await;
    assert_eq!(
        (answer.status(), names(&answer.json())),
        (422, vec!["name".to_owned()])
    );
    for path in ["/demo/list", "/demo/value"] {
        assert_eq!(client.post(path).send().await.status(), 422, "{path}");
    }
    let paths = &client.app().openapi()["paths"];
    assert_eq!(
        paths["/demo/optional"]["post"]["requestBody"]["required"],
        false
    );
    assert_eq!(paths["/demo/list"]["post"]["requestBody"]["required"], true);
}

#[tokio::test]
async fn plain_functions_by_hand_run_on_the_pool() {
    fn thread_name() -> String {
        std::thread::current().name().unwrap_or("").to_owned()
    }
    fn by_hand(Path(n): Path<u8>) -> String {
        assert_ne!(n, 0, "boom");
        thread_name()
    }
    fn trying(Path(n): Path<u8>) -> Result<String> {
        if n == 0 {
            Err(fastflyer::ApiError::gone())
        } else {
            Ok(thread_name())
        }
    }
    #[get("/macro/{n}")]
    fn by_macro(Path(n): Path<u8>) -> Result<String> {
        trying(Path(n))
    }
    let client = client(
        routes![by_macro]
            .route(Operation::new(Method::GET, "/hand/{n}", "by_hand").blocking_handler(by_hand))
            .route(Operation::new(Method::GET, "/try/{n}", "trying").try_blocking_handler(trying))
            .route(Operation::new(Method::GET, "/none", "none").blocking_handler(thread_name)),
    );
    for path in ["/demo/macro/1", "/demo/hand/1", "/demo/try/1", "/demo/none"] {
        let name = good(&client, path).await;
        assert!(
            name.as_str()
                .is_some_and(|name| name.starts_with("handler-")),
            "{path}: {name}"
        );
    }
    for (path, status) in [
        ("/demo/macro/0", 410),
        ("/demo/try/0", 410),
        ("/demo/hand/0", 500),
        ("/demo/hand/x", 422),
    ] {
        assert_eq!(client.get(path).send().await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn a_whole_number_is_an_integer_however_it_is_written() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Counts {
        small: u8,
        list: Vec<i64>,
        real: f64,
    }

    #[post("/counts")]
    async fn counts(#[body] counts: Counts) -> Counts {
        counts
    }

    let client = client(routes![counts]);
    let send = async |body: &'static str| {
        let request = client
            .post("/demo/counts")
            .header("content-type", "application/json");
        request.body(body).send().await.json()
    };
    let answer = send(r#"{"small": 66.0, "list": [-1e3, 2], "real": 3.0}"#).await;
    assert_eq!(
        answer["data"],
        json!({"small": 66, "list": [-1000, 2], "real": 3.0})
    );
    let answer = send(r#"{"small": 66.5, "list": [1e300], "real": 3}"#).await;
    assert_eq!(answer["code"], 422);
    assert!(
        answer["error"]["small"].is_array() && answer["error"]["list[0]"].is_array(),
        "{answer}"
    );
    let answer = send(r#"{"small": 256.0, "list": [], "real": 0}"#).await;
    assert!(answer["error"]["small"].is_array(), "{answer}");
}
