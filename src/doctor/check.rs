//! What is checked, and what a check comes to. Pure.

use std::fmt;

use serde::{Serialize, Serializer};

/// Everything that is checked. The names are a closed set for machines: `server_exists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// config.toml can be read, and every value in it used.
    ConfigFile,
    /// wp-config.php can be read.
    WpConfig,
    /// The settings say where the tables are.
    DatabaseSettings,
    /// The table prefix is one.
    TablePrefix,
    /// The API's base is one that credentials may be sent to.
    ApiUrl,
    /// There are credentials.
    CredentialsGiven,
    /// Key and secret are not sent to API v3, which takes a token.
    KeyAndSecretForV3,
    /// A token is not sent to API v2, which is the legacy one.
    TokenForV2,
    /// No token stands behind a key and secret that win over it.
    CredentialsConflict,
    /// A server id is given.
    ServerId,
    /// A web application id is given.
    AppId,
    /// RunCloud can be reached.
    ApiReachable,
    /// What answers is RunCloud's API.
    ApiAnswers,
    /// No filter in front of RunCloud turns this program away.
    ApiFilter,
    /// RunCloud does not throttle this program.
    RateLimit,
    /// RunCloud accepts the credentials.
    CredentialsAccepted,
    /// RunCloud allows these credentials to read.
    ApiAllowed,
    /// The two ids are not each other's.
    IdsSwapped,
    /// The account has the server.
    ServerExists,
    /// The server has the web application.
    AppOnServer,
    /// RunCloud reaches the server.
    ServerOnline,
    /// The web application is not an alias of another one.
    AppNotAlias,
    /// wp-config.php lies in the web application's directory.
    AppOfWpConfig,
    /// The web application serves the network's own domain.
    NetworkDomainInApp,
    /// RunCloud takes writes, as far as the ledger can tell.
    WritePermission,
    /// This machine's clock is RunCloud's.
    Clock,
    /// The ledger was not written in the future.
    LedgerClock,
    /// The database can be reached.
    DatabaseReachable,
    /// The database accepts the login.
    DatabaseLogin,
    /// The mapping table can be read.
    MappingsTable,
    /// The tables are as WordPress and the plugin make them.
    TableColumns,
    /// The tables can be read as they are at one moment.
    TableEngine,
    /// A certificate is installed.
    SslInstalled,
    /// The certificate is one that RunCloud can order again.
    SslOrderable,
    /// The certificate is one that browsers believe.
    SslEnvironment,
    /// Names are shown to the authority in a way that works for customers' names.
    SslMethod,
    /// No wildcard is in an order that cannot have one.
    SslWildcard,
    /// The names fit into one certificate.
    CertificateNames,
    /// No certificate has ended.
    CertificateExpired,
    /// Certificates are renewed in time.
    CertificateRenewal,
    /// Where names point can be told.
    DnsKnown,
    /// No name points elsewhere.
    NameElsewhere,
    /// Every name has an address in DNS.
    NameWithoutDns,
    /// No `www.` is certified that does not point here.
    WwwWithoutDns,
    /// The web server can be asked which certificates it shows.
    WebServerSeen,
    /// Every name is covered by a certificate, as the web server shows it.
    NameNotCovered,
    /// RunCloud's list of domains adds up.
    ListingAddsUp,
    /// The activity log speaks of no failure.
    ActivityLog,
    /// RunCloud refuses no name.
    NameRefused,
    /// No wanted name is in another web application of the server.
    NameInOtherApp,
    /// No wanted name is there as something else than an alias.
    NameNotAlias,
    /// No limit of the plan is met.
    PlanLimit,
    /// No name fails for another reason.
    NamesFailing,
    /// Nobody keeps taking names away.
    NameTakenAway,
    /// No removals wait for a word.
    RemovalsBlocked,
    /// The plugin's own RunCloud integration is off.
    PluginIntegration,
    /// None of the plugin's jobs failed.
    PluginJobsFailed,
    /// None of the plugin's jobs is stuck.
    PluginQueueStuck,
    /// No second network has mappings that nothing serves.
    SecondNetworkTable,
    /// No row maps the network's own name to another site.
    NetworkNameHijacked,
    /// No name is mapped to two sites.
    NameOfTwoSites,
    /// Every row holds a host name.
    RowRejected,
    /// Every row is of a site.
    RowWithoutSite,
    /// The plugin gave up on no name's DNS.
    StageFailed,
    /// The plugin gave up on no name's certificate.
    StageSslFailed,
    /// No row is inactive although it is done.
    RowInactive,
    /// Every setting has an effect, and is known.
    SettingsInEffect,
    /// No secret is on a command line.
    SecretInFlag,
    /// No secret's file can be read by everybody.
    SecretFile,
    /// The login may read what a pass needs.
    GrantsMissing,
    /// The login may do nothing but read.
    GrantsTooWide,
    /// The plugin's table is as its version says.
    PluginSchema,
    /// The state directory is there and can be written.
    StateDirectory,
    /// What is in the state directory belongs to who owns it.
    StateOwner,
    /// Not everybody can write into the state directory.
    StateOpen,
    /// The ledger can be used.
    LedgerUsable,
    /// The ledger is of this network and web application.
    LedgerBinding,
    /// The unit is run as locked up as it is shipped.
    UnitHardening,
    /// Somebody is at work.
    Lease,
    /// Nothing keeps the daemon from its work.
    DaemonTrouble,
    /// A pass was made lately.
    LastPass,
    /// The last pass ended well.
    LastPassResult,
    /// The month's calls last until it ends.
    MonthlyCalls,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Ok,
    /// Worth knowing, or could not be told; nothing is wrong.
    Note,
    /// It will go wrong, or does for some names.
    Warn,
    /// It is wrong.
    Fail,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// What it came to.
    pub verdict: Verdict,
    /// What shows it.
    pub evidence: String,
    /// What to do about it: a sentence, and commands on lines of their own; empty where nothing is wrong.
    pub mend: String,
}

impl Check {
    /// The name for machines.
    pub fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }

    pub(super) fn ok(self, evidence: impl Into<String>) -> Option<Finding> {
        self.found(Verdict::Ok, evidence, String::new())
    }

    pub(super) fn note(
        self,
        evidence: impl Into<String>,
        mend: impl Into<String>,
    ) -> Option<Finding> {
        self.found(Verdict::Note, evidence, mend)
    }

    pub(super) fn warn(
        self,
        evidence: impl Into<String>,
        mend: impl Into<String>,
    ) -> Option<Finding> {
        self.found(Verdict::Warn, evidence, mend)
    }

    pub(super) fn fail(
        self,
        evidence: impl Into<String>,
        mend: impl Into<String>,
    ) -> Option<Finding> {
        self.found(Verdict::Fail, evidence, mend)
    }

    #[allow(clippy::unnecessary_wraps, reason = "what a check returns that has something to say")]
    fn found(
        self,
        verdict: Verdict,
        evidence: impl Into<String>,
        mend: impl Into<String>,
    ) -> Option<Finding> {
        Some(Finding { check: self, verdict, evidence: evidence.into(), mend: mend.into() })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_snake_case() {
        assert_eq!(Check::KeyAndSecretForV3.name(), "key_and_secret_for_v3");
        assert_eq!(Check::Clock.name(), "clock");
    }
}
