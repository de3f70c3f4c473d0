//! The JSON that goes over the wire, field by field as the record of the API has it.

use std::time::Duration;

use serde::Serialize;

use super::certificate::Certificate;
use super::clock;
use super::model::Model;
use super::network::{ApiVersion, App, Domain, Kind, LogLine};

/// Stands where real answers have secrets, so that a leak into a log is found by searching for it.
const SECRET: &str = "SECRET-IN-ANSWER";
/// About that long before the end (inferred).
const RENEWAL_LEAD: Duration = Duration::from_hours(30 * 24);

#[derive(Serialize)]
pub(super) struct Page<T> {
    pub(super) data: Vec<T>,
    pub(super) meta: Meta,
}

#[derive(Serialize)]
pub(super) struct Meta {
    pub(super) pagination: Pagination,
}

#[derive(Serialize)]
pub(super) struct Pagination {
    pub(super) total: usize,
    pub(super) count: usize,
    pub(super) per_page: usize,
    pub(super) current_page: usize,
    pub(super) total_pages: usize,
    pub(super) links: Links,
}

#[derive(Serialize)]
pub(super) struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

#[derive(Serialize)]
pub(super) struct DomainRow<'a> {
    id: u64,
    name: &'a str,
    r#type: &'static str,
    /// An integer on read, though a boolean on write (documented).
    www: u8,
    redirection: &'a str,
    wildcard: u8,
    dns_integration: &'static str,
    status: Option<&'a str>,
    created_at: String,
}

impl<'a> From<&'a Domain> for DomainRow<'a> {
    fn from(domain: &'a Domain) -> DomainRow<'a> {
        DomainRow {
            id: domain.id,
            name: &domain.name,
            r#type: match domain.kind {
                Kind::Primary => "primary",
                Kind::Alias => "alias",
                Kind::Redirect => "redirect",
            },
            www: domain.www.into(),
            redirection: &domain.redirection,
            wildcard: domain.wildcard.into(),
            dns_integration: "none",
            status: domain.status.as_deref(),
            created_at: clock::plain(domain.created_at),
        }
    }
}

#[derive(Serialize)]
pub(super) struct DnsRow {
    pub(super) r#type: &'static str,
    pub(super) hostname: String,
    pub(super) content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServerRow<'a> {
    id: u64,
    name: &'static str,
    provider: &'static str,
    stack: &'static str,
    ip_address: &'a str,
    #[serde(rename = "country_iso_code")]
    country_iso_code: &'static str,
    os: &'static str,
    os_version: &'static str,
    connected: bool,
    online: bool,
    agent_version: &'static str,
    transfer_status: &'static str,
    #[serde(rename = "created_at")]
    created_at: &'static str,
    tags: [(); 0],
}

impl<'a> From<&'a Model> for ServerRow<'a> {
    fn from(model: &'a Model) -> ServerRow<'a> {
        ServerRow {
            id: model.server.id,
            name: "server hello",
            provider: "Simulated",
            stack: "nginx",
            ip_address: &model.server.ip_address,
            country_iso_code: "JP",
            os: "Ubuntu",
            os_version: "focal",
            connected: true,
            online: model.server.online,
            agent_version: "2.8.7-1+ubuntu20.04+11",
            transfer_status: "AVAILABLE",
            created_at: "2024-07-09 06:56:05",
            tags: [],
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppRow<'a> {
    id: u64,
    #[serde(rename = "server_user_id")]
    server_user_id: u64,
    name: &'a str,
    root_path: String,
    public_path: String,
    php_version: &'static str,
    stack: &'static str,
    stack_mode: &'static str,
    r#type: &'static str,
    default_app: bool,
    alias: Option<u64>,
    /// Null although there is a primary (seen live).
    primary_domain: Option<&'static str>,
    pull_key1: &'static str,
    pull_key2: &'static str,
    #[serde(rename = "created_at")]
    created_at: &'static str,
}

impl<'a> From<&'a App> for AppRow<'a> {
    fn from(app: &'a App) -> AppRow<'a> {
        let path = format!("/home/runcloud/webapps/{}", app.name);
        AppRow {
            id: app.id,
            server_user_id: 1647,
            name: &app.name,
            root_path: path.clone(),
            public_path: path,
            php_version: "php81rc",
            stack: "hybrid",
            stack_mode: "production",
            r#type: "wordpress",
            default_app: false,
            alias: app.alias,
            primary_domain: None,
            pull_key1: SECRET,
            pull_key2: SECRET,
            created_at: "2024-07-09 07:02:13",
        }
    }
}

#[derive(Serialize)]
pub(super) struct LogRow<'a> {
    kind: &'a str,
    content: &'a str,
    created_at: String,
}

impl<'a> From<&'a LogLine> for LogRow<'a> {
    fn from(line: &'a LogLine) -> LogRow<'a> {
        LogRow { kind: &line.kind, content: &line.content, created_at: clock::iso(line.at) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SslRow<'a> {
    id: u64,
    method: &'a str,
    /// v2 objects carry it (seen in client code).
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<&'static str>,
    valid_until: Option<String>,
    renewal_date: Option<String>,
    enable_http: bool,
    enable_hsts: bool,
    authorization_method: &'a str,
    staging: bool,
    #[serde(rename = "created_at")]
    created_at: &'static str,
}

impl<'a> SslRow<'a> {
    pub(super) fn new(certificate: &'a Certificate, version: Option<ApiVersion>) -> SslRow<'a> {
        let renewal = certificate.valid_until.map(|end| end - RENEWAL_LEAD);
        SslRow {
            id: certificate.id,
            method: &certificate.method,
            private_key: (version == Some(ApiVersion::V2)).then_some(SECRET),
            valid_until: certificate.valid_until.map(clock::plain),
            renewal_date: renewal.map(clock::plain),
            enable_http: false,
            enable_hsts: false,
            authorization_method: &certificate.authorization,
            staging: certificate.is_staging,
            created_at: "2024-07-09 07:05:00",
        }
    }
}

#[derive(Serialize)]
pub(super) struct DomainSslRow<'a> {
    pub(super) id: u64,
    pub(super) name: &'a str,
    pub(super) ssl: Option<SslRow<'a>>,
}
