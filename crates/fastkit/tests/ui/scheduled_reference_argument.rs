use fastkit::{executor::{Jobs, Run}, jobs, scheduled};

#[scheduled(interval = 5)]
async fn hello(run: &Run) {
    let _ = run;
}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
