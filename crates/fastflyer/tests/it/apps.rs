//! `apps!` over real folders, and the same entries by hand.

use fastflyer::{AppEntry, Config, FlyerApi, testing::TestClient};

fastflyer::apps!("tests/apps");

#[tokio::test]
async fn every_folder_is_an_app() {
    let found: Vec<_> = apps()
        .iter()
        .map(|app| {
            let parts = (
                app.router.is_some(),
                app.on_startup.is_some(),
                app.on_shutdown.is_some(),
                app.jobs.is_some(),
            );
            (app.name, app.enabled, app.auth_enabled, parts)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("items", true, true, (true, false, false, false)),
            ("jobs", true, true, (false, true, true, true)),
            ("open", false, false, (true, false, false, false)),
        ]
    );
    let client =
        TestClient::new(FlyerApi::new(Config::new().base_url("/demo")).load(apps())).unwrap();
    let jobs = client.scheduler().jobs();
    let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(ids, ["apps.jobs.hourly"]);
    assert_eq!(client.get("/demo/items").send().await.status(), 200);
    assert_eq!(client.get("/demo/open").send().await.status(), 404);
}

#[test]
fn entries_by_hand_give_the_same_document() {
    let document = |apps: Vec<AppEntry>| {
        let api = FlyerApi::new(Config::new().base_url("/demo")).load(apps);
        serde_json::to_string(TestClient::new(api).unwrap().app().openapi()).unwrap()
    };
    assert_eq!(
        document(vec![AppEntry::new("items").router(items::router)]),
        document(apps())
    );
    assert!(document(apps()).contains("\"items_list\""));
}
