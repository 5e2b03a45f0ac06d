use causeway_bitcoin::KeyChain;
use causeway_localnet::dev_key;
use causeway_swap::{Amount, Expiry, HashLock, LegTerms, PerLeg, Secret, SwapId, Terms};
use causeway_swap_service::{
    Offers, PeerId, PeerKey, PeerSignature, Proposal, QuoteRequest, Seed, SignedQuote, Statement,
};
use causeway_types::{AccountId, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::{CoinChain, EtherChain, Place, World};

/// The account of a stranger on EVM chains.
const ACCOUNT: usize = 6;

/// Somebody who asks a maker for whatever comes to mind. Coins are the first leg, ether the second.
pub(crate) struct Stranger {
    pub(crate) key: PeerKey,
    seed: [u8; 32],
    client: reqwest::Client,
    url: Url,
}

/// What a maker answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// Fails unless it is a refusal of this status that says why.
    pub(crate) fn refuses(&self, status: u16, words: &str) {
        let detail = self.body["detail"].as_str().unwrap_or_default();
        assert_eq!(self.status, status, "{self:?}");
        assert!(
            detail.contains(words),
            "{detail:?} says nothing of {words:?}"
        );
    }
}

impl Stranger {
    pub(crate) fn new(world: &World, seed: [u8; 32]) -> Self {
        Self {
            key: Seed::new(seed.to_vec()).unwrap().identity().unwrap(),
            seed,
            client: reqwest::Client::new(),
            url: world.maker_url(),
        }
    }

    pub(crate) fn id(&self) -> PeerId {
        self.key.id()
    }

