use std::sync::Arc;

use causeway_ibc_evm::client_view;
use causeway_oneshot::{OneShot, OneShotError};
use causeway_relayer::ClientEnd;
use tokio::sync::{Semaphore, SemaphorePermit};
use tonic::{Request, Response, Status};

use crate::{
    convert::failed,
    proto::{
        Chain, Client, CreateClientRequest, CreateClientResponse, InfoRequest, InfoResponse,
        RelayByTxRequest, RelayByTxResponse, Route, UpdateClientRequest, UpdateClientResponse,
        relay_service_server::RelayService,
    },
    server::Limits,
};

/// Answers requests.
pub(crate) struct Service {
    pub(crate) one_shot: Arc<OneShot>,
    version: &'static str,
    places: Semaphore,
}

impl Service {
    pub(crate) fn new(one_shot: Arc<OneShot>, version: &'static str, limits: Limits) -> Self {
        Self {
            one_shot,
            version,
            places: Semaphore::new(limits.concurrent),
        }
    }

    /// A place among those who are served now. Each request costs attestors and endpoints work.
    fn admit(&self, method: &'static str) -> Result<SemaphorePermit<'_>, Status> {
        metrics::counter!("causeway_grpc_requests_total", "method" => method).increment(1);
        self.places
            .try_acquire()
            .map_err(|_| Status::resource_exhausted("too many requests at once; ask again soon"))
    }

    async fn describe(&self) -> Result<InfoResponse, Status> {
        let mut chains = Vec::new();
        for place in self.one_shot.places() {
            let (head, last) = tokio::try_join!(place.chain.head(), place.chain.final_block())
                .map_err(|error| failed(&error.into()))?;
            chains.push(Chain {
                chain: place.chain.id().to_string(),
                router: place.router.to_vec(),
                head: head.height,
                r#final: last.height,
            });
        }
        let mut routes = Vec::new();
        for route in self.one_shot.routes().routes() {
            routes.push(Route {
                a: Some(self.client(&route.a).await?),
                b: Some(self.client(&route.b).await?),
            });
        }
        Ok(InfoResponse {
            version: self.version.to_owned(),
            chains,
            routes,
        })
    }

    async fn client(&self, end: &ClientEnd) -> Result<Client, Status> {
        let place = self.one_shot.place(&end.chain).map_err(|e| failed(&e))?;
        let view = client_view(&place.chain.provider(), place.router, &end.client).await;
        let view = view.map_err(|source| {
            failed(&OneShotError::Client {
                client: end.clone(),
                source: Box::new(source),
            })
        })?;
        let members = view.committee.members().iter();
        Ok(Client {
            chain: end.chain.to_string(),
            client: end.client.to_string(),
            address: view.address.to_vec(),
            attestors: members.map(|member| member.to_vec()).collect(),
            threshold: u32::from(view.committee.threshold()),
        })
    }
}

#[tonic::async_trait]
impl RelayService for Service {
    async fn relay_by_tx(
        &self,
        request: Request<RelayByTxRequest>,
    ) -> Result<Response<RelayByTxResponse>, Status> {
        let _place = self.admit("RelayByTx")?;
        self.relay(request.into_inner()).await.map(Response::new)
    }

    async fn create_client(
        &self,
        request: Request<CreateClientRequest>,
    ) -> Result<Response<CreateClientResponse>, Status> {
        let _place = self.admit("CreateClient")?;
        self.create(request.into_inner()).await.map(Response::new)
    }

    async fn update_client(
        &self,
        request: Request<UpdateClientRequest>,
    ) -> Result<Response<UpdateClientResponse>, Status> {
        let _place = self.admit("UpdateClient")?;
        self.update(request.into_inner()).await.map(Response::new)
    }

    async fn info(&self, _: Request<InfoRequest>) -> Result<Response<InfoResponse>, Status> {
        let _place = self.admit("Info")?;
        self.describe().await.map(Response::new)
    }
}

#[cfg(test)]
mod tests {
    use causeway_relayer::{Committees, RouteTable};
    use tonic::Code;

    use super::*;

    fn service(concurrent: usize) -> Service {
        let nobody = Committees::new(Vec::<causeway_attestor::AttestorClient>::new());
        let one_shot = OneShot::new(Vec::new(), RouteTable::default(), nobody);
        let limits = Limits {
            concurrent,
            ..Limits::default()
        };
        Service::new(Arc::new(one_shot), "0.0.0", limits)
    }

    #[tokio::test]
    async fn one_request_too_many_is_refused_and_not_queued() {
        let service = service(1);
        let first = service.admit("Info").unwrap();
        let refused = service
            .info(Request::new(InfoRequest {}))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        drop(first);
        assert!(service.info(Request::new(InfoRequest {})).await.is_ok());
    }

    #[tokio::test]
    async fn no_client_is_made_that_a_few_attestors_command() {
        let service = service(8);
        let attestors: Vec<_> = (1..=3).map(|n| vec![n; 20]).collect();
        let ask = async |attestors: &[Vec<u8>], threshold| {
            let request = CreateClientRequest {
                chain: "eip155:1".to_owned(),
                client: "client-on-1".to_owned(),
                counterparty_chain: "eip155:2".to_owned(),
                counterparty_client: "client-on-2".to_owned(),
                attestors: attestors.to_vec(),
                threshold,
                sender: vec![9; 20],
            };
            let refused = service.create_client(Request::new(request)).await;
            refused.unwrap_err().message().to_owned()
        };
        for (members, threshold) in [(1, 1), (2, 1), (3, 1)] {
            let refused = ask(&attestors[..members], threshold).await;
            assert!(refused.contains("no majority of several"), "{refused}");
        }
        // A strong one gets further: to a chain that this service does not know.
        let refused = ask(&attestors, 2).await;
        assert!(refused.contains("eip155"), "{refused}");
    }

    #[tokio::test]
    async fn requests_that_ask_for_too_much_or_nonsense_are_refused_by_field() {
        let service = service(8);
        let ask = async |request: RelayByTxRequest| {
            let refused = service.relay_by_tx(Request::new(request)).await;
            let refused = refused.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
            refused.message().to_owned()
        };
        let hashes = |count: u8| (0..count).map(|n| vec![n; 32]).collect();
        let of = |tx_hashes| RelayByTxRequest {
            tx_hashes,
            ..RelayByTxRequest::default()
        };
        assert!(ask(of(Vec::new())).await.contains("tx_hashes"));
        assert!(ask(of(hashes(33))).await.contains("32"));
        assert!(ask(of(vec![vec![1; 31]])).await.contains("32 bytes"));
        assert!(ask(of(vec![vec![1; 32]; 2])).await.contains("twice"));
        let mut request = of(hashes(1));
        request.kind = 9;
        assert!(ask(request).await.contains("kind"));
        let mut request = of(hashes(1));
        request.src_chain = "eip155:7".to_owned();
        assert!(ask(request).await.contains("eip155:7"));
    }
}
