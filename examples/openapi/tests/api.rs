//! 接口测试：在进程内请求完整的服务，不占用端口，不受环境变量影响。

use fastflyer::{
    executor::Outcome,
    testing::{TestClient, TestRequest},
};
use openapi_demo::{app, settings::PREFIX};
use serde_json::json;

fn client() -> TestClient {
    TestClient::new(app()).expect("the app starts")
}

fn get(path: &str) -> TestRequest {
    client().get(&format!("{PREFIX}{path}"))
}

fn order(sku: &str, quantity: u32) -> serde_json::Value {
    json!({
        "customer": {
            "name": "张三",
            "phone": "13800000000",
            "address": {"city": "深圳", "street": "科技路 1 号", "postcode": "518000"},
        },
        "items": [{"sku": sku, "quantity": quantity}],
    })
}

#[tokio::test]
async fn an_item_is_found() {
    let answer = get("/items/42").send().await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.json(),
        json!({"status": "success", "code": 200, "message": "操作成功", "data": {"itemId": 42}, "error": {}})
    );
}

#[tokio::test]
async fn an_id_that_is_no_integer_is_refused() {
    let answer = get("/items/abc").send().await;
    assert_eq!(answer.status(), 422);
    assert!(
        answer.json()["error"]["path.id"].is_array(),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn users_are_echoed_as_a_list() {
    let user = json!({"name": "张三", "age": "35", "sex": "男", "father": "", "mother": ""});
    let request = client().post(&format!("{PREFIX}/users/info"));
    let answer = request.json(&json!({"data": [user]})).send().await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.json()["data"], json!({"data": [user]}));
}

#[tokio::test]
async fn a_user_without_a_name_is_refused() {
    let request = client().post(&format!("{PREFIX}/users/info"));
    let answer = request
        .json(&json!({"data": [{"name": "", "age": "1", "sex": "女"}]}))
        .send()
        .await;
    assert_eq!(answer.status(), 422);
    assert!(
        answer.json()["error"]["data[0].name"].is_array(),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn relationships_are_found() {
    let answer = get("/users/relationship/张三").send().await;
    assert_eq!(
        answer.json()["data"],
        json!({"father": "张三's father", "mother": "张三's mother"})
    );
}

#[tokio::test]
async fn products_come_in_pages() {
    let answer = get("/shop/products?category=book&page=2&per_page=1")
        .send()
        .await;
    let data = answer.json()["data"].clone();
    assert_eq!(data["data"][0]["sku"], "BK-0002");
    let pagination = &data["meta"]["pagination"];
    assert_eq!(pagination["count"], 1);
    assert_eq!(pagination["per_page"], 1);
    assert_eq!(pagination["current_page"], 2);
    assert_eq!(pagination["total"], 2);
    assert_eq!(get("/shop/products?page=0").send().await.status(), 422);
    assert_eq!(
        get("/shop/products?category=car").send().await.status(),
        422
    );
}

#[tokio::test]
async fn an_order_is_placed_and_cancelled() {
    let client = client();
    let orders = format!("{PREFIX}/shop/orders");
    let answer = client.post(&orders).json(&order("BK-0001", 2)).send().await;
    assert_eq!(answer.status(), 201, "{}", answer.text());
    assert_eq!(answer.header("location"), "orders/1");
    let body = answer.json();
    assert_eq!(
        (&body["code"], &body["message"]),
        (&json!(201_101), &json!("下单成功"))
    );
    assert_eq!(body["data"]["total"], 19_800);

    let answer = client.delete(&format!("{orders}/1")).send().await;
    assert_eq!((answer.status(), answer.text()), (204, ""));
    let answer = client.get(&format!("{orders}/1")).send().await;
    assert_eq!(
        (answer.status(), &answer.json()["code"]),
        (404, &json!(404_102))
    );
}

#[tokio::test]
async fn an_order_that_cannot_be_met_changes_nothing() {
    let client = client();
    let orders = format!("{PREFIX}/shop/orders");
    let answer = client.post(&orders).json(&order("TL-0001", 6)).send().await;
    assert_eq!(
        (answer.status(), &answer.json()["code"]),
        (409, &json!(409_101))
    );
    let answer = client.post(&orders).json(&order("ZZ-9999", 1)).send().await;
    assert_eq!(
        (answer.status(), &answer.json()["code"]),
        (404, &json!(404_101))
    );
    let product = client
        .get(&format!("{PREFIX}/shop/products/TL-0001"))
        .send()
        .await;
    assert_eq!(product.json()["data"]["stock"], 5);
}

#[tokio::test]
async fn every_wrong_field_of_an_order_is_named() {
    let mut body = order("book", 100);
    body["customer"]["phone"] = json!("12345");
    body["customer"]["address"]["postcode"] = json!("5180");
    let request = client().post(&format!("{PREFIX}/shop/orders"));
    let answer = request.json(&body).send().await;
    assert_eq!(answer.status(), 422);
    let error = answer.json()["error"].clone();
    for field in [
        "customer.phone",
        "customer.address.postcode",
        "items[0].sku",
        "items[0].quantity",
    ] {
        assert!(error[field].is_array(), "{field}: {error}");
    }
}

#[tokio::test]
async fn uploads_are_counted() {
    let body = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
                content-type: image/png\r\n\r\n12345\r\n--x--\r\n";
    let request = client().post(&format!("{PREFIX}/shop/products/BK-0001/image"));
    let request = request.header("content-type", "multipart/form-data; boundary=x");
    let answer = request.body(body).send().await;
    let upload = json!({"file_name": "a.png", "content_type": "image/png", "bytes": 5});
    assert_eq!(
        answer.json()["data"]["data"],
        json!([upload]),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn visits_are_counted_by_a_cookie() {
    let answer = get("/shop/visit")
        .header("cookie", "visits=2")
        .header("x-client-id", "web")
        .send()
        .await;
    assert_eq!(answer.json()["data"], json!({"client": "web", "visits": 3}));
    assert!(answer.header("set-cookie").starts_with("visits=3;"));
}

#[tokio::test]
async fn an_unexpected_error_tells_the_client_nothing() {
    let answer = get("/shop/debug/fault").send().await;
    assert_eq!(answer.status(), 500);
    assert!(!answer.text().contains("digit"), "{}", answer.text());
}

#[tokio::test]
async fn a_plain_function_answers_too() {
    let answer = get("/shop/report").send().await;
    assert_eq!(answer.json()["data"]["orders"], 0);
}

#[tokio::test]
async fn apps_may_stay_open_when_authentication_is_on() {
    let settings = [
        ("flyer_auth_enable", "1"),
        ("flyer_auth_user", "ops"),
        ("flyer_auth_pass", "a long one"),
    ];
    let client = TestClient::with_settings(app(), settings).expect("the app starts");
    assert_eq!(
        client
            .get(&format!("{PREFIX}/items/42"))
            .send()
            .await
            .status(),
        401
    );
    assert_eq!(
        client.get(&format!("{PREFIX}/about")).send().await.status(),
        200
    );
}

#[tokio::test]
async fn the_document_has_the_project_and_its_operations() {
    let document = get("/openapi.json").send().await.json();
    assert_eq!(document["info"]["title"], openapi_demo::settings::TITLE);
    let paths = &document["paths"];
    assert!(paths[format!("{PREFIX}/items/{{id}}")]["get"].is_object());
    assert_eq!(
        paths[format!("{PREFIX}/shop/goods")]["get"]["deprecated"],
        true
    );
    assert!(paths[format!("{PREFIX}/shop/debug/fault")].is_null());
}

#[tokio::test]
async fn the_job_says_hello() {
    let past = client().run_job("tasks.hello_world").await;
    assert_eq!(past.outcome, Outcome::Succeeded);
    assert_eq!(past.text.as_deref(), Some("hello world"));
}
