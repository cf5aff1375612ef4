//! The pages of `docs/toolkit` as doctests: every Rust snippet in them compiles and runs.

macro_rules! guides {
    ($($(#[$condition:meta])* $name:ident $path:literal;)*) => {$(
        $(#[$condition])*
        #[doc = include_str!(concat!("../../../", $path))]
        #[derive(Debug)]
        pub struct $name;
    )*};
}

guides! {
    EnvAndLogger "docs/toolkit/env-and-logger.md";
    #[cfg(feature = "cache")]
    Cache "docs/toolkit/cache.md";
    #[cfg(feature = "client-stub")]
    HttpClient "docs/toolkit/http-client.md";
    #[cfg(all(feature = "executor", feature = "redis"))]
    LocksAndRedis "docs/toolkit/locks-and-redis.md";
}
