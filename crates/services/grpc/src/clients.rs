//! `CreateClient` and `UpdateClient`.

use causeway_ibc::Committee;
use causeway_ibc_evm::{ClientSpec, client_creation, client_registration};
use causeway_oneshot::UnsignedTx;
use causeway_relayer::ClientEnd;
use tonic::Status;

use crate::{
    convert::{self, failed},
    proto::{CreateClientRequest, CreateClientResponse, UpdateClientRequest, UpdateClientResponse},
    service::Service,
};

impl Service {
    pub(crate) async fn create(
        &self,
        request: CreateClientRequest,
    ) -> Result<CreateClientResponse, Status> {
        let chain = convert::chain("chain", &request.chain)?;
        let followed = convert::chain("counterparty_chain", &request.counterparty_chain)?;
        let id = convert::client("client", &request.client)?;
        let counterparty = convert::client("counterparty_client", &request.counterparty_client)?;
        let sender = convert::address("sender", &request.sender)?;
        let members = request.attestors.iter();
        let members = members
            .map(|bytes| convert::address("attestors", bytes))
            .collect::<Result<Vec<_>, _>>()?;
        let threshold = u8::try_from(request.threshold)
            .map_err(|_| Status::invalid_argument("threshold: at most 255"))?;
        let committee = Committee::new(members, threshold)
            .map_err(|error| Status::invalid_argument(format!("attestors: {error}")))?;
        // Whoever needs a weak one, for a development network, deploys it with `causeway deploy`.
        if !committee.is_strong() {
            let n = request.attestors.len();
            let least = Committee::least_threshold(n);
            let text = format!(
                "threshold: {threshold} of {n} is no majority of several; ask for at least {least}"
            );
            return Err(Status::invalid_argument(text));
        }
        let place = self.one_shot.place(&chain).map_err(|e| failed(&e))?;
        let source = self.one_shot.place(&followed).map_err(|e| failed(&e))?;
        // Trust begins with this height, so one endpoint's word is too little.
        let genesis = source.chain.agreed_newest_final_block().await;
        let genesis = genesis.map_err(|error| {
            tracing::warn!(%error, "no agreed height to begin a client with");
            Status::unavailable("the endpoints do not agree on a final block; ask again soon")
        })?;
        let nonce = self.one_shot.next_nonce(place, sender).await;
        let nonce = nonce.map_err(|error| failed(&error))?;
        let address = sender.create(nonce);
        let spec = ClientSpec {
            id,
            counterparty,
            committee,
            genesis,
        };
        let number = chain.eip155_id().unwrap_or_default();
        let create = UnsignedTx {
            chain: chain.clone(),
            chain_number: number,
            to: None,
            data: client_creation(number, place.router, &spec),
            gas_limit: 0,
            messages: Vec::new(),
        };
        let register = UnsignedTx {
            to: Some(place.router),
            data: client_registration(&spec, address),
            ..create.clone()
        };
        let end = ClientEnd {
            chain,
            client: spec.id,
        };
        let wire = |tx| convert::unsigned(self.one_shot.routes(), &end, tx);
        Ok(CreateClientResponse {
            transactions: vec![wire(create), wire(register)],
            address: address.to_vec(),
            height: genesis.height,
        })
    }

    pub(crate) async fn update(
        &self,
        request: UpdateClientRequest,
    ) -> Result<UpdateClientResponse, Status> {
        let end = ClientEnd {
            chain: convert::chain("chain", &request.chain)?,
            client: convert::client("client", &request.client)?,
        };
        let sender = convert::optional_address("sender", &request.sender)?;
        let height = self.height_of(&end).await?;
        let update = self.one_shot.update(&end, height, sender).await;
        let update = update.map_err(|error| failed(&error))?;
        Ok(UpdateClientResponse {
            transaction: Some(convert::unsigned(self.one_shot.routes(), &end, update)),
            height,
        })
    }
}
