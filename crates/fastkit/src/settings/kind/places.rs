//! Where things are: addresses, routes, files.

use super::{Kind, in_language};
use crate::{
    Locale,
    settings::value::{Control, Listen},
};
use std::{borrow::Cow, path::PathBuf};

/// Where to listen.
pub(in crate::settings) struct Host;

impl Kind for Host {
    type Value = Listen;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "an address, a host name, or unix:/path",
            "地址、主机名或 unix:/path",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Listen, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() {
                Err(String::new())
            } else {
                Ok(Listen::Unix(path.into()))
            };
        }
        let host = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        let is_name = |name: &str| {
            name.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        };
        if host.parse::<std::net::IpAddr>().is_ok() || is_name(host) {
            Ok(Listen::Tcp(host.to_owned()))
        } else if text.contains(':') {
            Err("the port belongs into flyer_port".to_owned())
        } else {
            Err(String::new())
        }
    }
}

/// A route prefix.
pub(in crate::settings) struct BaseUrl;

impl Kind for BaseUrl {
    type Value = String;
    const EMPTY_COUNTS: bool = true;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "nothing, or parts of letters, digits, '.', '_' and '-', each after a slash (/a, /a/b)",
            "空，或若干以斜杠开头的部分，由字母、数字、'.'、'_'、'-' 组成（/a、/a/b）",
        )
    }

    fn parse(text: &str, notes: &mut Vec<String>) -> Result<String, String> {
        let base = text.trim_end_matches('/');
        let is_part = |part: &str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
            // Clients resolve `.` and `..` before they send a path.
            !part.is_empty() && !matches!(part, "." | "..") && part.bytes().all(plain)
        };
        if !base.is_empty() {
            let Some(parts) = base.strip_prefix('/') else {
                return Err("it begins with a slash".to_owned());
            };
            if !parts.split('/').all(is_part) {
                return Err(String::new());
            }
        }
        if base.len() < text.len() {
            notes.push(format!("the slash at its end is dropped: {base:?} is used"));
        }
        Ok(base.to_owned())
    }
}

/// A folder.
pub(in crate::settings) struct Folder;

impl Kind for Folder {
    type Value = PathBuf;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(locale, "a folder", "目录")
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<PathBuf, String> {
        Ok(text.into())
    }
}

/// A file, or `-` for standard output, which is `None`.
pub(in crate::settings) struct LogTarget;

impl Kind for LogTarget {
    type Value = Option<PathBuf>;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "a file, or - for standard output",
            "文件，或 - 表示标准输出",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Option<PathBuf>, String> {
        Ok(Some(text).filter(|text| *text != "-").map(PathBuf::from))
    }
}

/// The path of a Unix socket, or that there is none.
pub(in crate::settings) struct Socket;

impl Kind for Socket {
    type Value = Control;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(locale, "the path of a socket, or off", "套接字路径或 off")
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Control, String> {
        Ok(match text {
            "off" | "0" => Control::Off,
            path => Control::At(path.into()),
        })
    }
}
