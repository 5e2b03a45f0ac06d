//! A source that says whatever a test wants, so that rules which a real chain cannot be made to break
//! on demand can be broken.

#![allow(dead_code, unreachable_pub)]

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::{Address, B256, keccak256};
use causeway_attestor::{
    AttestRequest, AttestedClient, Attestor, ClientRef, EndpointHealth, Signer, Source, SourceError,
};
use causeway_engine::Engine;
use causeway_ibc::Domain;
use causeway_types::{BlockRef, ChainId, Timestamp};
use futures::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, sleep};

pub struct FakeSource {
    chain: ChainId,
    story: Mutex<Story>,
}

pub struct Story {
    pub final_height: u64,
    pub newest_height: u64,
    /// Changes every block's hash.
    pub fork: u8,
    /// Changes every block's time, but not its hash.
    pub clock_skew: u64,
    pub commitments: HashMap<B256, B256>,
    pub failure: Option<SourceError>,
    /// Answers are about a height this much higher, and have this many commitments too many.
    pub height_offset: u64,
    pub surplus_commitments: usize,
    /// Adds one to every commitment at each question.
    pub fickle: bool,
    pub questions: u64,
}

impl FakeSource {
    pub fn new() -> Arc<Self> {
        let story = Story {
            final_height: 100,
            // Tests sign about blocks that were there before; those of the gaps say otherwise.
            newest_height: 0,
            fork: 0,
            clock_skew: 0,
            commitments: HashMap::new(),
            failure: None,
            height_offset: 0,
            surplus_commitments: 0,
            fickle: false,
            questions: 0,
        };
        Arc::new(Self {
            chain: ChainId::eip155(31337),
            story: Mutex::new(story),
        })
    }

    pub fn story(&self) -> MutexGuard<'_, Story> {
        self.story.lock().unwrap()
    }

    fn block(&self, height: u64) -> Option<Result<BlockRef, SourceError>> {
        let mut story = self.story();
        story.questions += 1;
        if let Some(failure) = story.failure.clone() {
            return Some(Err(failure));
        }
        let height_said = height + story.height_offset;
        (height <= story.final_height).then(|| {
            Ok(BlockRef {
                height: height_said,
                hash: keccak256([&height.to_be_bytes()[..], &[story.fork]].concat()),
                parent: B256::ZERO,
                timestamp: Timestamp::from_secs(1_700_000_000 + story.clock_skew),
            })
        })
    }
}

impl Source for FakeSource {
    fn chain(&self) -> &ChainId {
        &self.chain
    }

    fn final_block(
        &self,
        height: u64,
        patience: Duration,
    ) -> BoxFuture<'_, Result<BlockRef, SourceError>> {
        async move {
            let end = Instant::now() + patience;
            loop {
                match self.block(height) {
                    Some(answer) => return answer,
                    None if Instant::now() >= end => {
                        let final_height = self.final_height();
                        return Err(SourceError::NotYetFinal {
                            height,
                            final_height,
                        });
                    }
                    None => sleep(Duration::from_millis(2)).await,
                }
            }
        }
        .boxed()
    }

    fn commitments<'a>(
        &'a self,
        _block: &'a BlockRef,
        paths: &'a [B256],
    ) -> BoxFuture<'a, Result<Vec<B256>, SourceError>> {
        async move {
            let mut story = self.story();
            story.questions += 1;
            let whim = if story.fickle {
                u8::try_from(story.questions % 251).unwrap()
            } else {
                0
            };
            let mut answers: Vec<B256> = paths
                .iter()
                .map(|path| story.commitments.get(path).copied().unwrap_or_default())
                .map(|commitment| commitment ^ B256::repeat_byte(whim))
                .collect();
            answers.resize(paths.len() + story.surplus_commitments, B256::ZERO);
            Ok(answers)
        }
        .boxed()
    }

    fn final_height(&self) -> Option<u64> {
        Some(self.story().final_height)
    }

    fn newest_height(&self) -> BoxFuture<'_, Result<u64, SourceError>> {
        async move { Ok(self.story().newest_height) }.boxed()
    }

    fn health(&self) -> Vec<EndpointHealth> {
        vec![EndpointHealth {
            url: "http://rpc.example:8545/secret".to_owned(),
            healthy: false,
            error: Some("http://rpc.example:8545/secret is down".to_owned()),
        }]
    }
}

/// The key of the public vectors.
pub fn key() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::with_last_byte(1)).unwrap()
}

pub fn client_ref() -> ClientRef {
    ClientRef {
        chain: ChainId::eip155(31338),
        id: "client-0".parse().unwrap(),
    }
}

pub fn domain() -> Domain {
    Domain::of_client(31338, Address::repeat_byte(7), &client_ref().id)
}

pub fn served(source: &Arc<FakeSource>) -> AttestedClient {
    let ClientRef {
        chain: host_chain,
        id: client,
    } = client_ref();
    AttestedClient {
        host_chain,
        client,
        source: source.clone(),
        domain: domain(),
    }
}

pub fn request(height: u64, paths: &[B256]) -> AttestRequest {
    AttestRequest {
        client: client_ref(),
        height,
        paths: paths.to_vec(),
    }
}

pub fn path(number: u8) -> B256 {
    keccak256([number])
}

pub async fn engine(file: &Path) -> Engine {
    Engine::open(&format!("sqlite://{}", file.display()))
        .await
        .unwrap()
}

/// An attestor with the vectors' key, as after a fresh start with this database.
pub async fn attestor(file: &Path, source: &Arc<FakeSource>) -> Attestor {
    attestor_with(Arc::new(key()), file, source).await
}

pub async fn attestor_with(
    signer: Arc<dyn Signer>,
    file: &Path,
    source: &Arc<FakeSource>,
) -> Attestor {
    Attestor::new(signer, vec![served(source)], engine(file).await)
        .unwrap()
        .with_patience(Duration::from_millis(50))
}
