//! How tests reach their servers.

use fastkit::redis::RedisConfig;
use std::time::Duration;
pub(crate) use test_servers::Redis as Server;

pub(crate) trait Reached {
    fn config(&self) -> RedisConfig;

    /// With short limits, for what is going to reach them.
    fn impatient(&self) -> RedisConfig;
}

impl Reached for Server {
    fn config(&self) -> RedisConfig {
        RedisConfig::new("127.0.0.1", self.port())
    }

    fn impatient(&self) -> RedisConfig {
        impatient(self.port())
    }
}

pub(crate) fn impatient(port: u16) -> RedisConfig {
    RedisConfig::new("127.0.0.1", port)
        .connect_timeout(Duration::from_millis(900))
        .response_timeout(Duration::from_millis(900))
}
