//! The guides of `docs/guide` and the READMEs as doctests: every Rust snippet in them compiles, and
//! the answers that they show are those that a service gives.

macro_rules! guides {
    ($($name:ident $path:literal;)*) => {$(
        #[doc = include_str!(concat!("../../../", $path))]
        #[derive(Debug)]
        pub struct $name;
    )*};
}

guides! {
    Readme "README.md";
    ReadmeZhCn "README.zh-CN.md";
    FirstService "docs/guide/1-first-service.md";
    Operations "docs/guide/2-operations.md";
    Parameters "docs/guide/3-parameters-and-bodies.md";
    Responses "docs/guide/4-responses.md";
    Documentation "docs/guide/5-documentation.md";
    Apps "docs/guide/6-apps-and-routers.md";
    Settings "docs/guide/7-settings-logging.md";
    Testing "docs/guide/8-testing.md";
}
