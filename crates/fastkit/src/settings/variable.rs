//! What is known of a variable apart from its value: one row of the table.

use crate::Locale;
use std::borrow::Cow;

/// A setting: its names, what it is for, what it takes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Variable {
    /// The name in the environment, `flyer_port`. One that ends in `*` stands for all that begin so.
    pub name: &'static str,
    /// Other spellings of the name.
    pub aliases: &'static [&'static str],
    /// Names of other systems that are asked when this one is not set, `RUST_LOG` for instance.
    pub fallbacks: &'static [&'static str],
    /// Where it stands in the table.
    pub group: Group,
    /// What holds when nothing is set.
    pub default: Preset,
    /// One sentence: what it does.
    pub summary: &'static str,
    /// The same in Chinese.
    pub summary_zh: &'static str,
    /// Whether it does anything in this build.
    pub state: State,
    /// The cargo feature that it needs, compiled in or not.
    pub feature: Option<&'static str>,
    /// Whether an empty value means something other than "not set".
    pub empty_counts: bool,
    pub(super) allowed: fn(Locale) -> Cow<'static, str>,
}

impl Variable {
    /// What is allowed, in a language; in English to be read after "expected": `a whole number from
    /// 5 to 10000`.
    #[must_use]
    pub fn allowed(&self, locale: Locale) -> Cow<'static, str> {
        (self.allowed)(locale)
    }

    /// What it does, in a language.
    #[must_use]
    pub fn summary(&self, locale: Locale) -> &'static str {
        match locale {
            Locale::ZhCn => self.summary_zh,
            Locale::En => self.summary,
        }
    }

    /// Whether a name of the environment, in lower case, means this variable.
    pub(super) fn answers_to(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => self.name == name || self.aliases.contains(&name),
        }
    }
}

/// What holds when nothing is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Nothing does.
    Unset,
    /// This value, as it would be written.
    Text(&'static str),
    /// A value that depends on others or on the machine; here in words.
    Computed(&'static str),
}

/// Whether a variable does anything in this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Active,
    /// Not yet: a value is checked, and a warning at the start says that it has no effect.
    Planned(&'static str),
    /// It never will, for this reason; setting it gives a warning.
    NoEffect(&'static str),
    /// Only with this cargo feature, which is not compiled in: setting it stops the start.
    Feature(&'static str),
}

/// A part of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Address and name of the service.
    Service,
    /// Processes, threads, connections.
    Process,
    /// Logs.
    Logging,
    /// What is accepted from clients.
    Requests,
    /// Who may ask.
    Access,
    /// What answers look like.
    Responses,
    /// Encryption and protocols.
    Transport,
    /// Traces and metrics.
    Telemetry,
    /// The MCP endpoint.
    Mcp,
    /// Redis.
    Redis,
    /// The database.
    Database,
    /// Known from the original, without effect.
    Original,
}

impl Group {
    /// The heading, in a language.
    #[must_use]
    pub const fn title(self, locale: Locale) -> &'static str {
        let (en, zh) = match self {
            Self::Service => ("Service", "服务"),
            Self::Process => ("Processes and connections", "进程与连接"),
            Self::Logging => ("Logs", "日志"),
            Self::Requests => ("Requests", "请求"),
            Self::Access => ("Access", "访问控制"),
            Self::Responses => ("Responses", "响应"),
            Self::Transport => ("Transport", "传输"),
            Self::Telemetry => ("Telemetry", "监控数据"),
            Self::Mcp => ("MCP", "MCP"),
            Self::Redis => ("Redis", "Redis"),
            Self::Database => ("Database", "数据库"),
            Self::Original => (
                "Known from the original, without effect",
                "原框架变量，此处无效果",
            ),
        };
        match locale {
            Locale::ZhCn => zh,
            Locale::En => en,
        }
    }
}
