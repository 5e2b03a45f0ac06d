//! The file in which a rotation goes from one attestor to the next.

use std::{fs, io::Write as _, path::Path};

use alloy::{
    primitives::{Address, B256},
    signers::{SignerSync as _, local::PrivateKeySigner},
};
use causeway_ibc::{ClientId, Rotation, Signature65, SignedAttestation, recover};
use causeway_types::ChainId;
use serde::{Deserialize, Serialize};

use super::OpenClient;
use crate::failure::Failure;

/// A rotation with the signatures that it has so far. Nothing in the file is believed: what is signed
/// is computed anew, from the configuration and the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proposal {
    /// The chain that the light client is on.
    pub(super) chain: ChainId,
    /// The light client.
    pub(super) client: ClientId,
    /// The router that it is registered with.
    pub(super) router: Address,
    /// Who shall follow.
    pub(super) rotation: Rotation,
    /// Signatures by members of the current set.
    #[serde(default)]
    pub(super) signatures: Vec<Signature65>,
}

impl Proposal {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let refuse = |reason: String| {
            let message = format!("{} holds no rotation: {reason}", path.display());
            let remedy = "name a file that `causeway attestors rotate propose` wrote";
            Failure::usage("FILE", message, remedy)
        };
        let text = fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))
    }

    /// Replaces the file in one step, so that no signature in it is ever lost.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::failed(
                "file",
                format!("{} cannot be written: {error}", path.display()),
            )
            .at("FILE")
            .remedy("name a place that may be written to")
        };
        let directory = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(&error))?;
        let mut file =
            tempfile::NamedTempFile::new_in(directory).map_err(|error| failed(&error))?;
        file.write_all(format!("{text}\n").as_bytes())
            .map_err(|error| failed(&error))?;
        file.persist(path).map_err(|error| failed(&error))?;
        Ok(())
    }

    /// What the current attestors sign, if the light client would take it and it is no weaker than
    /// what it replaces.
    pub(super) fn digest(&self, client: &OpenClient, dev: bool) -> Result<B256, Failure> {
        let domain = client.domain()?;
        if self.router != client.side.contracts.router {
            let message = format!("the rotation is for a client of the router {}", self.router);
            let remedy = "check the router in the configuration, then the file";
            return Err(Failure::usage("router", message, remedy));
        }
        let view = &client.view;
        if view.frozen {
            let message = format!("{} is frozen: it takes no rotation", view.id);
            let remedy = "deploy a new client and migrate to it";
            return Err(Failure::failed("frozen", message)
                .at("--client")
                .remedy(remedy));
        }
        if view.set_number == 0 {
            let message = format!("{} is a light client that cannot be rotated", view.id);
            let remedy = "deploy a new client and migrate to it";
            return Err(Failure::failed("stock", message)
                .at("--client")
                .remedy(remedy));
        }
        check_strength(&self.rotation, dev)?;
        self.rotation
            .check(&domain, view.set_number, &view.committee)
            .map_err(|error| {
                Failure::usage(
                    "rotation",
                    error,
                    "propose it anew: `causeway attestors rotate propose`",
                )
            })?;
        Ok(self.rotation.digest(&domain))
    }

    /// Adds a member's signature; false if that member's is there already.
    pub(super) fn sign(
        &mut self,
        digest: B256,
        key: &PrivateKeySigner,
        client: &OpenClient,
    ) -> Result<bool, Failure> {
        let attestor = key.address();
        if !client.view.committee.members().contains(&attestor) {
            let message = format!("{attestor} is not one of the client's current attestors");
            let remedy = "sign with the key of one: `causeway attestors show` lists them";
            return Err(Failure::usage("--key", message, remedy));
        }
        if self.signers(digest).contains(&attestor) {
            return Ok(false);
        }
        let signature = key
            .sign_hash_sync(&digest)
            .map_err(|error| Failure::failed("key", error).at("--key"))?;
        self.signatures.push(Signature65::new(signature.as_bytes()));
        Ok(true)
    }

    /// Who signed; what is nobody's signature is left out.
    pub(super) fn signers(&self, digest: B256) -> Vec<Address> {
        let signatures = self.signatures.iter();
        signatures
            .filter_map(|signature| recover(digest, signature).ok())
            .collect()
    }

    /// The rotation as the light client takes it, if enough of its attestors signed.
    pub(super) fn signed(
        &self,
        digest: B256,
        client: &OpenClient,
    ) -> Result<SignedAttestation, Failure> {
        let data = self.rotation.encode();
        client
            .view
            .committee
            .assemble(digest, data, &self.signatures)
            .map_err(|error| {
                let remedy = "have more of them sign: `causeway attestors rotate sign`, and name all their files";
                Failure::usage("FILE", error, remedy)
            })
    }
}

/// A local network may be weak; nothing that carries value may be.
pub(super) fn check_strength(rotation: &Rotation, dev: bool) -> Result<(), Failure> {
    let committee = &rotation.committee;
    if dev || committee.is_strong() {
        return Ok(());
    }
    let (m, n) = (committee.threshold(), committee.members().len());
    let least = causeway_ibc::Committee::least_threshold(n);
    let message = format!("{m} of {n} is no majority of several: a few could sign anything");
    let remedy = format!("ask for at least {least} of them, or set dev = true for a local network");
    Err(Failure::usage("--threshold", message, remedy))
}

#[cfg(test)]
mod tests {
    use causeway_ibc::Committee;

    use super::*;

    fn proposal() -> Proposal {
        let members = (1..=3).map(Address::repeat_byte).collect();
        Proposal {
            chain: ChainId::eip155(1),
            client: "client-0".parse().unwrap(),
            router: Address::repeat_byte(9),
            rotation: Rotation {
                set_number: 2,
                overlap_seconds: 60,
                committee: Committee::new(members, 2).unwrap(),
            },
            signatures: vec![Signature65::repeat_byte(7)],
        }
    }

    #[test]
    fn a_proposal_is_written_and_read_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rotation.json");
        proposal().write(&path).unwrap();
        assert_eq!(Proposal::read(&path).unwrap(), proposal());
    }

    #[test]
    fn a_file_that_is_no_proposal_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rotation.json");
        let good = serde_json::to_value(proposal()).unwrap();
        let mut more = good.clone();
        more["more"] = 1.into();
        let mut weak = good.clone();
        weak["rotation"]["committee"]["threshold"] = 0.into();
        for wrong in [serde_json::json!({}), more, weak, "text".into()] {
            fs::write(&path, wrong.to_string()).unwrap();
            let failure = Proposal::read(&path).unwrap_err().to_string();
            assert!(
                failure.contains("rotation.json holds no rotation"),
                "{failure}"
            );
        }
    }

    #[test]
    fn a_weak_set_is_proposed_on_development_networks_alone() {
        let mut weak = proposal().rotation;
        check_strength(&weak, false).unwrap();
        weak.committee = Committee::new(weak.committee.members().to_vec(), 1).unwrap();
        check_strength(&weak, true).unwrap();
        let failure = check_strength(&weak, false).unwrap_err().to_string();
        assert!(
            failure.contains("1 of 3") && failure.contains("at least 2"),
            "{failure}"
        );
    }
}
