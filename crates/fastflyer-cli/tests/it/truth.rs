//! Whether the document tells the truth, whatever the options: each operation of the demo is asked,
//! well and badly, in hundreds of configurations, and each answer is judged by the document that the
//! service serves in that configuration. In process, without sockets.

use fastflyer::{
    Exception, FailureKind, FlyerApi,
    format::{DataKind, Format, Shape, Slot},
    testing::{TestClient, TestResponse},
};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// How many configurations are tried.
const CONFIGURATIONS: usize = 210;

const CREDENTIALS: &str = "Basic dXNlcjpMb25nZXItcGFzc3dvcmQtMQ==";

/// A format of a project's own, which shares no field with the built-in ones.
struct Own;

impl Format for Own {
    fn success(&self, data: DataKind) -> Shape {
        let body = Shape::object()
            .field("ok", true)
            .optional("trace", Slot::RequestId);
        match data {
            DataKind::Nothing => body,
            DataKind::Null => body.field("nothing", true),
            DataKind::List => body.field("rows", Slot::Data),
            DataKind::Page => body
                .field("rows", Slot::Data)
                .field("pages", Slot::TotalPages)
                .field("next", Slot::NextLink),
            _ => body.field("value", Slot::Data),
        }
    }

    fn failure(&self) -> Shape {
        let family = Shape::computed(json!({"type": "integer", "minimum": 4}), |answer| {
            json!(answer.code().to_string()[..1].parse::<u32>().unwrap_or(0))
        });
        Shape::object()
            .field("ok", false)
            .field(
                "error",
                Shape::object()
                    .field("code", Slot::Code)
                    .field("family", family),
            )
            .field("text", Slot::Message)
            .optional("fields", Slot::FieldErrors)
    }
}

/// One configuration: what is set, and what the code adds.
#[derive(Debug, Clone)]
struct Configuration {
    settings: Vec<(&'static str, &'static str)>,
    own_format: bool,
    exceptions: bool,
    auth: bool,
}

/// Small and the same everywhere (Numerical Recipes); the choices are taken from its upper bits.
struct Choices(u64);

impl Choices {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        from[(self.0 >> 33) as usize % from.len()]
    }
}

const STANDARD_FIELDS: [&str; 9] = [
    "",
    "message=msg",
    "error=-",
    "data=result,data.data=data.list",
    "data.data=items,data.meta.pagination=paging",
    "code=status,status=code",
    "data.meta.pagination.links.next=data.meta.next,data.meta.pagination.links=-",
    "status=-,message=-,data.meta.pagination.total=total",
    "data=-",
];
const FLYER_FIELDS: [&str; 5] = [
    "",
    "message=msg,detail=-",
    "pageInfo.total=total,pageInfo=page",
    "data=result",
    "code=ret,pageInfo=-",
];
const OWN_FIELDS: [&str; 4] = [
    "",
    "error.code=code,error=-",
    "rows=items",
    "text=error.text,ok=-",
];

impl Configuration {
    fn choose(choices: &mut Choices) -> Self {
        let format = choices.pick(&["standard", "standard", "flyer", "problem", "own"]);
        let fields: &[&str] = match format {
            "flyer" => &FLYER_FIELDS,
            "own" => &OWN_FIELDS,
            _ => &STANDARD_FIELDS,
        };
        let mut settings = vec![
            ("flyer_response_fields", choices.pick(fields)),
            (
                "flyer_response_error_status",
                choices.pick(&["", "strict", "200", "500"]),
            ),
            ("flyer_status_code_base", choices.pick(&["0", "1000"])),
            ("flyer_debug", choices.pick(&["0", "1"])),
            ("flyer_locale", choices.pick(&["zh-CN", "en"])),
            (
                "flyer_page_params",
                choices.pick(&["page,per_page", "page,size", "offset,limit"]),
            ),
        ];
        if format != "own" {
            settings.push(("flyer_response_format", format));
        }
        let auth = choices.pick(&[false, false, true]);
        if auth {
            settings.extend([
                ("flyer_auth_enable", "1"),
                ("flyer_auth_user", "user"),
                ("flyer_auth_pass", "Longer-password-1"),
            ]);
        }
        Self {
            settings,
            own_format: format == "own",
            exceptions: choices.pick(&[false, true]),
            auth,
        }
    }

