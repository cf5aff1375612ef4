//! The chat: rooms that exist while somebody is in them.

use fastflyer::{prelude::*, ws::JsonSocket};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::broadcast::{self, error::RecvError};

/// How many messages a slow member may be behind before it misses some.
const BEHIND: usize = 64;

/// 客户端发送的消息。
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Say {
    /// 内容。
    text: String,
}

/// 聊天室里的一条消息。
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Said {
    /// 谁说的。
    name: String,
    /// 内容。
    text: String,
}

/// All rooms.
#[derive(Clone, Debug, Default)]
pub struct Hub(Arc<Mutex<HashMap<String, broadcast::Sender<Said>>>>);

impl Hub {
    fn enter(&self, room: String) -> (broadcast::Sender<Said>, broadcast::Receiver<Said>) {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.retain(|_, talk| talk.receiver_count() > 0);
        let talk = rooms
            .entry(room)
            .or_insert_with(|| broadcast::channel(BEHIND).0);
        (talk.clone(), talk.subscribe())
    }
}

/// 进入聊天室：说的话发给房间里的每个人，包括自己。
#[websocket("/chat/{room}", tag = "实时", summary = "聊天室", max_message = 4096)]
pub async fn chat(
    room: String,
    #[query(min_length = 1, max_length = 32, description = "昵称")] name: String,
    State(hub): State<Hub>,
    mut socket: JsonSocket<Say, Said>,
) -> Result<()> {
    let (talk, mut heard) = hub.enter(room);
    loop {
        tokio::select! {
            said = heard.recv() => match said {
                Ok(said) => socket.send(&said).await?,
                // Missed some: what comes next is heard again.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
            message = socket.recv() => match message {
                Some(message) => {
                    let said = Said { name: name.clone(), text: message?.text };
                    // We listen ourselves, so there is always somebody.
                    let _ = talk.send(said);
                }
                None => return Ok(()),
            },
        }
    }
}
