use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::Method;
use serde_json::Value;

use super::actual::{Actual, Entry, Kind, Ssl};
use super::error::ApiError;
use super::retry::{Patience, Repeat};
use super::transport::{Call, Transport};
use super::wire::{Page, Pagination, WireDomain, flag, json, number};
use super::{Endpoint, Writer};
use crate::ledger::Lease;

/// The most a page may hold (RunCloud's documentation of v2; v3 by its clients).
const PER_PAGE: usize = 40;
/// How often a listing that does not add up is read before it is an error.
const READS: u32 = 3;
/// A guard against a listing that never ends: 4 million domains.
const MAX_PAGES: u64 = 100_000;

/// Reads one web application. It cannot change anything.
pub struct Reader {
    transport: Arc<Transport>,
    server_id: u64,
    app_id: u64,
}

impl Reader {
    /// A reader of the endpoint's web application; nothing is sent yet.
    ///
    /// # Errors
    /// Where the credentials cannot be sent or this machine has no root certificates.
    pub fn new(endpoint: &Endpoint, patience: Patience) -> Result<Self, ApiError> {
        let transport = Arc::new(Transport::new(endpoint, patience)?);
        Ok(Self { transport, server_id: endpoint.server_id, app_id: endpoint.app_id })
    }

    /// The writer for the same web application, for whoever holds the lease.
    pub fn writer<'lease>(&self, lease: &'lease Lease) -> Writer<'lease> {
        Writer::new(self.transport.clone(), self.app_path(""), lease)
    }

    /// Waits a little, longer with each round, after RunCloud lost answers to writes.
    pub(crate) async fn breathe(&self, round: u32) {
        tokio::time::sleep(self.transport.first_wait() * 2_u32.saturating_pow(round)).await;
    }

    /// All domains, from one listing that adds up.
    ///
    /// # Errors
    /// [`ApiError::Listing`] where it does not add up three times over, and whatever a call can
    /// end with.
    pub async fn domains(&self) -> Result<Actual, ApiError> {
        let mut odd = ApiError::Listing(String::new());
        for _ in 0..READS {
            match self.read_listing().await {
                Ok(domains) => return Ok(Actual::new(domains.into_iter().map(entry_of))),
                Err(error @ ApiError::Listing(_)) => {
                    tracing::info!("{error}; reading it again");
                    odd = error;
                }
                Err(error) => return Err(error),
            }
        }
        Err(odd)
    }

    /// The certificate mode and, in basic mode, the certificate to redeploy.
    ///
    /// # Errors
    /// Whatever a call can end with; "not installed" is an answer and not an error.
    pub async fn ssl(&self) -> Result<Ssl, ApiError> {
        let mode = match self.get("/ssl/advanced", json).await {
            Ok(mode) => mode,
            // An API without the mode switch has basic SSL only.
            Err(ApiError::NotFound(_) | ApiError::Refused { status: 405, .. }) => Value::Null,
            Err(error) => return Err(error),
        };
        if flag(&mode["autoSSL"]) {
            return Ok(Ssl::AutoSsl);
        }
        if flag(&mode["advancedSSL"]) {
            return Ok(Ssl::Advanced);
        }
        match self.get("/ssl", json).await {
            Ok(answer) => Ok(basic_ssl(&answer)),
            Err(ApiError::NotFound(_)) => Ok(Ssl::None),
            Err(error) => Err(error),
        }
    }

    /// RunCloud's id of the domain's own certificate (advanced SSL), where it has one.
    ///
    /// # Errors
    /// Whatever a call can end with, besides 404, which means none.
    pub async fn certificate(&self, domain_id: u64) -> Result<Option<u64>, ApiError> {
        match self.get(&format!("/domains/{domain_id}/ssl"), json).await {
            Ok(answer) => Ok(certificate_id(&answer)),
            Err(ApiError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn read_listing(&self) -> Result<Vec<WireDomain>, ApiError> {
        let mut listing = Listing::default();
        for number in 1..=MAX_PAGES {
            let page = self.get_page(number).await?;
            if listing.take(number, page)? == Progress::Whole {
                return listing.finish();
            }
        }
        Err(ApiError::Listing(format!("it has more than {MAX_PAGES} pages")))
    }

    async fn get_page(&self, number: u64) -> Result<Page, ApiError> {
        let path = format!("/domains?page={number}&perPage={PER_PAGE}");
        self.get(&path, Page::parse).await.map_err(|error| match error {
            ApiError::NotFound(message) => {
                ApiError::UnknownApp { server: self.server_id, app: self.app_id, message }
            }
            other => other,
        })
    }

    async fn get<T>(
        &self,
        path: &str,
        read: fn(&[u8]) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let path = self.app_path(path);
        let call = Call { method: Method::GET, path, body: None, repeat: Repeat::Always };
        self.transport.send(&call, read).await
    }

    fn app_path(&self, below: &str) -> String {
        format!("/servers/{}/webapps/{}{below}", self.server_id, self.app_id)
    }
}

/// A listing while it is read, page by page.
#[derive(Default)]
struct Listing {
    domains: Vec<WireDomain>,
    ids: BTreeSet<u64>,
    promised: Option<Pagination>,
}

#[derive(PartialEq, Eq)]
enum Progress {
    More,
    Whole,
}

impl Listing {
    fn take(&mut self, number: u64, page: Page) -> Result<Progress, ApiError> {
        let empty = page.domains.is_empty();
        let known_before = self.ids.len();
        for domain in page.domains {
            if self.ids.insert(domain.id) {
                self.domains.push(domain);
            } else if page.pagination.is_some() {
                return odd(format!("domain id {} is in it twice", domain.id));
            }
        }
        match page.pagination {
            Some(pagination) => self.check(number, empty, pagination),
            // Without totals the end is a page that is empty or says nothing new.
            None if empty || self.ids.len() == known_before => Ok(Progress::Whole),
            None => Ok(Progress::More),
        }
    }

    fn check(&mut self, number: u64, empty: bool, now: Pagination) -> Result<Progress, ApiError> {
        if let Some(other) = now.current_page.filter(|page| *page != number) {
            return odd(format!("page {number} says it is page {other}"));
        }
        let whole = number >= now.total_pages;
        if empty && (!whole || number > 1) {
            return odd(format!("page {number} of {} is empty", now.total_pages));
        }
        if let Some(before) = &self.promised
            && (before.total, before.total_pages) != (now.total, now.total_pages)
        {
            return odd(format!("its total went from {} to {} meanwhile", before.total, now.total));
        }
        self.promised = Some(now);
        Ok(if whole { Progress::Whole } else { Progress::More })
    }

    fn finish(self) -> Result<Vec<WireDomain>, ApiError> {
        match self.promised {
            Some(promised) if promised.total != self.domains.len() as u64 => odd(format!(
                "it promises {} domains and has {}",
                promised.total,
                self.domains.len()
            )),
            _ => Ok(self.domains),
        }
    }
}

fn odd<T>(what: String) -> Result<T, ApiError> {
    Err(ApiError::Listing(what))
}

fn entry_of(domain: WireDomain) -> (String, bool, Entry) {
    let kind = match domain.kind.as_deref() {
        Some("primary") => Kind::Primary,
        Some("alias") => Kind::Alias,
        Some(_) => Kind::Redirect,
        None => Kind::Unknown,
    };
    let redirection = domain.redirection.unwrap_or_else(|| "none".to_owned());
    (domain.name, domain.wildcard, Entry { id: domain.id, kind, www: domain.www, redirection })
}

/// Makes one answer of the three shapes of `GET …/ssl`.
fn basic_ssl(answer: &Value) -> Ssl {
    match answer["data"].as_array() {
        Some(domains) => shared_certificate(domains),
        None if answer["data"].is_object() => certificate(&answer["data"]),
        None => certificate(answer),
    }
}

/// The one certificate behind a list of domains that each show theirs.
fn shared_certificate(domains: &[Value]) -> Ssl {
    let covered = || domains.iter().filter(|domain| certificate_id(&domain["ssl"]).is_some());
    let primary = covered().find(|domain| domain["type"] == "primary");
    primary.or_else(|| covered().next()).map_or(Ssl::None, |domain| certificate(&domain["ssl"]))
}

fn certificate(object: &Value) -> Ssl {
    match (certificate_id(object), object["method"].as_str()) {
        (None, _) => Ssl::None,
        (Some(id), None | Some("letsencrypt")) => Ssl::Basic(id),
        (Some(_), Some(_)) => Ssl::Custom,
    }
}

/// RunCloud's id of an installed certificate; none means none is installed.
fn certificate_id(object: &Value) -> Option<u64> {
    number(&object["id"]).or_else(|| number(&object["data"]["id"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_three_shapes_of_ssl_are_one_answer() {
        let flat = json!({ "id": 12, "method": "letsencrypt" });
        let none = json!({ "message": "SSL not installed!" });
        let list = json!({ "data": [
            { "id": 1, "name": "a.test", "ssl": null },
            { "id": 2, "name": "b.test", "ssl": { "id": 9, "method": "letsencrypt" } },
        ]});
        assert_eq!(basic_ssl(&flat), Ssl::Basic(12));
        assert_eq!(basic_ssl(&none), Ssl::None);
        assert_eq!(basic_ssl(&list), Ssl::Basic(9));
        assert_eq!(basic_ssl(&json!({ "data": [] })), Ssl::None);
        assert_eq!(basic_ssl(&json!({ "id": 3, "method": "custom" })), Ssl::Custom);
    }

    fn page(ids: &[u64], total: u64, current_page: u64, total_pages: u64) -> Page {
        let domain = |id: &u64| WireDomain {
            id: *id,
            name: format!("{id}.test"),
            kind: None,
            www: None,
            redirection: None,
            wildcard: false,
        };
        let pagination = Some(Pagination { total, current_page: Some(current_page), total_pages });
        Page { domains: ids.iter().map(domain).collect(), pagination }
    }

    fn read(pages: Vec<Page>) -> Result<usize, String> {
        let mut listing = Listing::default();
        for (number, page) in (1..).zip(pages) {
            if listing.take(number, page).map_err(|e| e.to_string())? == Progress::Whole {
                return listing.finish().map(|d| d.len()).map_err(|e| e.to_string());
            }
        }
        Err("not whole".into())
    }

    #[test]
    fn a_listing_that_adds_up_is_whole() {
        assert_eq!(read(vec![page(&[1, 2], 3, 1, 2), page(&[3], 3, 2, 2)]), Ok(3));
        assert_eq!(read(vec![page(&[], 0, 1, 1)]), Ok(0));
        assert_eq!(read(vec![page(&[], 0, 1, 0)]), Ok(0));
    }

    #[test]
    fn a_listing_that_does_not_add_up_is_an_error() {
        for (pages, why) in [
            (vec![page(&[1, 2], 3, 1, 2), page(&[2], 3, 2, 2)], "id 2 is in it twice"),
            (vec![page(&[1, 2], 3, 1, 2), page(&[3], 4, 2, 2)], "went from 3 to 4"),
            (vec![page(&[1, 2], 3, 1, 2), page(&[], 3, 2, 2)], "page 2 of 2 is empty"),
            (vec![page(&[1, 2], 3, 1, 1)], "promises 3 domains and has 2"),
            (vec![page(&[1], 2, 1, 2), page(&[2], 2, 1, 2)], "page 2 says it is page 1"),
        ] {
            let error = read(pages).unwrap_err();
            assert!(error.contains(why), "{error} / {why}");
        }
    }

    #[test]
    fn without_totals_the_end_is_a_page_that_says_nothing_new() {
        let bare = |ids: &[u64]| Page { pagination: None, ..page(ids, 0, 0, 0) };
        assert_eq!(read(vec![bare(&[1, 2]), bare(&[3]), bare(&[])]), Ok(3));
        assert_eq!(read(vec![bare(&[1, 2]), bare(&[1, 2])]), Ok(2));
    }
}
