//! The supervisor with real processes: this test binary started again as a service.

mod control;
mod load;
mod processes;
mod replacing;
mod support;
mod surroundings;

/// The example is the program under test.
#[path = "../../../examples/supervised.rs"]
mod program;

/// Not a test by itself: the service that the others start, see [`support::Service`].
#[test]
#[ignore = "the program that the other tests start"]
fn serve() {
    let code = program::main();
    // libtest would make 101 of every failure.
    std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS));
}
