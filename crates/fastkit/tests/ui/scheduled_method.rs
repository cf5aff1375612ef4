use fastkit::scheduled;

struct Report;

impl Report {
    #[scheduled(interval = 5)]
    async fn write(&self) {}
}

fn main() {}
