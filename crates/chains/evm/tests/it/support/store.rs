use std::sync::{Arc, Mutex};

use causeway_evm::{LaneStore, Reserved, Settled, StoreError, TxCall, TxRecord};

/// A store in memory whose clones share everything, so that it outlives a lane.
#[derive(Clone, Default)]
pub(crate) struct MemoryStore {
    records: Arc<Mutex<Vec<TxRecord>>>,
    /// Whether recording fails, as when the program dies before it.
    broken: Arc<Mutex<bool>>,
}

impl MemoryStore {
    pub(crate) fn records(&self) -> Vec<TxRecord> {
        self.records.lock().unwrap().clone()
    }

    pub(crate) fn insert(&self, record: TxRecord) {
        self.records.lock().unwrap().push(record);
    }

    pub(crate) fn break_recording(&self, broken: bool) {
        *self.broken.lock().unwrap() = broken;
    }

    /// Everything has an outcome.
    pub(crate) fn settled(&self) -> bool {
        self.records().iter().all(|record| record.settled.is_some())
    }

    fn with(&self, nonce: u64, change: impl FnOnce(&mut TxRecord)) -> Result<(), StoreError> {
        let mut records = self.records.lock().unwrap();
        let open = |record: &&mut TxRecord| record.nonce == nonce && record.settled.is_none();
        let record = records
            .iter_mut()
            .find(open)
            .ok_or_else(|| StoreError::new("no record"))?;
        change(record);
        Ok(())
    }
}

fn live(record: &TxRecord) -> bool {
    record.settled != Some(Settled::Superseded)
}

impl LaneStore for MemoryStore {
    async fn find(&self, _: &str, key: &str) -> Result<Option<TxRecord>, StoreError> {
        let records = self.records();
        Ok(records
            .into_iter()
            .rev()
            .find(|record| record.key == key && live(record)))
    }

    async fn reserve(
        &self,
        lane: &str,
        key: &str,
        call: &TxCall,
        chain_next_nonce: u64,
    ) -> Result<Reserved, StoreError> {
        if let Some(record) = self.find(lane, key).await? {
            return Ok(Reserved {
                record,
                fresh: false,
            });
        }
        let mut records = self.records.lock().unwrap();
        let highest = records
            .iter()
            .filter(|record| live(record))
            .map(|record| record.nonce)
            .max();
        let nonce = chain_next_nonce.max(highest.map_or(0, |nonce| nonce + 1));
        let (key, call) = (key.to_owned(), call.clone());
        let record = TxRecord {
            nonce,
            key,
            call,
            attempts: Vec::new(),
            settled: None,
        };
        records.push(record.clone());
        Ok(Reserved {
            record,
            fresh: true,
        })
    }

    async fn record(&self, _: &str, record: &TxRecord) -> Result<(), StoreError> {
        if *self.broken.lock().unwrap() {
            return Err(StoreError::new("broken for the test"));
        }
        self.with(record.nonce, |kept| {
            kept.attempts.clone_from(&record.attempts);
        })
    }

    async fn pending(&self, _: &str) -> Result<Vec<TxRecord>, StoreError> {
        let mut open: Vec<_> = self
            .records()
            .into_iter()
            .filter(|record| record.settled.is_none())
            .collect();
        open.sort_by_key(|record| record.nonce);
        Ok(open)
    }

    async fn settle(
        &self,
        _: &str,
        record: &TxRecord,
        outcome: &Settled,
    ) -> Result<(), StoreError> {
        self.with(record.nonce, |kept| kept.settled = Some(outcome.clone()))
    }
}
