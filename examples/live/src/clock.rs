//! The clock: an event stream that goes on where a client left off.

use fastflyer::{
    prelude::*,
    sse::{Event, EventStream, LastEventId},
};
use futures_util::{StreamExt as _, stream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::interval;

/// 时钟的一次跳动。
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tick {
    /// 第几次跳动；断线重连后接着数。
    count: u64,
    /// Unix 时间，秒。
    time: u64,
}

/// 每秒推送一次当前时间。
///
/// 断线重连的客户端带上 `Last-Event-ID`，计数从断开处继续。
#[get("/clock", tag = "实时", summary = "时钟")]
pub async fn clock(LastEventId(last): LastEventId<u64>) -> EventStream<Tick> {
    let seconds = stream::unfold(interval(Duration::from_secs(1)), |mut interval| async {
        interval.tick().await;
        Some(((), interval))
    });
    let numbers = stream::iter(last.map_or(1, |last| last.saturating_add(1))..);
    EventStream::new(seconds.zip(numbers).map(|((), count)| {
        let time = SystemTime::now().duration_since(UNIX_EPOCH);
        let time = time.map_or(0, |since| since.as_secs());
        Event::new(Tick { count, time }).name("tick").id(count)
    }))
}