    async fn answer(request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        Answer {
            status: answer.status().as_u16(),
            body: answer.json().await.unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Self::answer(self.client.get(self.url.join(path).unwrap())).await
    }

    pub(crate) async fn post_text(&self, path: &str, body: String) -> Answer {
        let request = self.client.post(self.url.join(path).unwrap());
        let request = request.header("content-type", "application/json");
        Self::answer(request.body(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        self.post_text(path, serde_json::to_string(body).unwrap())
            .await
    }

    pub(crate) async fn offers(&self) -> Offers {
        let answer = self.get("/v1/swap/offers").await;
        serde_json::from_value(answer.body).unwrap()
    }

    pub(crate) async fn ask_for_quote(&self, gives: u128) -> Answer {
        let request = QuoteRequest {
            offer: self.offers().await.offers[0].id,
            gives: Amount::new(gives),
        };
        self.post("/v1/swap/quotes", &request).await
    }

    pub(crate) async fn quote(&self, gives: u128) -> SignedQuote {
        let answer = self.ask_for_quote(gives).await;
        serde_json::from_value(answer.body).unwrap()
    }

    /// Terms of a quote that a maker agrees to.
    pub(crate) async fn terms(&self, world: &World, quote: &SignedQuote, secret: u8) -> Terms {
        let (coins, ether): (&CoinChain, &EtherChain) = (world.coins(), &world.ethers[0]);
        assert_eq!(world.setup.first, Place::Coins);
        let keys = KeyChain::from_seed(&self.seed, coins.network()).unwrap();
        let key = keys.lock_public_key(secret.into()).unwrap();
        let account = dev_key(ACCOUNT).address().to_checksum(None);
        let leg = |asset, amount, claimer, refunder, form, expiry| LegTerms {
            asset,
            amount,
            bond: Amount::ZERO,
            claimer,
            refunder,
            form,
            expiry,
        };
        let (accounts, forms) = (&quote.accounts, &quote.forms);
        Terms {
            quote: quote.quote.id(),
            hash_lock: hash_lock(secret),
            legs: PerLeg {
                first: leg(
                    coins.asset(),
                    quote.quote.wants,
                    accounts.first.clone(),
                    AccountId::new(coins.id(), key.to_string()).unwrap(),
                    forms.first.clone(),
                    Expiry::Height(coins.height().await + 100),
                ),
                second: leg(
                    ether.asset(),
                    quote.quote.gives,
                    AccountId::new(ether.id(), account).unwrap(),
                    accounts.second.clone(),
                    forms.second.clone(),
                    Expiry::Time(in_secs(world, 300)),
                ),
            },
        }
    }

    /// A proposal that is signed as it should be.
    pub(crate) fn proposal(&self, maker: PeerId, terms: Terms) -> Proposal {
        Proposal {
            taker: self.id(),
            cosigns: true,
            signature: self.key.sign(&agreement(&terms, maker, self.id())),
            terms,
        }
    }

    pub(crate) async fn propose(&self, maker: PeerId, terms: Terms) -> Answer {
        let proposal = self.proposal(maker, terms);
        self.post("/v1/swap/proposals", &proposal).await
    }

    /// A swap with the maker, on which nothing was locked yet.
    pub(crate) async fn agree(&self, world: &World, secret: u8) -> SwapId {
        let quote = self.quote(world.setup.second.amount()).await;
        let terms = self.terms(world, &quote, secret).await;
        let swap = terms.id();
        let answer = self.propose(world.maker.id(), terms).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        swap
    }
}

pub(crate) fn hash_lock(secret: u8) -> HashLock {
    Secret::from_bytes([secret; 32]).hash_lock()
}

/// A moment from now on, by the time of the world.
pub(crate) fn in_secs(world: &World, secs: u64) -> Timestamp {
    use std::sync::atomic::Ordering;
    let now = causeway_engine::UnixMillis::now().as_millis();
    let now = now + world.clock.load(Ordering::SeqCst);
    Timestamp::from_secs(u64::try_from(now).unwrap() / 1_000 + secs)
}

/// What both parties of a swap sign.
pub(crate) fn agreement(terms: &Terms, maker: PeerId, taker: PeerId) -> Statement {
    let (maker, taker) = (maker.to_string(), taker.to_string());
    let parts = [&terms.canonical(), maker.as_bytes(), taker.as_bytes()];
    Statement::new("causeway/swap/agreement", &parts)
}

/// A quote as its maker signs it.
pub(crate) fn sign_quote(key: &PeerKey, mut quote: SignedQuote) -> SignedQuote {
    let form = |form: &causeway_swap::LockForm| format!("{form:?}");
    let hash_lock = quote.hash_lock.map(|lock| lock.to_string());
    let statement = Statement::new(
        "causeway/swap/quote",
        &[
            &quote.quote.canonical(),
            quote.accounts.first.to_string().as_bytes(),
            quote.accounts.second.to_string().as_bytes(),
            form(&quote.forms.first).as_bytes(),
            form(&quote.forms.second).as_bytes(),
            hash_lock.unwrap_or_default().as_bytes(),
        ],
    );
    quote.signature = key.sign(&statement);
    quote
}

/// A signature of somebody under something else.
pub(crate) fn forged(key: &PeerKey) -> PeerSignature {
    key.sign(&Statement::new("something else", &[]))
}

/// A conversation with a maker, frame by frame.
pub(crate) struct Talker {
    socket: Socket,
    called: PeerId,
    nonces: [String; 2],
    said: u64,
    /// What was sent so far.
    pub(crate) sent: Vec<String>,
}

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

impl Talker {
    /// Calls, and hears who answers.
    pub(crate) async fn call(world: &World) -> Self {
        let mut url = world.maker_url();
        url.set_scheme("ws").unwrap();
        url.set_path("/v1/swap/session");
        let (socket, _) = tokio_tungstenite::connect_async(url.as_str())
            .await
            .unwrap();
        let mut talker = Self {
            socket,
            called: world.maker.id(),
            nonces: [String::new(), format!("0x{}", "11".repeat(32))],
            said: 0,
            sent: Vec::new(),
        };
        let challenge = talker.hear().await.unwrap();
        assert_eq!(challenge["frame"], "challenge");
        challenge["nonce"]
            .as_str()
            .unwrap()
            .clone_into(&mut talker.nonces[0]);
        talker
    }

    /// Calls, and says who it is.
    pub(crate) async fn introduced(world: &World, key: &PeerKey) -> Self {
        let mut talker = Self::call(world).await;
        talker.hello(key).await;
        assert_eq!(talker.hear().await.unwrap()["frame"], "welcome");
        talker
    }

    pub(crate) async fn hello(&mut self, key: &PeerKey) {
        let signature = key.sign(&self.statement("causeway/swap/hello/1", key.id(), &[]));
        let hello = json!({
            "frame": "hello",
            "by": key.id(),
            "nonce": self.nonces[1],
            "signature": signature,
        });
        self.send(hello.to_string()).await;
    }

    fn statement(&self, kind: &str, calls: PeerId, parts: &[&[u8]]) -> Statement {
        let (called, calls) = (self.called.to_string(), calls.to_string());
        let nonces = self.nonces.each_ref();
        let nonces = nonces.map(|nonce| alloy_primitives::hex::decode(nonce).unwrap());
        let mut all: Vec<&[u8]> = vec![called.as_bytes(), calls.as_bytes()];
        all.extend(nonces.iter().map(Vec::as_slice));
        all.extend(parts);
        Statement::new(kind, &all)
    }

    pub(crate) async fn send(&mut self, text: String) {
        use futures::SinkExt as _;
        self.sent.push(text.clone());
        let message = tokio_tungstenite::tungstenite::Message::text(text);
        self.socket.send(message).await.unwrap();
    }

    /// What is heard next; nothing when the other end has hung up.
    pub(crate) async fn hear(&mut self) -> Option<Value> {
        use futures::StreamExt as _;
        let next = self.socket.next();
        let next = tokio::time::timeout(std::time::Duration::from_secs(10), next);
        match next.await.expect("nothing was said") {
            Some(Ok(message)) if message.is_text() => {
                Some(serde_json::from_str(message.to_text().unwrap()).unwrap())
            }
            _ => None,
        }
    }

    /// Says something about a swap, and gives what is answered to that.
    pub(crate) async fn say(&mut self, key: &PeerKey, swap: SwapId, talk: &Value) -> Option<Value> {
        let (number, body) = (self.said, talk.to_string());
        let by = key.id().to_string();
        let statement = self.statement(
            "causeway/swap/say/1",
            key.id(),
            &[
                by.as_bytes(),
                &number.to_be_bytes(),
                swap.0.as_slice(),
                body.as_bytes(),
            ],
        );
        let say = json!({
            "frame": "say",
            "number": number,
            "swap": swap,
            "body": body,
            "signature": key.sign(&statement),
        });
        self.said += 1;
        self.send(say.to_string()).await;
        self.hear().await
    }
}
