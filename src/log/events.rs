//! Every kind of event, as `MESSAGE_ID` in the journal and `message_id` in JSON. An id is never used again for
//! something else.

/// The daemon began to watch the tables.
pub const STARTED: &str = "db928161e8b54a6db5610aed33027f07";
/// It was asked to stop.
pub const STOPPING: &str = "03abdf44432341768512e69e6306a0ab";
/// It stopped.
pub const STOPPED: &str = "4e2c5222a099425fa6d69c9629320c03";
/// The settings were read again.
pub const SETTINGS_READ: &str = "02e21342067b4a8cadffd470d4b9715a";
/// The settings are wrong, and the old ones stay.
pub const SETTINGS_REFUSED: &str = "69f0c1e757d74ba7b61d934e98bc0a3f";
/// A setting deserves a look.
pub const SETTING_NOTICE: &str = "e896846672304324a322690bd8fbac79";
/// A pass that changed something ended.
pub const PASS_ENDED: &str = "a411df225d664e689f29ecb4cce32fda";
/// A name was added to RunCloud.
pub const NAME_ADDED: &str = "9cd8d9164f31420bad0c0c7f8400d3b1";
/// A name's entry was changed there.
pub const NAME_UPDATED: &str = "05ff4a53770341d58a938c8f50efd757";
/// A name was removed from it.
pub const NAME_REMOVED: &str = "7ef53595b37e44ba871d9172de5ca7d0";
/// A change of a name failed, and is tried again.
pub const NAME_FAILED: &str = "db16fa5e14da4a02973e71d3b806689f";
/// Most names met the same.
pub const NAMES_FAILED_ALIKE: &str = "795193a6f0eb459db0fdbf3b99aeeac9";
/// What became of a call that an earlier pass left open.
pub const CALL_SETTLED: &str = "94c07510eea54c2daf29092830493bac";
/// A certificate was ordered for a name.
pub const CERTIFICATE_ORDERED: &str = "6f0fd5bb4e0a4f6c8a3c2f58a7d1e094";
/// An order brought nothing, or was not taken; it goes out again.
pub const CERTIFICATE_FAILED: &str = "c2b7d6e09f7b4a86b0f1d1a6e4c3592b";
/// A certificate covers a name.
pub const NAME_COVERED: &str = "1e5a9c40d3724f0db9a8e6b7f2c1d835";
/// Something about the tables, or a removal that a guard blocks, needs a person.
pub const NOTICE: &str = "5c4c9ed0ca30488ab72b381844256f96";
/// The daemon waits for what may come back by itself.
pub const WAITING: &str = "913a955c470948d1b05735096edfdbbc";
/// What keeps the daemon from its work needs a person.
pub const NEEDS_A_PERSON: &str = "aa22c965a5a54e6c86da37c81d0f9f73";
/// What was waited for is back.
pub const BACK: &str = "3ec5d41e3ffb44e2ae54beb4320dc8a0";
/// The daemon says once an hour that it is there.
pub const HEARTBEAT: &str = "64297a0a2e144b28984b501aad967fa9";
/// Metrics and health are to be had.
pub const LISTENING: &str = "a84c6b1d2f0e4937b5d8c7e6f1a20b93";
/// A new ledger begins.
pub const LEDGER_BEGINS: &str = "0a0064ec7ec4430f881138408b288669";
/// The program ended without doing what it was for.
pub const FAILED: &str = "abb9b434b0e04bc29914afbef773d005";
