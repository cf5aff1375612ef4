//! [`Notice`]: what the framework says about a failure beside the text of its code, in every
//! built-in language. They go out as `detail`.

use super::Template;
use crate::Locale;
use std::collections::HashMap;

/// An explanation of the framework. Its key is the name in the section `[framework]` of a locale
/// file, its values stand in place of the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    row: &'static Row,
    values: Vec<String>,
}

/// One explanation in the built-in languages.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: &'static str,
    pub(crate) names: &'static [&'static str],
    zh: &'static str,
    en: &'static str,
}

macro_rules! notices {
    ($($constructor:ident($($value:ident),*) $zh:literal $en:literal;)*) => {
        /// Every explanation, in the order of their keys.
        pub(crate) static NOTICES: &[Row] = &[
            $(Row {
                key: stringify!($constructor),
                names: &[$(stringify!($value)),*],
                zh: $zh,
                en: $en,
            }),*
        ];

        #[cfg_attr(not(feature = "jobs"), expect(dead_code, reason = "jobs have some of their own"))]
        impl Notice {
            $(pub(crate) fn $constructor($($value: impl ToString),*) -> Self {
                static ROW: Row = Row {
                    key: stringify!($constructor),
                    names: &[$(stringify!($value)),*],
                    zh: $zh,
                    en: $en,
                };
                Self {
                    row: &ROW,
                    values: vec![$($value.to_string()),*],
                }
            })*
        }
    };
}

notices! {
    any_failure() "失败" "Failure";
    body_incomplete() "请求体不完整" "the body ended early";
    body_too_large(limit) "请求体超过 {limit} 字节" "the body is larger than {limit} bytes";
    job_busy(id) "任务 {id} 正在执行，已达到同时执行的上限" "the job {id} has as many runs under way as it may";
    job_not_found(id) "没有任务 {id}" "there is no job {id}";
    job_protected(id) "任务 {id} 受保护，不可更改" "the job {id} is protected and stays as it is";
    jobs_foreign_page(origin)
        "请求来自其他来源的页面（{origin}），不可更改任务；在代理之后应转发 Host，或将代理加入 flyer_trusted_proxies"
        "a page of another origin ({origin}) may not change jobs; a proxy has to pass Host on, or stand in flyer_trusted_proxies";
    jobs_stand_still() "任务尚未启动或已停止" "the jobs of this process have not begun, or have stopped";
    no_boundary() "应为带 boundary 的 multipart/form-data" "send multipart/form-data with a boundary";
    no_content_type(wanted) "缺少内容类型，应为 {wanted}" "no content type; send {wanted}";
    not_authenticated() "缺少用户名和密码" "Not authenticated";
    not_multipart() "请求体不是 multipart/form-data" "the body is no multipart/form-data";
    part_not_text() "应为文本的部分不是 UTF-8" "a part that should be text is no UTF-8";
    part_too_large(limit) "有一个部分超过 {limit} 字节" "a part is larger than {limit} bytes";
    too_many_parts(limit) "超过 {limit} 个部分" "more than {limit} parts";
    wrong_content_type(given, wanted) "内容类型为 {given}，应为 {wanted}" "content type {given}; send {wanted}";
    wrong_credentials() "用户名或密码错误" "Incorrect user or password.";
}

impl Notice {
    /// The explanation in words: those of a locale file, else the built-in ones.
    pub(super) fn text(&self, own: &HashMap<&'static str, Template>, locale: Locale) -> String {
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        if let Some(template) = own.get(self.row.key) {
            return template.render(&values);
        }
        let text = match locale {
            Locale::ZhCn => self.row.zh,
            Locale::En => self.row.en,
        };
        // The built-in texts are ours: that they can be read is tested.
        Template::parse(text, self.row.names)
            .map(|template| template.render(&values))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_can_be_said_in_every_built_in_language() {
        for row in NOTICES {
            for text in [row.zh, row.en] {
                assert!(!text.is_empty());
                let template = Template::parse(text, row.names).expect(row.key);
                let values: Vec<_> = row.names.iter().map(|_| "VALUE").collect();
                let said = template.render(&values);
                assert_eq!(said.matches("VALUE").count(), row.names.len(), "{said}");
            }
        }
        assert!(NOTICES.is_sorted_by_key(|row| row.key));
    }

    #[test]
    fn a_locale_file_goes_before() {
        let notice = Notice::body_too_large(7);
        let none = HashMap::new();
        assert_eq!(notice.text(&none, Locale::ZhCn), "请求体超过 7 字节");
        let own = Template::parse("{limit} バイトまで", &["limit"]).unwrap();
        let own = HashMap::from([("body_too_large", own)]);
        assert_eq!(notice.text(&own, Locale::En), "7 バイトまで");
    }
}
