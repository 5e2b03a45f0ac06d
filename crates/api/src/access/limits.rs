//! How often one may ask: a bucket for each key and each address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderName, HeaderValue, header};

use super::Budget;
use crate::{Kind, Refusal};

/// The window that limits are named for.
const WINDOW: Duration = Duration::from_secs(60);
/// The most buckets. Those that are full are forgotten, for a full one is as good as none.
const MOST: usize = 100_000;

/// How often one may ask, in requests a minute. As many may come at once after a minute's rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateConfig {
    /// With one key.
    pub per_key: u32,
    /// From one address without a key. An IPv6 network of 64 bits counts as one.
    pub per_address: u32,
}

impl Default for RateConfig {
    fn default() -> Self {
        Self {
            per_key: 3_000,
            per_address: 300,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Payer {
    Key(String),
    Address(IpAddr),
    Nobody,
}

pub(super) struct Limits {
    rates: RateConfig,
    buckets: Mutex<HashMap<Payer, Bucket>>,
}

struct Bucket {
    /// Requests that are left, in parts of one.
    left: f64,
    at: Instant,
}

impl Limits {
    pub(super) fn new(rates: RateConfig) -> Self {
        Self {
            rates,
            buckets: Mutex::default(),
        }
    }

    pub(super) fn spend_of_key(&self, id: &str) -> Result<Budget, Refusal> {
        self.spend(Payer::Key(id.to_owned()), self.rates.per_key, "key")
    }

    pub(super) fn spend_of_address(&self, address: Option<IpAddr>) -> Result<Budget, Refusal> {
        let payer = address.map_or(Payer::Nobody, |address| Payer::Address(network(address)));
        self.spend(payer, self.rates.per_address, "address")
    }

    fn spend(&self, payer: Payer, quota: u32, policy: &str) -> Result<Budget, Refusal> {
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST && !buckets.contains_key(&payer) {
            buckets.retain(|_, bucket| now.duration_since(bucket.at) < WINDOW);
            if buckets.len() >= MOST {
                return Err(refuse(policy, quota, Duration::from_secs(1)));
            }
        }
        let full = f64::from(quota);
        let bucket = buckets.entry(payer).or_insert(Bucket {
            left: full,
            at: now,
        });
        let a_second = full / WINDOW.as_secs_f64();
        let since = now.duration_since(bucket.at).as_secs_f64();
        bucket.left = (bucket.left + since * a_second).min(full);
        bucket.at = now;
        if bucket.left < 1.0 {
            let wait = (1.0 - bucket.left) / a_second;
            return Err(refuse(policy, quota, Duration::from_secs_f64(wait)));
        }
        bucket.left -= 1.0;
        let until_full = Duration::from_secs_f64((full - bucket.left) / a_second);
        Ok(headers(policy, quota, bucket.left, until_full))
    }
}

/// Whoever has one address of a network has all of it.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).into(),
    }
}

/// The headers of draft-ietf-httpapi-ratelimit-headers-10.
fn headers(policy: &str, quota: u32, left: f64, until: Duration) -> Budget {
    let (window, until) = (WINDOW.as_secs(), until.as_secs_f64().ceil());
    let lines = [
        (
            "ratelimit-policy",
            format!("\"{policy}\";q={quota};w={window}"),
        ),
        (
            "ratelimit",
            format!("\"{policy}\";r={};t={until}", left.floor()),
        ),
    ];
    let lines = lines.into_iter().filter_map(|(name, value)| {
        Some((
            HeaderName::from_static(name),
            HeaderValue::try_from(value).ok()?,
        ))
    });
    lines.collect()
}

fn refuse(policy: &str, quota: u32, wait: Duration) -> Refusal {
    let seconds = wait.as_secs_f64().ceil().max(1.0);
    let detail = format!("{quota} requests a minute are allowed: try again in {seconds} s");
    let refusal = Refusal::new(Kind::TooManyRequests, detail);
    let after = HeaderValue::try_from(seconds.to_string()).ok();
    let refusal = after.into_iter().fold(refusal, |refusal, after| {
        refusal.header(header::RETRY_AFTER, after)
    });
    let budget = headers(policy, quota, 0.0, wait);
    budget.into_iter().fold(refusal, |refusal, (name, value)| {
        refusal.header(name, value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_too_often_waits_and_others_do_not() {
        let limits = Limits::new(RateConfig {
            per_key: 2,
            per_address: 1,
        });
        for _ in 0..2 {
            assert!(limits.spend_of_key("a").is_ok());
        }
        let refused = limits.spend_of_key("a").unwrap_err();
        assert_eq!(refused.kind(), Kind::TooManyRequests);
        assert!(limits.spend_of_key("b").is_ok());
        let address = |text: &str| Some(text.parse().unwrap());
        assert!(limits.spend_of_address(address("2001:db8::1")).is_ok());
        assert!(limits.spend_of_address(address("2001:db8::2")).is_err());
        assert!(limits.spend_of_address(address("2001:db8:0:1::1")).is_ok());
        assert!(limits.spend_of_address(address("192.0.2.1")).is_ok());
        assert!(limits.spend_of_address(address("192.0.2.2")).is_ok());
    }
}
