//! What goes over a connection between two parties: frames of JSON, a text at a time.

use std::time::Duration;

use alloy_primitives::B256;
use causeway_swap::SwapId;
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

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

/// How long an end may take to let go of what it still has to say.
const CLOSING: Duration = Duration::from_secs(5);

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
        // Each direction is a task of its own: what is to be sent waits for nobody who is slow to take in
        // what has come.
        let mut sending = AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                let message = match tokio::time::timeout(PING, to_send.recv()).await {
                    Ok(Some(text)) => write(text),
                    Ok(None) => break,
                    Err(_) => ping(),
                };
                if sink.send(message).await.is_err() {
                    break;
                }
            }
            // The other end may be gone already.
            let _ = sink.close().await;
        }));
        tokio::spawn(async move {
            loop {
                let message = tokio::select! {
                    _ = &mut sending => break,
                    message = tokio::time::timeout(GONE, stream.next()) => message,
                };
                match message.ok().flatten().and_then(Result::ok).map(read) {
                    Some(Received::Text(text)) => {
                        if received.send(text).await.is_err() {
                            break;
                        }
                    }
                    Some(Received::Nothing) => {}
                    Some(Received::End) | None => break,
                }
            }
            // Whoever talks learns that it is over, and says nothing more.
            drop(received);
            if !sending.is_finished() {
                let _ = tokio::time::timeout(CLOSING, sending).await;
            }
        });
        Self { incoming, outgoing }
    }

    pub(crate) async fn send(&self, frame: &Frame) -> Result<(), TalkError> {
        let sent = self.outgoing.send(frame.text()?).await;
        sent.map_err(|_| TalkError::Closed("nothing can be sent".to_owned()))
    }

    pub(crate) async fn receive(&mut self) -> Result<Frame, TalkError> {
        Frame::of(self.incoming.recv().await)
    }

    pub(crate) async fn introduction(&mut self) -> Result<Frame, TalkError> {
        let late = |_| TalkError::Protocol("no introduction within 10 s".to_owned());
        tokio::time::timeout(INTRODUCTION, self.receive())
            .await
            .map_err(late)?
    }
}

impl Frame {
    pub(crate) fn text(&self) -> Result<String, TalkError> {
        serde_json::to_string(self).map_err(|error| TalkError::Protocol(error.to_string()))
    }

    /// What has come over a wire, if anything still does.
    pub(crate) fn of(text: Option<String>) -> Result<Self, TalkError> {
        let text = text.ok_or_else(|| TalkError::Closed("the other end hung up".to_owned()))?;
        serde_json::from_str(&text).map_err(|error| TalkError::Protocol(error.to_string()))
    }
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
