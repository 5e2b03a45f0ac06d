//! Just enough HTTP to ask a program on this machine whether it is ready.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// An answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// `GET path`.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Result<Answer> {
    ask(
        address,
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"),
    )
    .await
}

/// Asks a chain: a JSON-RPC call and its result.
pub(crate) async fn rpc(address: SocketAddr, method: &str, params: &Value) -> Result<Value> {
    let question = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let json = question.to_string();
    let length = json.len();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
    );
    let answer = ask(address, request).await?;
    let mut answer: Value =
        serde_json::from_str(&answer.body).context("an answer that is not JSON")?;
    if let Some(error) = answer.get("error") {
        bail!("{method} is refused: {error}");
    }
    Ok(answer["result"].take())
}

async fn ask(address: SocketAddr, request: String) -> Result<Answer> {
    let conversation = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        anyhow::Ok(bytes)
    };
    let bytes = timeout(PATIENCE, conversation)
        .await
        .with_context(|| format!("no answer from {address} within {PATIENCE:?}"))??;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .context("an answer that is not HTTP")?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok(Answer {
        status: status.context("an answer without a status")?,
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn asked_of_a_server_that_says(answer: &'static str) -> Result<Answer> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert_ne!(stream.read(&mut [0; 1024]).await.unwrap(), 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        tokio::join!(get(address, "/readyz"), server).0
    }

    #[tokio::test]
    async fn status_and_body_are_taken_apart() {
        let answer = asked_of_a_server_that_says(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nwait",
        );
        let answer = answer.await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (503, "wait"));
    }

    #[tokio::test]
    async fn what_is_not_http_is_an_error() {
        asked_of_a_server_that_says("SSH-2.0-dropbear\r\n")
            .await
            .unwrap_err();
    }
}
