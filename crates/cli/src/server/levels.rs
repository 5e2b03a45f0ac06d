//! Gauges of which there may be more or fewer from one moment to the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use metrics::{Label, gauge};

type Labels = Vec<(&'static str, String)>;

/// Remembers what was shown: a gauge cannot be taken away, and what is not set again would stay.
#[derive(Default)]
pub(super) struct Levels(Mutex<BTreeMap<&'static str, BTreeSet<Labels>>>);

impl Levels {
    /// Sets all gauges of a name; those that were set before and are not among them get `gone`.
    pub(super) fn set(
        &self,
        name: &'static str,
        gone: f64,
        now: impl IntoIterator<Item = (Labels, f64)>,
    ) {
        let now: BTreeMap<Labels, f64> =
            now.into_iter()
                .fold(BTreeMap::new(), |mut all, (labels, value)| {
                    all.insert(labels, value);
                    all
                });
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = shown.entry(name).or_default();
        for labels in shown.iter().filter(|labels| !now.contains_key(*labels)) {
            gauge!(name, named(labels)).set(gone);
        }
        for (labels, value) in now {
            gauge!(name, named(&labels)).set(value);
            shown.insert(labels);
        }
    }
}

fn named(labels: &Labels) -> Vec<Label> {
    let label = |(name, value): &(&'static str, String)| Label::new(*name, value.clone());
    labels.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn what_is_there_no_more_is_not_shown_as_it_was() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            let levels = Levels::default();
            let of = |phase: &str| vec![("phase", phase.to_owned())];
            levels.set("swaps", 0.0, [(of("early"), 2.0)]);
            levels.set("swaps", 0.0, [(of("late"), 2.0)]);
        });
        let shown = handle.render();
        assert!(shown.contains("swaps{phase=\"early\"} 0"), "{shown}");
        assert!(shown.contains("swaps{phase=\"late\"} 2"), "{shown}");
    }
}
