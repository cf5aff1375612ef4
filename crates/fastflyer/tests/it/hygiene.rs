//! Names of the user's own that the generated code must not meet.

#![expect(dead_code, reason = "the names stand here to be in the way")]

struct Context;
struct Socket;
struct Config;
struct Upgrade;
struct Operation;
struct Option;
struct Some;
struct None;
struct Ok;
struct Err;
struct Result;
struct Json;
struct Router;
struct String;
struct Vec;
struct Box;
struct Response;
trait Send {}
trait From {}
trait Into {}

mod rt {
    #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
    pub struct Thing {
        pub cx: u8,
    }
}

use fastflyer::{get, post};

#[get("/call")]
async fn call() -> u8 {
    1
}

#[get("/describe")]
fn describe() -> u8 {
    1
}

#[get("/cx/{failures}/{cx}")]
async fn cx(cx: u8, failures: u8, #[query] out: u8, #[query(default = 5)] d: u8) -> rt::Thing {
    rt::Thing {
        cx: cx + failures + out + d,
    }
}

#[get("/failures/{argument_0}")]
fn failures(argument_0: u8) -> u8 {
    argument_0
}

#[get("/out")]
async fn out() {}

#[post("/body")]
async fn body(#[body] cx: rt::Thing) -> rt::Thing {
    cx
}

#[get("/type/{type}")]
async fn r#type(r#type: u8) -> u8 {
    r#type
}

#[fastflyer::websocket("/upgrade/{upgrade}/{socket}")]
async fn upgrade(upgrade: u8, socket: u8, out: fastflyer::ws::WebSocket) {
    let _ = (upgrade, socket, out);
}

#[get("/never")]
#[cfg(any())]
async fn never(missing: NoSuchType) {}

#[cfg(any())]
#[get("/never-either")]
async fn never_either(missing: NoSuchType) {}

mod nested {
    pub(crate) mod deep {
        use fastflyer::get;

        #[get("/deep")]
        pub(crate) async fn handler() -> u8 {
            2
        }

        #[get("/upper")]
        pub(in crate::hygiene::nested) async fn upper() -> u8 {
            2
        }
    }

    pub(crate) fn router() -> fastflyer::Router {
        fastflyer::routes![deep::upper]
    }
}

#[test]
fn generated_code_meets_no_name_of_the_users() {
    let router = fastflyer::routes![
        call,
        describe,
        cx,
        failures,
        out,
        body,
        r#type,
        upgrade,
        nested::deep::handler
    ];
    let router = router.include(nested::router());
    let api = fastflyer::FlyerApi::new(fastflyer::Config::new().base_url("/demo")).include(router);
    let app = fastflyer::testing::TestClient::new(api).unwrap();
    let document = app.app().openapi();
    assert_eq!(
        document["paths"]["/demo/type/{type}"]["get"]["operationId"],
        "type"
    );
    assert_eq!(
        document["paths"]["/demo/type/{type}"]["get"]["parameters"][0]["name"],
        "type"
    );
}
