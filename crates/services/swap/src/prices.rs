//! Where a maker's prices come from.

use std::time::Duration;

use async_trait::async_trait;
use causeway_swap::Price;
use serde::Deserialize;
use url::Url;

use crate::SwapError;

/// Something that knows what one smallest unit of one asset costs in smallest units of another.
#[async_trait]
pub trait PriceSource: Send + Sync {
    /// The price now, before any spread.
    async fn price(&self) -> Result<Price, SwapError>;
}

/// A price that stays as it is.
#[derive(Clone, Copy, Debug)]
pub struct FixedPrice(pub Price);

#[async_trait]
impl PriceSource for FixedPrice {
    async fn price(&self) -> Result<Price, SwapError> {
        Ok(self.0)
    }
}

/// A price that a server of one's own tells, as `{"price": "wanted/given"}` in smallest units.
#[derive(Clone, Debug)]
pub struct PriceServer {
    client: reqwest::Client,
    url: Url,
}

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer, in bytes.
const LONGEST: usize = 1_024;

#[derive(Deserialize)]
struct Told {
    price: Price,
}

impl PriceServer {
    /// The server at this address.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(url: Url) -> Result<Self, SwapError> {
        let client = reqwest::Client::builder().timeout(PATIENCE).build();
        let client = client.map_err(|error| SwapError::Malformed(error.to_string()))?;
        Ok(Self { client, url })
    }
}

#[async_trait]
impl PriceSource for PriceServer {
    async fn price(&self) -> Result<Price, SwapError> {
        let failed = |error: &dyn std::fmt::Display| {
            SwapError::Gone(format!(
                "the price server {} has no price: {error}",
                self.url
            ))
        };
        let answer = self.client.get(self.url.clone()).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        let mut answer = answer.map_err(|error| failed(&error.without_url()))?;
        let mut body = Vec::new();
        while let Some(part) = answer
            .chunk()
            .await
            .map_err(|error| failed(&error.without_url()))?
        {
            body.extend_from_slice(&part);
            if body.len() > LONGEST {
                return Err(failed(&"its answer is longer than 1 KiB"));
            }
        }
        let told: Told = serde_json::from_slice(&body).map_err(|error| failed(&error))?;
        Ok(told.price)
    }
}
