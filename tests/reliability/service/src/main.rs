//! The service of the reliability suite: handlers that answer at once, take their time, block, end
//! their process, or leave children behind.
//!
//! Not an example of a project: handlers here do what no handler should.

mod bodies;
mod process;

use fastflyer::prelude::*;

#[global_allocator]
static ALLOCATOR: fastflyer::alloc::MiMalloc = fastflyer::alloc::MiMalloc;

fn main() -> Result<()> {
    let config = Config::new().title("Reliability").base_url("");
    FlyerApi::new(config)
        .include(process::router())
        .include(bodies::router())
        .run()
}
