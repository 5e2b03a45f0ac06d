//! What goes over a connection between two parties: frames of JSON, a text at a time.

use std::time::{Duration, Instant};

use alloy_primitives::B256;
use causeway_swap::SwapId;
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::{
    identity::{PeerId, PeerSignature},
    talk::{Talk, TalkError},
};

/// How long the other party may take to say who it is.
const INTRODUCTION: Duration = Duration::from_secs(10);
/// The longest that anything said may be, in bytes.
pub(crate) const LONGEST: usize = 32 * 1_024;
/// So many texts may wait on either side.
const AHEAD: usize = 8;

/// How often a silent connection is tried.
const PING: Duration = Duration::from_secs(20);
/// An end that has been silent for so long is gone.
const GONE: Duration = Duration::from_secs(70);

/// What a message of a WebSocket means.
pub(crate) enum Received {
    /// A text.
    Text(String),
    /// Nothing to us.
    Nothing,
    /// That it is over.
    End,
}

/// Both directions of a connection, a text at a time.
pub(crate) struct Wire {
    pub(crate) incoming: mpsc::Receiver<String>,
    pub(crate) outgoing: mpsc::Sender<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Frame {
    /// Who was called makes itself known.
    Challenge { by: PeerId, nonce: B256 },
    /// Who calls proves who it is.
    Hello {
        by: PeerId,
        nonce: B256,
        signature: PeerSignature,
    },
    /// Who was called proves who it is.
    Welcome { signature: PeerSignature },
    /// Something is said. Numbers count from 0 in each direction.
    Say {
        number: u64,
        swap: SwapId,
        body: String,
        signature: PeerSignature,
    },
    /// It was taken in, for good.
    Heard { number: u64 },
    /// It was not.
    Refused { number: u64, reason: String },
}

impl Wire {
    /// A WebSocket as a wire. `write` makes a message of a text, `ping` one that is answered without
    /// anybody's doing, and `read` says what one means. An end from which nothing comes is gone.
    pub(crate) fn over<S, M, E>(
        socket: S,
        write: fn(String) -> M,
        ping: fn() -> M,
        read: fn(M) -> Received,
    ) -> Self
    where
        S: Stream<Item = Result<M, E>> + Sink<M> + Send + 'static,
        M: Send + 'static,
        E: Send,
    {
        let (mut sink, mut stream) = socket.split();
        let (outgoing, mut to_send) = mpsc::channel::<String>(AHEAD);
        let (received, incoming) = mpsc::channel(AHEAD);
        tokio::spawn(async move {
            let mut heard = Instant::now();
            loop {
                tokio::select! {
                    () = tokio::time::sleep(PING) => {
                        if heard.elapsed() > GONE || sink.send(ping()).await.is_err() {
                            break;
                        }
                        continue;
                    }
                    text = to_send.recv() => {
                        let Some(text) = text else { break };
                        if sink.send(write(text)).await.is_err() {
                            break;
                        }
                        continue;
                    }
                    message = stream.next() => match message.and_then(Result::ok).map(read) {
                        Some(Received::Text(text)) => {
                            if received.send(text).await.is_err() {
                                break;
                            }
                        }
                        Some(Received::Nothing) => {}
                        Some(Received::End) | None => break,
                    },
                }
                heard = Instant::now();
            }
            // The other end may be gone already.
            let _ = sink.close().await;
        });
        Self { incoming, outgoing }
    }

    pub(crate) async fn send(&self, frame: &Frame) -> Result<(), TalkError> {
        let text =
            serde_json::to_string(frame).map_err(|error| TalkError::Protocol(error.to_string()))?;
        let sent = self.outgoing.send(text).await;
        sent.map_err(|_| TalkError::Closed("nothing can be sent".to_owned()))
    }

    pub(crate) async fn receive(&mut self) -> Result<Frame, TalkError> {
        let text = self.incoming.recv().await;
        parse(&text.ok_or_else(|| TalkError::Closed("the other end hung up".to_owned()))?)
    }

    pub(crate) async fn introduction(&mut self) -> Result<Frame, TalkError> {
        let late = |_| TalkError::Protocol("no introduction within 10 s".to_owned());
        tokio::time::timeout(INTRODUCTION, self.receive())
            .await
            .map_err(late)?
    }
}

fn parse(text: &str) -> Result<Frame, TalkError> {
    serde_json::from_str(text).map_err(|error| TalkError::Protocol(error.to_string()))
}

/// Reads a frame and, if it says something, what it says, as a conversation would; says whether it was
/// one. For whoever feeds it with arbitrary bytes.
pub fn reads_frame(json: &[u8]) -> bool {
    let Ok(frame) = serde_json::from_slice(json) else {
        return false;
    };
    match frame {
        Frame::Say { body, .. } => serde_json::from_str::<Talk>(&body).is_ok(),
        _ => true,
    }
}
