use std::time::Duration;

use reqwest::{RequestBuilder, Response, header, redirect};
use serde::de::DeserializeOwned;
use thiserror::Error;
use url::Url;

use crate::{AnswerDefect, AttestRequest, Attested, Info, Problem, ProblemKind, trace};

/// The largest legitimate answer is about 35 kB; an attestor is not trusted with more memory.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// An attestor may ask for a pause, but not put a caller to sleep.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Asks one attestor over HTTP.
#[derive(Clone, Debug)]
pub struct AttestorClient {
    url: Url,
    http: reqwest::Client,
}

/// Why an attestor gave no usable answer.
#[derive(Debug, Error)]
pub enum AttestorClientError {
    /// No HTTP client can be made on this machine.
    #[error("no HTTP client can be set up: {0}")]
    SetUp(#[source] reqwest::Error),
    /// The attestor did not answer in time, or not at all.
    #[error("the attestor at {} does not answer: {source}", shown(url))]
    Unreachable {
        /// Where it was asked.
        url: Url,
        /// What the HTTP client says.
        #[source]
        source: reqwest::Error,
    },
    /// The attestor refused, and said why.
    #[error("the attestor at {} refused: {} ({})", shown(url), problem.detail, problem.type_uri)]
    Refused {
        /// Where it was asked.
        url: Url,
        /// What it said.
        problem: Box<Problem>,
        /// How long it asked to wait before the next attempt, a minute at most.
        retry_after: Option<Duration>,
    },
    /// The answer is not an attestor's, or not to this request.
    #[error(
        "the attestor at {} answered wrongly (status {status}): {defect}",
        shown(url)
    )]
    BadAnswer {
        /// Where it was asked.
        url: Url,
        /// The HTTP status.
        status: u16,
        /// What is wrong.
        defect: Box<AnswerDefect>,
    },
}

impl AttestorClientError {
    /// The kind of problem that the attestor named, if it named one that is known here.
    pub fn kind(&self) -> Option<ProblemKind> {
        match self {
            Self::Refused { problem, .. } => problem.kind(),
            _ => None,
        }
    }

    /// The attestor's final height, if the height asked for is above it.
    pub const fn final_height(&self) -> Option<u64> {
        match self {
            Self::Refused { problem, .. } => problem.final_height,
            _ => None,
        }
    }

    /// How long the attestor asked to wait before the next attempt.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the same request may succeed later. A wrong answer may come from a proxy in between
    /// that is itself in trouble, which a server status gives away.
    pub fn may_retry(&self) -> bool {
        match self {
            Self::SetUp(_) => false,
            Self::Unreachable { .. } => true,
            Self::Refused { problem, .. } => problem
                .kind()
                .map_or(problem.status >= 500, ProblemKind::may_retry),
            Self::BadAnswer { status, .. } => matches!(status, 429 | 500..),
        }
    }
}

/// The URL without what may be secret in it: credentials, path and query.
fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl AttestorClient {
    /// A client of the attestor at this address, which waits this long for a whole answer. The
    /// attestor itself waits about two seconds for a height to become final; allow it more than that.
    pub fn new(url: Url, timeout: Duration) -> Result<Self, AttestorClientError> {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            // An attestor has no reason to send anyone elsewhere.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(AttestorClientError::SetUp)?;
        Ok(Self { url, http })
    }

    /// Where the attestor is.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Asks for signatures. The answer is checked to be about what was asked; whether the signatures
    /// are good is told by [`Attested::verify`], which needs the light client's domain.
    pub async fn attest(&self, request: &AttestRequest) -> Result<Attested, AttestorClientError> {
        let (status, attested): (u16, Attested) = self
            .ask(Self::on_behalf(
                self.http.post(self.endpoint("v1/attest")).json(request),
            ))
            .await?;
        attested
            .answers(request)
            .map_err(|defect| self.bad_answer(status, defect))?;
        Ok(attested)
    }

    /// Asks whom the attestor serves.
    pub async fn info(&self) -> Result<Info, AttestorClientError> {
        let (_, info) = self.ask(self.http.get(self.endpoint("v1/info"))).await?;
        Ok(info)
    }

    /// The request, with the trace that it is made for if there is one.
    fn on_behalf(request: RequestBuilder) -> RequestBuilder {
        match trace::current() {
            Some(traceparent) => request.header(trace::TRACEPARENT, traceparent),
            None => request,
        }
    }

    /// The configured URL may have a path of its own, with or without a slash at its end.
    fn endpoint(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.set_path(&format!("{}/{path}", self.url.path().trim_end_matches('/')));
        url
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<(u16, T), AttestorClientError> {
        let unreachable = |source: reqwest::Error| AttestorClientError::Unreachable {
            url: self.url.clone(),
            source: source.without_url(),
        };
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let retry_after = retry_after(&response);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                let defect = AnswerDefect::TooLarge {
                    limit: MAX_ANSWER_BYTES,
                };
                return Err(self.bad_answer(status.as_u16(), defect));
            }
            body.extend_from_slice(&chunk);
        }
        let malformed = |error: serde_json::Error| {
            self.bad_answer(
                status.as_u16(),
                AnswerDefect::Malformed {
                    reason: error.to_string(),
                },
            )
        };
        if status.is_success() {
            let answer = serde_json::from_slice(&body).map_err(malformed)?;
            return Ok((status.as_u16(), answer));
        }
        let problem = serde_json::from_slice(&body).map_err(malformed)?;
        Err(AttestorClientError::Refused {
            url: self.url.clone(),
            problem,
            retry_after,
        })
    }

    fn bad_answer(&self, status: u16, defect: AnswerDefect) -> AttestorClientError {
        AttestorClientError::BadAnswer {
            url: self.url.clone(),
            status,
            defect: Box::new(defect),
        }
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response
        .headers()
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_attestors_credentials_are_in_no_error() {
        let url: Url = "http://relayer:secret@127.0.0.1:1/secret".parse().unwrap();
        let client = AttestorClient::new(url, Duration::from_secs(1)).unwrap();
        let error = client.info().await.unwrap_err();
        let shown = format!("{error} {}", std::error::Error::source(&error).unwrap());
        assert!(
            shown.contains("127.0.0.1:1") && !shown.contains("secret"),
            "{shown}"
        );
    }
}
