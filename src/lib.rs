//! Makes the domains of a RunCloud web application equal to the mapped domains of a WordPress
//! multisite network, and keeps them so.
//!
//! # Systems
//!
//! | system | role | how it is reached |
//! |---|---|---|
//! | WordPress's MySQL, MariaDB or SQLite database | says what is wanted; only read | [`wordpress`] |
//! | RunCloud's HTTP API, v3 or v2 | is changed | [`runcloud`] |
//! | DNS, and the web server that serves the network | show where names point and what visitors see | [`probe`] |
//! | the ledger, an SQLite file in the state directory | remembers what is ours and what is owed | [`ledger`] |
//!
//! # Data flow
//!
//! Fetch everything, then decide, then act:
//!
//! ```text
//! flags, environment, config.toml, wp-config.php ─► config ─► Config
//!
//! wordpress: Tables ─► Desired ─┐
//! runcloud:  listing ► Actual  ─┼─► reconcile::plan ─► Plan ─┐
//! ledger:    Known ─────────────┤                            ├─► reconcile::guard ─► ApprovedPlan
//! probe:     DNS verdicts ──────┤                            │
//! clock:     now ───────────────┘  reconcile::proof: ────────┘   (some removals      │
//!                                  Snapshot of each side          Blocked)           │
//!                                          plan, --dry-run print it ◄────────────────┤
//!                                                                                    ▼
//!    for each change: Ledger::intend ─► runcloud::Writer ─► Ledger::settle
//!    then, for the batch: probe: TLS sights ─► reconcile::certificate ─► Writer ─► Report ─► exit code
//! ```
//!
//! # Rooms
//!
//! * [`domain`]: the only way a host name enters the program.
//! * [`clock`]: points in time as values.
//! * [`stop`]: the word to stop, heard by every wait and every read.
//! * [`patience`]: the one layer that repeats what failed.
//! * [`progress`]: how far it is, for whoever looks on.
//! * [`text`]: text for a terminal, broken at 80 columns; numbers as people say them.
//! * [`wp_config`]: reads wp-config.php without running it.
//! * [`config`]: settings from every layer, each with its origin.
//! * [`wordpress`]: what is wanted.
//! * [`runcloud`]: what is; reader and writer are different types.
//! * [`probe`]: where a name points, and which certificate it shows.
//! * [`ledger`]: what is ours, what is about to be done, what is owed.
//! * [`reconcile`]: plan, guard and certificate decide; pass and apply act.
//! * [`daemon`]: the loop around passes: when to look, when to work, what is away, what systemd hears.
//! * [`admin`]: what machines ask of the daemon: metrics, and whether it is alive and ready.
//! * [`log`]: what is said meanwhile: the journal's fields, text or JSON; the kinds of events.
//! * [`doctor`]: looks for everything that can be wrong.
//! * [`cli`]: one file per command.
//! * [`simulator`]: a RunCloud on loopback, hostile by default, for the tests and the demo.
//!
//! # Invariants
//!
//! 1. [`domain`], [`wp_config`] and [`reconcile`]'s plan, guard and certificate do no I/O, read no clock
//!    and are not `async`; `now` is an argument. `tests/it/house.rs` holds their sources to it.
//! 2. Only [`runcloud::Writer`] changes RunCloud. It exists only while a [`ledger::Lease`] is held, and
//!    removal takes only [`reconcile::guard::ConfirmedRemovals`], which two complete reads make
//!    ([`reconcile::proof::Proof`]), or a complete listing and an operator.
//! 3. The WordPress database is opened for reading. The ledger is the only thing written on disk.
//! 4. The intent is in the ledger before each write call and the outcome after. An open intent is
//!    settled by reading RunCloud, never by guessing, in memory (`plan`) and on disk by the same code.
//! 5. A listing that does not add up is an error, never a short list.
//! 6. Every remote error is retryable unless it is proven permanent.
//! 7. Secrets are [`secrecy::SecretString`]; response bodies are never logged; credentials go to the
//!    configured origin only, over https or to this machine.
//!
//! # Decisions the contract leaves open
//!
//! * Tables that look like an accident block the removals that rest on them as one, like a budget that is
//!   exceeded: `approve` lets exactly those names through, and the ids that are there count from then on. A
//!   listing that looks like an accident holds them, and nobody can let them through.
//! * `approve` takes no lease: it works beside the daemon, and writes one row into the ledger for whoever
//!   holds the lease. What it let through does not count against the budget.
//! * The budget of 24 hours counts by the ledger's own clock, which moves only while the machine is seen to
//!   run; `removal_grace` counts by the uptime and is forgotten at a restart. Both can only wait longer.
//! * A `www` flag that is taken back takes a name away: it has the proof, the grace, the second read and the
//!   budget of a removal, unless `www = "never"` asks for it.
//! * The one managed name of a network may be changed for another; otherwise all of them never go at once.
//! * `--rebind` sets the old ledger aside and begins a new one, also where only the network is another.
//! * What is removed or changed is an entry and not a name: right before, it is asked what it is itself, one call for
//!   each. A list may give one's id to another; where the entry does not say, the list has to do.
//! * An owned name that is gone from both places is forgotten after three listings without it, also where
//!   an earlier removal of it was cut off; while its entry says that it is there, or cannot be asked, it is not.
//! * RunCloud's id tells an entry, and not its name: an addition of a name whose entry was there all along
//!   changed nothing, a name whose id is listed is not gone, and an entry that is listed under another
//!   name than before is asked. What it confirms is so; by a list that it contradicts names are added, nothing
//!   else is done, and the pass is not a complete one: the list is read again after a minute, two, four. Where
//!   entries do not show themselves, a name that has another's id is left alone until three listings said the same,
//!   and an id that was nobody's is believed; where they could not be asked for now, no id is.
//! * What is known of a name's certificate is known of its entry: a name with a new entry is due again.
//! * Tables of another network are an error (78) in a command, and a wait in the daemon, as missing ones are.
//! * A name that is in both places is adopted when a row wants or keeps it; a row whose site does not
//!   exist adopts nothing. Adoptions are a map beside the plan's changes, because they call nobody.
//! * `www: true` is set where both names are rows of one site or an apex's `www.` points here, and taken back
//!   when neither is so any more and this program had set it. A flag that somebody else set stays; one that RunCloud did not keep is
//!   not set again, and the `www.` name becomes an entry of its own.
//! * A wildcard in RunCloud stands for sites' own names only; a mapped name is added all the same.
//! * Removals that rest on `blogs` or `site` are held where these cannot be read.
//! * A row that turned into no host name holds the name it had, and the entry that serves it.
//! * A removal alone orders no certificate: the old one still covers every name that is left.
//! * A ledger belongs to one web application from the first listing on, and refuses another.
//! * An order that RunCloud did not take is repeated after 10 minutes, 30 minutes, 2 h, 6 h, then daily; one that
//!   brought nothing after 1 h, 2 h, … 32 h. In basic mode a new name takes the others along, and begins anew.
//! * A name that RunCloud had before and whose certificate the wire shows lacking is ordered for too; where the wire
//!   shows nothing, only what this program added is.
//! * An order that the program's end cut off goes out once more; cut off twice it is taken for sent, and looked at.
//!   Only a date later than the one before it shows that it was; half an hour without a sign, and the name is due again.
//! * Where the wire shows nothing, or a proxy's certificate, RunCloud's new `validUntil` counts for names that point
//!   here. Where it shows the server's own certificate without the name, the date says only that the order is over.
//! * Once an order for all failed as a whole with misdirected names attached, the next one goes out when none is left,
//!   or after a week: the lesson may have been a wrong one.
//! * Orders for all are 15 minutes apart at least while misdirected names are attached: each is a failed validation
//!   of theirs, of which Let's Encrypt takes five an hour.
//! * The first certificate is installed with plain http left on: names that it does not have go on to work.
//! * `--once` looks up what holds something back in every pass; the daemon has its schedule.
//! * An address elsewhere counts whatever a name's other answers are; that a name is here, or has no address, only
//!   two whole answers say. A referral, a circle of CNAMEs and half an answer are unknown.
//! * An answer of DNS is remembered for a minute at most, as Let's Encrypt's resolvers do.
//! * A handshake that is refused with an alert concerns its name, one that is not answered the whole server; a
//!   certificate that nobody but its own server issued covers nothing, whoever else issued one is believed.
//! * WordPress has to answer at every address of a name that answers at all, and not at one that means another
//!   machine to each who asks, unless the server itself is at such a one.
//! * What RunCloud refuses for one name is tried again after hours; `plan` shows it as held.
//! * A 403 ends the pass, as nothing tells whether it is about one name or about everything; the log has the name
//!   whose call met it.
//! * A pause is a row in the ledger that every write call meets right before its intent, so it also stops a
//!   pass at work. It ends by the ledger's own clock: never early, and after so much time of the running
//!   machine. `--once` exits 0 while it is paused: whoever paused it knows that work is left.
//! * What an operator says is an event without a pass; a daemon that sees a newer one makes a pass.
//! * `adopt` is for names that only RunCloud has: as no row wants them, the next pass removes them, within
//!   the budget. It shows that and asks; nobody there to be asked, it needs `--yes`. `approve` needs it never.
//! * `history undo` adds a removed name as one that only RunCloud has, which nothing removes but
//!   `removal = "mirror"`; under that it refuses. It is done by the next pass, for the lease is the daemon's.
//! * An order under way, and where a name points, are looked at without a call; RunCloud is listed once that shows
//!   something new. Where the wire shows nothing, or five minutes went by, only RunCloud can say what came of an order.
//! * A look that is due once a day, at a certificate that is fine or at a name that long points elsewhere, wakes
//!   nobody: it is made in whatever pass comes.
//! * A mapping table without a counter whose newest row is gone is taken for an import under way.
//! * Whoever removes the lease's file ends the daemon's work until a restart: under another file another instance
//!   may be at work.
//! * Metrics are Prometheus's text format 0.0.4, which every version and promtool read. What is none is not a number;
//!   what never happened is at 0 seconds, so that an alert about its age fires.
//! * A credential that is blank is none: systemd cannot hand over one only where it is there.
//! * `explain` asks the ledger and the database, never RunCloud: the ledger has what the last pass saw there.
//! * What keeps the daemon from its work is in the ledger, and counts until a pass ends well, whoever makes it.
//! * `status` knows `api.monthly_calls` from the config.toml that names the state directory, and no other.
//! * `doctor` compares a unit with the shipped one by what systemd has in effect, not by `systemd-analyze`'s total,
//!   which would not say what changed. `PrivateTmp` is left out: the shipped unit says itself when to switch it off.

pub mod admin;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod doctor;
pub mod domain;
pub mod ledger;
pub mod log;
pub mod patience;
pub mod probe;
pub mod progress;
pub mod reconcile;
pub mod runcloud;
pub mod simulator;
pub mod stop;
pub mod text;
pub mod wordpress;
pub mod wp_config;
