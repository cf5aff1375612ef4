//! [`JobRow`]: a job as FastFlyer's clients know it, one shape for the list and for a single one (H11).

use fastkit::executor::Status;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Number, Value};
use std::time::Duration;

// The texts are those of the schema.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
// No component: its name could be that of a type of the project.
#[schemars(inline)]
pub(super) struct JobRow {
    /// 任务编号
    id: String,
    /// 任务名称
    name: String,
    /// 下次执行时间，ISO 8601 格式，含时区；暂停或不再执行时为 null
    #[schemars(extend("format" = "date-time"))]
    next_run_time: Option<String>,
    /// 触发器：IntervalTrigger、CronTrigger、DateTrigger、OrTrigger 或 AndTrigger
    trigger: &'static str,
    /// 位置参数
    args: Vec<Value>,
    /// 命名参数
    kwargs: Map<String, Value>,
    /// 允许延迟执行的秒数；null 表示不限
    misfire_grace_time: Option<Number>,
    /// 同时执行的最大数量
    max_instances: usize,
}

// A job that was stopped.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct JobName {
    /// 任务编号
    id: String,
    /// 任务名称
    name: String,
}

// A run that has begun.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct StartedRun {
    /// 任务编号
    pub(super) id: String,
    /// 任务名称
    pub(super) name: String,
    /// 本次执行的编号，即日志中的请求编号
    pub(super) run: String,
}

impl From<Status> for JobRow {
    fn from(job: Status) -> Self {
        let (args, kwargs) = arguments(job.args);
        Self {
            id: job.id,
            name: job.name,
            next_run_time: job.next_run_time.map(|time| time.to_rfc3339()),
            trigger: job.trigger,
            args,
            kwargs,
            misfire_grace_time: job.misfire_grace_time.and_then(seconds),
            max_instances: job.max_instances,
        }
    }
}

impl JobRow {
    /// A job that is no more.
    pub(super) fn removed(job: Status) -> Self {
        Self {
            next_run_time: None,
            ..Self::from(job)
        }
    }
}

impl From<Status> for JobName {
    fn from(job: Status) -> Self {
        Self {
            id: job.id,
            name: job.name,
        }
    }
}

/// By position or by name: what a job was declared with may be any JSON.
pub(super) fn arguments(args: Value) -> (Vec<Value>, Map<String, Value>) {
    match args {
        Value::Null => (Vec::new(), Map::new()),
        Value::Array(args) => (args, Map::new()),
        Value::Object(named) => (Vec::new(), named),
        one => (vec![one], Map::new()),
    }
}

/// Seconds, without a fraction where there is none.
pub(super) fn seconds(time: Duration) -> Option<Number> {
    if time.subsec_nanos() == 0 {
        Some(time.as_secs().into())
    } else {
        Number::from_f64(time.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments_are_by_position_or_by_name() {
        let named = |value: Value| value.as_object().cloned().unwrap_or_default();
        for (given, args, kwargs) in [
            (json!(null), vec![], json!({})),
            (json!(["a", 1]), vec![json!("a"), json!(1)], json!({})),
            (json!({"day": 1}), vec![], json!({"day": 1})),
            (json!("a"), vec![json!("a")], json!({})),
            (json!(false), vec![json!(false)], json!({})),
        ] {
            assert_eq!(arguments(given.clone()), (args, named(kwargs)), "{given}");
        }
    }

    #[test]
    fn whole_seconds_have_no_fraction() {
        for (time, written) in [
            (Duration::from_secs(60), "60"),
            (Duration::ZERO, "0"),
            (Duration::from_millis(1500), "1.5"),
        ] {
            assert_eq!(seconds(time).unwrap().to_string(), written);
        }
    }
}
