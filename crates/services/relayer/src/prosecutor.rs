//! Keeps the evidence against attestors, and freezes the light clients that they could deceive.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    contradictions::Evidence,
    host::{Host, SubmitError},
    relayer::RelayerError,
    route::Routes,
};

/// How long to wait before a chain that could not be used is tried again.
const AGAIN: Duration = Duration::from_secs(3);

/// A directory of evidence, one file each. What is there outlives the relayer.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    directory: PathBuf,
}

impl Archive {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Keeps a piece of evidence, durably, before anything is done with it.
    fn keep(&self, evidence: &Evidence) -> io::Result<PathBuf> {
        std::fs::create_dir_all(&self.directory)?;
        let path = self.directory.join(format!("{}.json", evidence.name()));
        let half = path.with_extension("half");
        let mut file = std::fs::File::create(&half)?;
        file.write_all(&serde_json::to_vec_pretty(evidence)?)?;
        file.sync_all()?;
        std::fs::rename(&half, &path)?;
        Ok(path)
    }

    /// The evidence that was kept; a file that holds none is left alone.
    fn kept(&self) -> Vec<Evidence> {
        let files = std::fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten();
        let mut kept = Vec::new();
        for path in files.map(|file| file.path()).filter(|path| is_json(path)) {
            match std::fs::read(&path)
                .map_err(|e| e.to_string())
                .and_then(|text| serde_json::from_slice(&text).map_err(|e| e.to_string()))
            {
                Ok(evidence) => kept.push(evidence),
                Err(reason) => warn!(file = %path.display(), reason, "no evidence can be read"),
            }
        }
        kept
    }
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

/// Takes evidence as it comes.
pub(crate) struct Prosecutor {
    pub(crate) routes: Arc<Routes>,
    pub(crate) archive: Option<Archive>,
    pub(crate) incoming: mpsc::Receiver<Evidence>,
}

impl Prosecutor {
    /// Works until stopped. What was kept but not submitted before the last stop comes first.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), RelayerError> {
        let kept = self.archive.iter().flat_map(Archive::kept);
        let mut open: Vec<Evidence> = kept.filter(|evidence| evidence.quorum).collect();
        loop {
            let mut undecided = Vec::new();
            for evidence in open {
                if !self.submit(&evidence).await {
                    undecided.push(evidence);
                }
            }
            open = undecided;
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(AGAIN), if !open.is_empty() => {}
                next = self.incoming.recv() => if let Some(evidence) = next {
                    self.keep(&evidence);
                    open.extend(evidence.quorum.then_some(evidence));
                } else {
                    stop.cancelled().await;
                    return Ok(());
                },
            }
        }
    }

    fn keep(&self, evidence: &Evidence) {
        let Some(archive) = &self.archive else { return };
        match archive.keep(evidence) {
            Ok(path) => {
                error!(file = %path.display(), client = %evidence.client, "evidence against attestors is kept");
            }
            Err(error) => {
                error!(%error, client = %evidence.client, "evidence against attestors cannot be kept");
            }
        }
    }

    /// Whether nothing is left to do about this evidence.
    async fn submit(&self, evidence: &Evidence) -> bool {
        let end = &evidence.client;
        let Some(host) = self.routes.host(&end.chain) else {
            return true;
        };
        match freeze(host.as_ref(), evidence).await {
            Ok(()) => true,
            Err(SubmitError::Refused { reason }) => {
                error!(client = %end, reason, "the light client takes no such evidence");
                true
            }
            Err(SubmitError::Host(error)) => {
                warn!(client = %end, %error, "the light client cannot be frozen yet");
                !error.retry
            }
        }
    }
}

/// Freezes the light client, unless somebody did already.
async fn freeze(host: &dyn Host, evidence: &Evidence) -> Result<(), SubmitError> {
    let end = &evidence.client;
    if host.client(&end.client).await?.frozen {
        return Ok(());
    }
    let key = format!("misbehaviour/{}", evidence.name());
    let outcome = host.freeze(&key, &end.client, &evidence.misbehaviour).await;
    match outcome {
        Ok(submitted) => {
            info!(client = %end, tx = %submitted.tx, "the light client is frozen: its attestors contradicted themselves");
            Ok(())
        }
        // Somebody else may have been faster.
        Err(error) => match host.client(&end.client).await {
            Ok(view) if view.frozen => Ok(()),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests;
