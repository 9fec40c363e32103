//! What was built and published: one line of JSON for each image, appended and never changed.
//!
//! A record is written once, after the tags of its image point to the new index, and so says what is true at that
//! moment: which manifest, configuration and base stand behind each platform, who built it and when. The ledger is a
//! plain file beside the workspace, made for `grep` and `jq` as much as for this program.
//!
//! This module does not know how a build happens, asks no registry and prints nothing.

mod ledger;
#[expect(
    clippy::module_inception,
    reason = "the module is named after its main type"
)]
mod record;
mod time;

pub use self::ledger::{FaultKind, Ledger, LedgerError, LineFault, Scan};
pub use self::record::{
    BaseRecord, Content, Draft, ParseRecordIdError, PlatformRecord, Record, RecordId, SourceRecord,
    StepRecord, TestRecord, VERSION,
};
pub use self::time::{ParseUtcError, Utc};
