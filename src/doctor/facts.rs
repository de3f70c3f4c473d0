//! What the checks are made on: everything that could be gathered, and why the rest could not.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::clock::Timestamp;
use crate::config::Examined;
use crate::domain::Domain;
use crate::ledger::{Glance, LedgerError, Look};
use crate::probe::DnsVerdict;
use crate::reconcile::certificate::states::Sight;
use crate::runcloud::{
    Actual, ApiError, Certificate, Clocks, Listed, LogLine, Server, Ssl, WebApp,
};
use crate::wordpress::{DatabaseError, Desired, Survey, Tables};

/// An answer, or why there is none; none where nobody could ask.
pub type Asked<T, E> = Option<Result<T, E>>;

/// Everything that was gathered.
pub struct Facts {
    /// When.
    pub now: Timestamp,
    /// The settings.
    pub settings: Examined,
    /// RunCloud.
    pub api: Api,
    /// The WordPress database.
    pub wordpress: WordPress,
    /// The state directory.
    pub state: State,
    /// DNS and the web server.
    pub wire: Wire,
    /// The files that hold secrets, with their permissions.
    pub secret_files: Vec<FileMode>,
    /// This program's services, as systemd has them; none where there is no systemd.
    pub units: Vec<Unit>,
}

/// What RunCloud answered.
#[derive(Default)]
pub struct Api {
    /// Whether it lets the credentials in.
    pub ping: Asked<(), ApiError>,
    /// The server.
    pub server: Asked<Server, ApiError>,
    /// The account's servers, looked up where it has not the configured one.
    pub servers: Vec<Listed>,
    /// The web application.
    pub app: Asked<WebApp, ApiError>,
    /// The server's web applications, looked up where one is missing or names may be in another.
    pub apps: Vec<Listed>,
    /// How certificates are ordered.
    pub ssl: Asked<Ssl, ApiError>,
    /// The certificates.
    pub certificates: Asked<Vec<Certificate>, ApiError>,
    /// The newest lines of the activity log.
    pub log: Asked<Vec<LogLine>, ApiError>,
    /// The domains.
    pub domains: Asked<Actual, ApiError>,
    /// In which other web application of the server a refused name was found.
    pub elsewhere: BTreeMap<Domain, Listed>,
    /// Both clocks at the last answer.
    pub clocks: Option<Clocks>,
    /// Whether the time was up before everything was asked.
    pub ran_out_of_time: bool,
}

/// What the database answered.
#[derive(Default)]
pub struct WordPress {
    /// The tables.
    pub tables: Asked<Tables, DatabaseError>,
    /// What they want.
    pub desired: Option<Desired>,
    /// What is around them.
    pub survey: Asked<Survey, DatabaseError>,
}

/// What DNS and the web server show of the names that RunCloud has and a row wants.
#[derive(Default)]
pub struct Wire {
    /// Where they point, and their `www.` where that is served too.
    pub verdicts: BTreeMap<Domain, DnsVerdict>,
    /// Which certificates the web server shows for them.
    pub sights: BTreeMap<Domain, Sight>,
    /// The web server that was asked.
    pub web_server: Option<SocketAddr>,
    /// Why DNS cannot be asked.
    pub no_resolver: Option<String>,
}

/// What is in the state directory.
#[derive(Default)]
pub struct State {
    /// The directory.
    pub directory: Option<Directory>,
    /// The ledger in it; none where no web application is configured that it could belong to.
    pub ledger: Asked<Look, LedgerError>,
    /// What the ledger says of its passes; none where it cannot be read.
    pub glance: Option<Glance>,
    /// Who is at work.
    pub lease: Lease,
}

/// The state directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Where it is.
    pub path: PathBuf,
    /// What is there.
    pub is: Place,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing; whether a directory can be made there.
    Nothing {
        /// Whether this user may.
        can_be_made: bool,
    },
    /// Something else than a directory, or it cannot be looked at, for this reason.
    Unusable(String),
    /// A directory.
    Directory {
        /// Whether this user may write into it.
        is_writable: bool,
        /// Its mode bits.
        mode: u32,
        /// Its owner.
        owner: u32,
        /// Files of this program in it that somebody else owns, with their owners.
        of_others: Vec<(String, u32)>,
    },
}

/// Who is at work on the state directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Lease {
    /// The system does not say.
    #[default]
    Unknown,
    /// Nobody.
    Free,
    /// A process, as it wrote itself into the lease.
    Held(String),
}

/// A file and who may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMode {
    /// The file.
    pub path: PathBuf,
    /// Its mode bits.
    pub mode: u32,
}

/// A service as systemd has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Its properties, as `systemctl show` prints them; an older systemd has fewer.
    pub properties: BTreeMap<String, String>,
}
