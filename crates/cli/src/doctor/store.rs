//! The database: that it opens, that it can be written, that there is space.

use causeway_engine::UnixMillis;

use super::Report;
use crate::{
    config::{LoadedConfig, Store},
    store::open_store,
};

const CHECK: &str = "store";

/// Less than this is little.
const LEAST_SPACE: u64 = 1 << 30;

pub(super) async fn examine(loaded: &LoadedConfig, report: &mut Report) {
    let store = loaded.store();
    let subject = &store.shown();
    let engine = match open_store(&store).await {
        Ok(engine) => engine,
        Err(failure) => {
            report.fail(CHECK, subject, failure.message(), store.remedy());
            return;
        }
    };
    let written = async {
        let mut unit = engine.begin(UnixMillis::now()).await?;
        let now = unit.now().to_string();
        unit.set_cursor("doctor", &now).await?;
        unit.commit().await
    };
    match written.await {
        Ok(()) => report.ok(CHECK, subject, "it opens, is up to date and can be written"),
        Err(error) => report.fail(
            CHECK,
            subject,
            format!("it cannot be written: {error}"),
            "check that no other program holds it and that the disk is not full",
        ),
    }
    engine.close().await;
    let Store::File(path) = store else {
        return;
    };
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(std::path::Path::new("."));
    if let Ok(disk) = rustix::fs::statvfs(directory) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let gigabytes = free >> 30;
        if free < LEAST_SPACE {
            let message = format!("{} MB are free", free >> 20);
            report.warn(CHECK, "space", message, "make room before the disk is full");
        } else {
            report.ok(CHECK, "space", format!("{gigabytes} GB are free"));
        }
    }
}
