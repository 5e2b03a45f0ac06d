use std::net::{Ipv4Addr, SocketAddr};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// What connects the taker to the maker, until it is cut for good.
pub(crate) struct LineBetween {
    address: SocketAddr,
    is_cut: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Drop for LineBetween {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl LineBetween {
    /// A line to whoever listens there, which need not be anybody yet.
    pub(crate) async fn to(far: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is_cut, cuts) = watch::channel(false);
        let server = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, far, cuts.clone()));
            }
        });
        Self {
            address,
            is_cut,
            server,
        }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections, and lets nobody through any more.
    pub(crate) fn cut(&self) {
        self.is_cut.send_replace(true);
    }
}

async fn carry(mut near: TcpStream, far: SocketAddr, mut cuts: watch::Receiver<bool>) {
    if *cuts.borrow() {
        return;
    }
    let Ok(mut far) = TcpStream::connect(far).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = cuts.wait_for(|is_cut| *is_cut) => {}
    }
}
