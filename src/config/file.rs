//! config.toml: every key of the contract, and no other.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use crate::admin::Listen;
use crate::reconcile::certificate::Gate;
use crate::reconcile::plan::{Removal, WwwPolicy};
use crate::wordpress::Subdomains;

/// Where config.toml is looked for when `--config` is not given.
pub(super) const DEFAULT_PATH: &str = "/etc/runcloud-domain-sync/config.toml";

const READABLE_BY_ALL: u32 = 0o004;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    /// Where it is; none where there is none.
    #[serde(skip)]
    path: Option<PathBuf>,
    pub(super) state_dir: Option<String>,
    pub(super) wordpress: WordPress,
    pub(super) runcloud: RunCloud,
    pub(super) sync: Sync,
    pub(super) api: Api,
    pub(super) dns: Dns,
    pub(super) ssl: Ssl,
    pub(super) service: Service,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WordPress {
    pub(super) wp_config: Option<String>,
    pub(super) database_url: Option<String>,
    pub(super) database_url_file: Option<PathBuf>,
    pub(super) table_prefix: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RunCloud {
    pub(super) api_url: Option<String>,
    #[serde(deserialize_with = "number_or_text")]
    pub(super) server_id: Option<String>,
    #[serde(deserialize_with = "number_or_text")]
    pub(super) app_id: Option<String>,
    pub(super) api_token_file: Option<PathBuf>,
    pub(super) api_key_file: Option<PathBuf>,
    pub(super) api_secret_file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sync {
    pub(super) poll: Option<Span>,
    pub(super) interval: Option<Span>,
    pub(super) removal: Removal,
    pub(super) removal_grace: Option<Span>,
    pub(super) max_removals_per_day: Option<u32>,
    pub(super) keep: Vec<String>,
    pub(super) www: WwwPolicy,
    pub(super) subdomains: Subdomains,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Api {
    pub(super) monthly_calls: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Dns {
    pub(super) gate: Gate,
    pub(super) accept: Vec<Network>,
    pub(super) resolvers: Vec<Address>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Ssl {
    pub(super) install: bool,
    pub(super) min_interval: Option<Span>,
    pub(super) max_per_week: Option<u32>,
    pub(super) probe_address: Option<Address>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Service {
    pub(super) listen: Option<Place>,
}

/// A loopback address with its port, or the path of a Unix socket.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Place(pub(super) Listen);

/// A duration such as `15m`.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Span(pub(super) Duration);

/// `address` or `address:port`.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Address(IpAddr, Option<u16>);

/// `address/prefix`, or an address alone.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Network(pub(super) IpNet);

impl File {
    /// Reads `--config`, or the default path where that exists.
    pub(super) fn read(flag: Option<&Path>) -> Result<Self, String> {
        let path = flag.unwrap_or(Path::new(DEFAULT_PATH));
        if flag.is_none() && !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let file = Self::parse(&text).map_err(|problem| format!("{} {problem}", path.display()))?;
        Ok(Self { path: Some(path.to_owned()), ..file })
    }

    /// The directory it is in; none where there is no file.
    pub(super) fn directory(&self) -> Option<&Path> {
        self.path.as_deref()?.parent()
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            // The error's own rendering quotes the line, which may hold a secret.
            let offset = error.span().map_or(0, |span| span.start);
            let line = text.get(..offset).unwrap_or(text).matches('\n').count();
            let key = text.lines().nth(line).and_then(key_in);
            // The message has it where it is the key that is wrong.
            let key = key.filter(|key| !error.message().contains(*key));
            let key = key.map_or_else(String::new, |key| format!(" {key}:"));
            format!("line {}:{key} {}", line + 1, error.message())
        })
    }

    /// The files it names that hold nothing but a secret, and itself where it holds one.
    pub(super) fn secret_files(&self) -> Vec<PathBuf> {
        let Self { path, wordpress, runcloud, .. } = self;
        let RunCloud { api_token_file, api_key_file, api_secret_file, .. } = runcloud;
        let files = [&wordpress.database_url_file, api_token_file, api_key_file, api_secret_file];
        let itself = path.iter().filter(|_| wordpress.database_url.is_some());
        files.into_iter().flatten().chain(itself).cloned().collect()
    }

    /// Those of them that every user of this machine can read.
    pub(super) fn open_files(&self) -> impl Iterator<Item = PathBuf> {
        let is_open = |path: &PathBuf| {
            path.metadata().is_ok_and(|found| found.permissions().mode() & READABLE_BY_ALL != 0)
        };
        self.secret_files().into_iter().filter(is_open)
    }
}

/// The key that a line sets.
fn key_in(line: &str) -> Option<&str> {
    let key = line.split_once('=')?.0.trim();
    let is_key =
        !key.is_empty() && key.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_');
    is_key.then_some(key)
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Listen::try_from(text).map(Self)
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        humantime::parse_duration(&text)
            .map(Self)
            .map_err(|error| format!("\"{text}\" is not a duration such as 15m: {error}"))
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self(address, None));
        }
        let with_port = text.parse::<SocketAddr>();
        let with_port = with_port.map(|address| Self(address.ip(), Some(address.port())));
        with_port.map_err(|_| format!("\"{text}\" is not an address or address:port"))
    }
}

impl Address {
    /// With this port where none was given.
    pub(super) fn or_port(self, port: u16) -> SocketAddr {
        SocketAddr::new(self.0, self.1.unwrap_or(port))
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_| format!("\"{text}\" is not a network such as 127.0.0.0/8"))
    }
}

fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Number(u64),
        Text(String),
    }
    Ok(Some(match Id::deserialize(deserializer)? {
        Id::Number(number) => number.to_string(),
        Id::Text(text) => text,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        File::parse(text).err().unwrap_or_default()
    }

    #[test]
    fn an_unknown_key_is_named_and_its_value_is_not() {
        let found = problem("[runcloud]\nserver_id = 1\napi_token = \"SECRET\"\n");
        assert!(found.starts_with("line 3: unknown field `api_token`"), "{found}");
        assert!(!found.contains("SECRET"), "{found}");
    }

    #[test]
    fn every_key_of_the_contract_is_known() {
        let all = r#"
            state_dir = "/tmp/x"
            [wordpress]
            wp_config = "/x/wp-config.php"
            table_prefix = "wp_"
            [runcloud]
            server_id = 7
            app_id = "8"
            [sync]
            poll = "5s"
            interval = "15m"
            removal = "mirror"
            removal_grace = "2m"
            max_removals_per_day = 10
            keep = ["a.test"]
            www = "always"
            subdomains = "off"
            [api]
            monthly_calls = 20000
            [dns]
            gate = "add"
            accept = ["127.0.0.0/8", "::1/128"]
            resolvers = ["127.0.0.1", "127.0.0.1:5353"]
            [ssl]
            install = true
            min_interval = "10m"
            max_per_week = 40
            probe_address = "127.0.0.1:8443"
            [service]
            listen = "127.0.0.1:9100"
        "#;
        let file = File::parse(all).map_err(|problem| panic!("{problem}")).unwrap();
        assert!(matches!(file.service.listen, Some(Place(Listen::Tcp(_)))));
        let resolvers: Vec<_> =
            file.dns.resolvers.iter().map(|one| one.or_port(53).to_string()).collect();
        assert_eq!(resolvers, ["127.0.0.1:53", "127.0.0.1:5353"]);
        assert_eq!(file.runcloud.app_id.as_deref(), Some("8"));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_said_with_its_line() {
        assert!(problem("[sync]\npoll = \"often\"").contains("line 2"));
        assert!(problem("[sync]\nremoval = \"all\"").contains("unknown variant `all`"));
        assert!(problem("[service]\nlisten = \"0.0.0.0:1\"").contains("open to other machines"));
        assert!(problem("[dns]\naccept = [\"127.0.0.0/33\"]").contains("127.0.0.0/33"));
    }
}
