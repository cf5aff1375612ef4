//! What the compiler says to one mistake each. What has to compile stands in `cache`, since
//! trybuild would build everything once more to run it.

/// Compiles every fixture; `TRYBUILD=overwrite` writes the expected messages.
#[test]
fn mistakes_are_explained() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/ui/*.rs");
}
