use fastflyer::prelude::*;

async fn items() {}

fn main() {
    let _ = routes![items];
}