    fn client(&self) -> TestClient {
        let mut api: FlyerApi = openapi_demo::app();
        if self.own_format {
            api = api.format(Own);
        }
        if self.exceptions {
            let parse = Exception::code(422_009u32)
                .message("不是数字")
                .header("x-parse", "1");
            api = api
                .exception::<std::num::ParseIntError>(parse)
                .on(
                    FailureKind::Validation,
                    Exception::code(400_001u32).message("参数错误"),
                )
                .on(FailureKind::UnreadableBody, Exception::code(422_002u32))
                .on(
                    FailureKind::UnsupportedMediaType,
                    Exception::code(400u32).detail("JSON"),
                )
                .on(
                    FailureKind::Unauthorized,
                    Exception::new().message("请登录"),
                )
                .on(FailureKind::NotFound, Exception::code(410u32));
        }
        TestClient::with_settings(api, self.settings.iter().copied())
            .unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }
}

/// A request: method, template in the document, path, content type and body.
type Asked = (&'static str, &'static str, String, &'static str, String);

fn requests() -> Vec<Asked> {
    let mut all: Vec<Asked> = Vec::new();
    let order = |sku: &str, quantity: u32| {
        json!({
            "customer": {
                "name": "张三", "phone": "13800000000",
                "address": {"city": "深圳", "street": "科技路 1 号", "postcode": "518000"},
            },
            "items": [{"sku": sku, "quantity": quantity}],
        })
        .to_string()
    };
    let user = json!({"data": [{"name": "张三", "age": "35", "sex": "男"}]}).to_string();
    let nobody = json!({"data": [{"name": "", "age": 1}]}).to_string();
    let mut get = |template: &'static str, paths: &[&str]| {
        for path in paths {
            all.push(("get", template, (*path).to_owned(), "", String::new()));
        }
    };
    get(
        "/flyer/items/{id}",
        &[
            "/flyer/items/42",
            "/flyer/items/x",
            "/flyer/items/99999999999999999999",
        ],
    );
    get(
        "/flyer/users/relationship/{username}",
        &["/flyer/users/relationship/张三"],
    );
    get("/flyer/about", &["/flyer/about"]);
    get("/flyer/health_check", &["/flyer/health_check"]);
    get("/flyer/codes", &["/flyer/codes"]);
    get("/flyer/shop/greeting", &["/flyer/shop/greeting"]);
    get(
        "/flyer/shop/products",
        &[
            "/flyer/shop/products",
            "/flyer/shop/products?page=2&per_page=2&keyword=H",
            "/flyer/shop/products?page=0&per_page=x&category=car",
            "/flyer/shop/products?page=9",
        ],
    );
    get(
        "/flyer/shop/products/{sku}",
        &["/flyer/shop/products/BK-0001", "/flyer/shop/products/none"],
    );
    get("/flyer/shop/goods", &["/flyer/shop/goods"]);
    get("/flyer/shop/report", &["/flyer/shop/report"]);
    get("/flyer/shop/visit", &["/flyer/shop/visit"]);
    let json_type = "application/json";
    let post = |path: &'static str, media_type: &'static str, body: &str| -> Asked {
        ("post", path, path.to_owned(), media_type, body.to_owned())
    };
    all.extend([
        post("/flyer/users/info", json_type, &user),
        post("/flyer/users/info", json_type, &nobody),
        post("/flyer/users/info", json_type, "{\"data\": ["),
        post("/flyer/users/info", "text/plain", &user),
        post("/flyer/shop/orders", json_type, &order("BK-0001", 2)),
        post("/flyer/shop/orders", json_type, &order("FD-0002", 1)),
        post("/flyer/shop/orders", json_type, &order("ZZ-9999", 1)),
        post("/flyer/shop/orders", json_type, &order("lower", 100)),
    ]);
    let orders = "/flyer/shop/orders/{id}";
    for (method, path) in [
        ("get", "/flyer/shop/orders/1"),
        ("delete", "/flyer/shop/orders/1"),
        ("get", "/flyer/shop/orders/1"),
        ("delete", "/flyer/shop/orders/1"),
        ("get", "/flyer/shop/orders/x"),
    ] {
        all.push((method, orders, path.to_owned(), "", String::new()));
    }
    let hello = "/flyer/tasks/tasks.hello_world";
    for (method, template, path) in [
        ("get", "/flyer/tasks", "/flyer/tasks"),
        ("get", "/flyer/tasks/{taskId}", hello),
        ("get", "/flyer/tasks/{taskId}", "/flyer/tasks/nope"),
        ("delete", "/flyer/tasks/{taskId}", hello),
        (
            "delete",
            "/flyer/tasks/{taskId}",
            "/flyer/tasks/nope?remove=x",
        ),
        ("post", "/flyer/tasks/{taskId}", hello),
        ("post", "/flyer/tasks/{taskId}", "/flyer/tasks/nope"),
        ("delete", "/flyer/tasks", "/flyer/tasks"),
        (
            "post",
            "/flyer/tasks/{taskId}/run",
            "/flyer/tasks/tasks.hello_world/run",
        ),
        ("post", "/flyer/tasks/{taskId}/run", "/flyer/tasks/nope/run"),
        (
            "delete",
            "/flyer/tasks/{taskId}",
            "/flyer/tasks/tasks.hello_world?remove=1",
        ),
    ] {
        all.push((method, template, path.to_owned(), "", String::new()));
    }
    let image = "/flyer/shop/products/{sku}/image";
    let part = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.png\"\r\n\r\nabc\r\n--x--\r\n";
    for (path, media_type, body) in [
        (
            "/flyer/shop/products/BK-0001/image",
            "multipart/form-data; boundary=x",
            part,
        ),
        (
            "/flyer/shop/products/none/image",
            "multipart/form-data; boundary=x",
            part,
        ),
        ("/flyer/shop/products/BK-0001/image", json_type, "{}"),
        (
            "/flyer/shop/products/BK-0001/image",
            "multipart/form-data; boundary=x",
            "--x\r\n",
        ),
    ] {
        all.push(("post", image, path.to_owned(), media_type, body.to_owned()));
    }
    // What no operation answers is described by the components alone.
    for (method, path) in [
        ("get", "/flyer/no-such-path"),
        ("put", "/flyer/items/1"),
        ("get", "/flyer/shop/debug/fault"),
        ("get", "/flyer/static/none.js"),
    ] {
        all.push((method, "", path.to_owned(), "", String::new()));
    }
    all
}

