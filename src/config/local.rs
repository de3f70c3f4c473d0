//! What can be asked on this machine: the settings of the WordPress database, without those of RunCloud.

use super::resolve::{Resolver, resolve};
use super::{ConfigError, Environment, Flags};
use crate::domain::Domain;
use crate::wordpress::{Source, Subdomains, TablePrefix};

/// What is needed to read the tables and to understand them.
pub struct Local {
    /// Where the WordPress tables are.
    pub source: Source,
    /// `$table_prefix`.
    pub prefix: TablePrefix,
    /// The network's own name from `DOMAIN_CURRENT_SITE`.
    pub own: Vec<Domain>,
    /// `sync.keep`.
    pub keep: Vec<Domain>,
    /// `sync.subdomains`.
    pub subdomains: Subdomains,
}

/// Reads the settings that the tables need, and no others.
///
/// # Errors
/// [`ConfigError`] with every problem found.
pub fn load_local(flags: &Flags, environment: &Environment) -> Result<Local, ConfigError> {
    #[allow(clippy::redundant_closure_for_method_calls, reason = "of one lifetime")]
    resolve(flags, environment, |resolver| resolver.local())
}

impl Resolver<'_> {
    fn local(&mut self) -> Option<Local> {
        let (source, prefix, keep) = (self.source(), self.prefix(), self.keep());
        let (own, _) = self.own();
        let subdomains = self.layers.file.sync.subdomains;
        Some(Local { source: source?, prefix: prefix?, own, keep, subdomains })
    }

    /// `DOMAIN_CURRENT_SITE`; the tables usually name the network too, so not knowing it is no error.
    pub(super) fn own(&mut self) -> (Vec<Domain>, Vec<String>) {
        let found = self.layers.constant("network", "DOMAIN_CURRENT_SITE", "config.toml sync.keep");
        match found.map(|found| found.map(|found| Domain::parse_without_port(&found.value))) {
            Ok(None) => (vec![], vec![]),
            Ok(Some(Ok(domain))) => (vec![domain], vec![]),
            Ok(Some(Err(rejection))) => (vec![], vec![format!("DOMAIN_CURRENT_SITE: {rejection}")]),
            Err(problem) => (vec![], vec![problem]),
        }
    }
}
