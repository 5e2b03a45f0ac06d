use crate::life::{Message, Swap};

impl Swap {
    /// What is said is remembered; what may be done about it is decided by what the chains show.
    pub(super) fn learn_message(&mut self, message: Message) {
        let said = &mut self.facts.said;
        match message {
            Message::ReadyToCosign => said.ready_to_cosign = true,
            Message::AsksToClaim { secret } => {
                said.asks_to_claim = true;
                if let Some(secret) = secret {
                    self.learn_secret(secret);
                }
            }
            Message::AsksForRefund => said.asks_for_refund = true,
            Message::ConsentsToRefund => said.consents_to_refund = true,
        }
    }
}
