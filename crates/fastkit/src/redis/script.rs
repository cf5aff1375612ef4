//! [`Script`]: a Lua script with its checksum.

use std::fmt;

/// A Lua script, which the server runs in one step. It is sent by its checksum, and as a whole only where the
/// server does not know it yet.
///
/// All keys that it touches are named by [`Redis::script`](super::Redis::script), so that it also works in a
/// cluster.
///
/// ```
/// use fastkit::redis::Script;
///
/// let script = Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
/// assert_eq!(script.checksum().len(), 40);
/// ```
#[derive(Clone)]
pub struct Script {
    text: &'static str,
    script: ::redis::Script,
}

impl Script {
    /// This text. Values belong into the arguments: the server keeps every text that it was sent.
    #[must_use]
    pub fn new(text: &'static str) -> Self {
        Self {
            text,
            script: ::redis::Script::new(text),
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text
    }

    /// The SHA-1 of the text, in hexadecimal digits.
    #[must_use]
    pub fn checksum(&self) -> &str {
        self.script.get_hash()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Script").field(&self.checksum()).finish()
    }
}