/// Compiled schemas: most configurations share most of them.
#[derive(Default)]
struct Judge {
    /// The components of the documents seen so far, by their text.
    components: HashMap<String, usize>,
    /// By the number of the components and the text of the schema.
    validators: HashMap<(usize, String), Arc<Validator>>,
    /// The number of the components of the document at hand.
    current: usize,
    judged: usize,
}

impl Judge {
    /// Judges by this document from now on.
    fn take(&mut self, document: &Value) {
        let next = self.components.len();
        let text = document["components"].to_string();
        self.current = *self.components.entry(text).or_insert(next);
    }

    fn validator(&mut self, document: &Value, schema: &Value) -> Arc<Validator> {
        let compiled = || {
            let mut whole = schema.clone();
            whole["components"] = document["components"].clone();
            Arc::new(jsonschema::validator_for(&whole).unwrap())
        };
        let key = (self.current, schema.to_string());
        self.validators.entry(key).or_insert_with(compiled).clone()
    }

    /// Why an answer is not what the document says; nothing if it is.
    fn judge(&mut self, document: &Value, asked: &Asked, answer: &TestResponse) -> Option<String> {
        self.judged += 1;
        let (method, template, ..) = asked;
        let media_type = answer.header("content-type");
        let schema = if template.is_empty() {
            let component = match media_type {
                "application/problem+json" => "Problem",
                _ => "Failure",
            };
            json!({"$ref": format!("#/components/schemas/{component}")})
        } else {
            let responses = document["paths"][template][method]["responses"].as_object()?;
            let status = answer.status().to_string();
            let Some(response) = responses.get(&status).or_else(|| responses.get("default")) else {
                return Some(format!("says nothing of {status}"));
            };
            match response.get("content") {
                None if answer.bytes().is_empty() => return None,
                None => return Some(format!("promises no body for {status}")),
                Some(content) => match content.get(media_type) {
                    Some(content) => content["schema"].clone(),
                    None => return Some(format!("knows no {media_type:?} for {status}")),
                },
            }
        };
        let body = answer.json();
        let validator = self.validator(document, &schema);
        let found: Vec<String> = validator
            .iter_errors(&body)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        (!found.is_empty()).then(|| format!("promises something else: {found:?} by {schema}"))
    }
}

