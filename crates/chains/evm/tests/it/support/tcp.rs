use std::sync::Arc;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};
use url::Url;

use super::Anvil;

/// A WebSocket endpoint in front of an anvil whose connections can be cut.
pub(crate) struct TcpProxy {
    pub(crate) url: Url,
    /// Whether connections are let through.
    open: Arc<watch::Sender<bool>>,
    server: JoinHandle<()>,
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl TcpProxy {
    pub(crate) async fn start(anvil: &Anvil) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let upstream = (
            anvil.ws.host_str().unwrap().to_owned(),
            anvil.ws.port().unwrap(),
        );
        let open = Arc::new(watch::Sender::new(true));
        let gate = Arc::clone(&open);
        let server = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (upstream, mut gate) = (upstream.clone(), gate.subscribe());
                tokio::spawn(async move {
                    let mut upstream = TcpStream::connect(upstream).await.unwrap();
                    tokio::select! {
                        _ = gate.wait_for(|open| !open) => {}
                        _ = copy_bidirectional(&mut client, &mut upstream) => {}
                    }
                });
            }
        });
        Self { url, open, server }
    }

    /// Cuts all connections, and each new one, until [`Self::mend`].
    pub(crate) fn cut(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.open.send_replace(true);
    }
}
