//! The one-shot relaying of [`causeway_oneshot`], over the configuration's chains and attestors.

use std::time::Duration;

use causeway_evm::EvmChain;
use causeway_oneshot::{OneShot, Place};
use causeway_relayer::{Committees, Route, RouteTable};
use futures::future::try_join_all;
use url::Url;

use crate::{
    config::{ChainConfig, Config},
    failure::Failure,
    network::{attestor_clients, client_end, connect, router},
};

/// An attestor waits about two seconds for a height to become final before it answers.
const ATTESTOR_PATIENCE: Duration = Duration::from_secs(5);

/// Connects to every chain of the routes.
pub(crate) async fn open(config: &Config, attestors: &[Url]) -> Result<OneShot, Failure> {
    if config.routes.is_empty() {
        return Err(Failure::usage(
            "routes",
            "there is no route that a packet could travel",
            "add the route, or connect two chains with `causeway deploy`",
        ));
    }
    let used = config.chains.iter().filter(|chain| routed(config, chain));
    let places = used.map(|chain| async move {
        router(chain)?;
        let connected = connect(config, chain).await?;
        place(chain, connected)
    });
    let places = try_join_all(places).await?;
    let committees = Committees::new(attestor_clients(attestors, ATTESTOR_PATIENCE)?);
    make(config, places, committees)
}

/// Over chains that are connected already.
pub(crate) fn make(
    config: &Config,
    places: Vec<Place>,
    committees: Committees,
) -> Result<OneShot, Failure> {
    let routes = config.routes.iter().map(|route| Route {
        a: client_end(&route.a),
        b: client_end(&route.b),
    });
    let routes = RouteTable::new(routes.collect())
        .map_err(|error| Failure::usage("routes", error, "list each client once"))?;
    Ok(OneShot::new(places, routes, committees))
}

/// A connected chain with its router.
pub(crate) fn place(config: &ChainConfig, chain: EvmChain) -> Result<Place, Failure> {
    Ok(Place {
        chain,
        router: router(config)?,
        start: config.start_height,
    })
}

fn routed(config: &Config, chain: &ChainConfig) -> bool {
    let mut ends = config.routes.iter().flat_map(|route| [&route.a, &route.b]);
    ends.any(|end| end.chain == chain.id)
}