#[tokio::test]
async fn every_answer_is_as_documented_in_every_configuration() {
    let requests = requests();
    let accepts = [
        "",
        "application/json",
        "application/problem+json, application/json;q=0.5",
    ];
    let mut choices = Choices(2026);
    let mut judge = Judge::default();
    let mut tried = BTreeSet::new();
    let mut lies = Vec::new();
    while tried.len() < CONFIGURATIONS {
        let configuration = Configuration::choose(&mut choices);
        if !tried.insert(format!("{configuration:?}")) {
            continue;
        }
        let client = configuration.client();
        let served = client
            .get("/flyer/openapi.json")
            .header("authorization", CREDENTIALS);
        let document = served.send().await.json();
        judge.take(&document);
        if tried.len() == 1 {
            assert_covered(&document, &requests);
        }
        for asked in &requests {
            let (method, _, path, media_type, body) = asked;
            let accept = choices.pick(&accepts);
            let method = method.to_uppercase().parse().unwrap();
            let mut request = client.request(method, path).body(body.clone());
            for (name, value) in [("content-type", *media_type), ("accept", accept)] {
                if !value.is_empty() {
                    request = request.header(name, value);
                }
            }
            // Now and then somebody forgets the password.
            if configuration.auth && choices.pick(&[true, true, true, false]) {
                request = request.header("authorization", CREDENTIALS);
            }
            let answer = request.send().await;
            if let Some(lie) = judge.judge(&document, asked, &answer) {
                let (method, template, path, ..) = asked;
                lies.push(format!(
                    "{configuration:?}\n{method} {path} ({template}): {} {}\nthe document {lie}",
                    answer.status(),
                    answer.text()
                ));
            }
        }
    }
    assert!(judge.judged >= CONFIGURATIONS * 30, "{}", judge.judged);
    let some: Vec<&String> = lies.iter().take(5).collect();
    assert!(
        lies.is_empty(),
        "{} lies, among them:\n{some:#?}",
        lies.len()
    );
}

/// Every operation that is documented is asked.
fn assert_covered(document: &Value, requests: &[Asked]) {
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let asked = |(known, template, ..): &Asked| known == method && template == path;
            assert!(requests.iter().any(asked), "nobody asks {method} {path}");
        }
    }
}

/// The judge does see lies: an answer of one configuration by the document of another.
#[tokio::test]
async fn a_lie_is_seen() {
    let client = |settings: &[(&str, &str)]| {
        TestClient::with_settings(openapi_demo::app(), settings.iter().copied()).unwrap()
    };
    let renamed = client(&[("flyer_response_fields", "message=msg")]);
    let document = renamed.app().openapi().clone();
    let plain = client(&[]);
    let mut judge = Judge::default();
    judge.take(&document);
    for asked in requests().into_iter().take(2) {
        let answer = plain.get(&asked.2).send().await;
        assert!(judge.judge(&document, &asked, &answer).is_some());
    }
}
