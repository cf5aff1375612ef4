use fastflyer::prelude::*;

#[scheduled(interval = "5s")]
async fn hello(Query(filter): Query<String>) {
    drop(filter);
}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
