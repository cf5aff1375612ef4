//! Pages: how they are asked for, what they say, and where their links lead.

use crate::support::client_with;
use fastflyer::{CursorPage, extract::Cursor, prelude::*, testing::TestClient};
use serde_json::{Value, json};
use std::net::IpAddr;

#[get("/page")]
async fn page(pagination: Pagination<2, 10>) -> Page<u64> {
    pagination.cut([1, 2, 3, 4, 5])
}

#[get("/events")]
async fn events(cursor: Cursor<2, 10>) -> CursorPage<u64> {
    let page = cursor.page(vec![5, 6]).next("6");
    match cursor.value() {
        Some(_) => page.prev("5"),
        None => page,
    }
}

fn router() -> Router {
    routes![page, events]
}

async fn get(client: &TestClient, path: &str) -> (u16, Value) {
    let answer = client.get(&format!("/demo{path}")).send().await;
    (answer.status(), answer.json())
}

#[tokio::test]
async fn pages_are_asked_for_and_linked_by_the_names_of_the_service() {
    for (params, query, links) in [
        (
            "page,per_page",
            "page=2&q=a+b",
            [
                "page=1&per_page=2",
                "page=1&per_page=2",
                "page=3&per_page=2",
                "page=3&per_page=2",
            ],
        ),
        (
            "page,size",
            "q=a+b&page=2&size=2",
            [
                "page=1&size=2",
                "page=1&size=2",
                "page=3&size=2",
                "page=3&size=2",
            ],
        ),
        (
            "offset,limit",
            "offset=2&q=a+b",
            [
                "offset=0&limit=2",
                "offset=0&limit=2",
                "offset=4&limit=2",
                "offset=4&limit=2",
            ],
        ),
    ] {
        let client = client_with(router(), &[("flyer_page_params", params)]);
        let (_, body) = get(&client, &format!("/page?{query}")).await;
        assert_eq!(body["data"]["data"], json!([3, 4]), "{params}");
        let pagination = &body["data"]["meta"]["pagination"];
        assert_eq!(pagination["current_page"], 2);
        for (name, rest) in ["first", "prev", "next", "last"].iter().zip(links) {
            let url = format!("http://localhost/demo/page?q=a+b&{rest}");
            assert_eq!(pagination["links"][name], json!(url), "{params} {name}");
        }
        let (position, size) = params.split_once(',').unwrap();
        let parameters = &client.app().openapi()["paths"]["/demo/page"]["get"]["parameters"];
        assert_eq!(
            (&parameters[0]["name"], &parameters[1]["name"]),
            (&json!(position), &json!(size))
        );
        assert_eq!(
            (
                &parameters[1]["schema"]["default"],
                &parameters[1]["schema"]["maximum"]
            ),
            (&json!(2), &json!(10))
        );
        // Everything that is wrong is told at once.
        let (status, body) = get(&client, &format!("/page?{position}=-1&{size}=11")).await;
        assert_eq!(status, 422);
        let fields: Vec<&String> = body["error"].as_object().unwrap().keys().collect();
        assert_eq!(
            fields,
            [&format!("query.{position}"), &format!("query.{size}")]
        );
    }
}

#[tokio::test]
async fn pages_at_the_edges_have_the_neighbours_that_there_are() {
    let client = client_with(router(), &[]);
    let links = async |query: &str| {
        let (_, body) = get(&client, &format!("/page?{query}")).await;
        let links = body["data"]["meta"]["pagination"]["links"].clone();
        links
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(links("page=1").await, ["first", "next", "last"]);
    assert_eq!(links("page=3").await, ["first", "prev", "last"]);
    let (_, body) = get(&client, "/page?page=4294967295&per_page=10").await;
    let pagination = &body["data"]["meta"]["pagination"];
    assert_eq!(
        (&body["data"]["data"], &pagination["count"]),
        (&json!([]), &json!(0))
    );
    assert_eq!(
        pagination["links"]["prev"],
        "http://localhost/demo/page?page=1&per_page=10"
    );
}

#[tokio::test]
async fn links_believe_trusted_proxies_only() {
    let proxy: IpAddr = "10.0.0.1".parse().unwrap();
    let client = client_with(router(), &[("flyer_trusted_proxies", "10.0.0.0/8")]);
    let next = async |client: &TestClient, host: &str| {
        let request = client
            .get("/demo/page")
            .header("x-forwarded-proto", "https");
        let body = request.header("x-forwarded-host", host).send().await.json();
        let link = body["data"]["meta"]["pagination"]["links"]["next"].clone();
        link.as_str()
            .unwrap()
            .split("/demo")
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        next(&client, "api.example.org, inner").await,
        "http://localhost"
    );
    let trusted = client.from_address(proxy);
    assert_eq!(
        next(&trusted, "api.example.org, inner").await,
        "https://api.example.org"
    );
    assert_eq!(next(&trusted, "a b\"c").await, "https://localhost");
}

#[tokio::test]
async fn pages_by_cursor_need_no_count() {
    let client = client_with(router(), &[]);
    let (_, body) = get(&client, "/events?cursor=4&x=1").await;
    assert_eq!(
        body["data"],
        json!({
            "data": [5, 6],
            "meta": {"pagination": {
                "count": 2, "per_page": 2, "next_cursor": "6", "prev_cursor": "5",
                "links": {
                    "first": "http://localhost/demo/events?x=1&per_page=2",
                    "prev": "http://localhost/demo/events?x=1&cursor=5&per_page=2",
                    "next": "http://localhost/demo/events?x=1&cursor=6&per_page=2",
                }
            }}
        })
    );
    let flyer = client_with(router(), &[("flyer_response_format", "flyer")]);
    let (_, body) = get(&flyer, "/events").await;
    assert_eq!(body["pageInfo"], json!({"size": 2, "next": "6"}));
    let parameters = &client.app().openapi()["paths"]["/demo/events"]["get"]["parameters"];
    assert_eq!(
        (&parameters[0]["name"], &parameters[1]["name"]),
        (&json!("cursor"), &json!("per_page"))
    );
}

#[tokio::test]
async fn t2_counts_are_of_this_page_and_sizes_as_asked() {
    let client = client_with(router(), &[]);
    let (_, body) = get(&client, "/page?page=3&per_page=2").await;
    let pagination = &body["data"]["meta"]["pagination"];
    assert_eq!(
        (&pagination["count"], &pagination["per_page"]),
        (&json!(1), &json!(2))
    );
}
