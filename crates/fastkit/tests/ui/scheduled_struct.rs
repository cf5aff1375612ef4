use fastkit::scheduled;

#[scheduled(interval = "5s")]
struct Report;

fn main() {}
