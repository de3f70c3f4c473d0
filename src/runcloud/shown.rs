//! What RunCloud shows besides domains: servers, web applications, the activity log and the certificates
//! in detail. Read leniently, for a person to look at: what is missing or of another type is none, and
//! nothing that changes RunCloud rests on it.

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::error::{ApiError, one_line};
use super::loose::{Loose, json};
use crate::clock::Timestamp;

/// The most entries of a list that are kept; the longest one has every domain.
const MOST: usize = 20_000;

/// A server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Its name in the panel.
    pub name: Option<String>,
    /// Whether the panel reaches the server; without that it cannot push what is changed.
    pub online: Option<bool>,
    /// Its public address, to which names should point.
    pub address: Option<IpAddr>,
}

/// A web application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebApp {
    /// Its name in the panel.
    pub name: Option<String>,
    /// Its directory on the server, such as `/home/runcloud/webapps/app`.
    pub root: Option<String>,
    /// The web application it is an alias of.
    pub alias_of: Option<u64>,
}

/// A server or a web application in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id in paths.
    pub id: u64,
    /// Its name in the panel.
    pub name: String,
}

/// A line of a web application's activity log: free text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Option<Timestamp>,
    /// What it says, as one line.
    pub content: String,
}

/// What is installed for a domain, or for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// The domain it was shown for; none where it is the certificate of all.
    pub domain: Option<String>,
    /// RunCloud's id of the certificate; none where none is installed.
    pub id: Option<u64>,
    /// `http-01` or `dns-01`, as RunCloud says it.
    pub authorization: Option<String>,
    /// Whether it is of the authority's test environment, which no browser believes.
    pub is_staging: bool,
    /// When it ends.
    pub valid_until: Option<Timestamp>,
    /// When RunCloud means to renew it.
    pub renewal: Option<Timestamp>,
}

impl Server {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Fields {
            name: Loose,
            connected: Loose,
            online: Loose,
            #[serde(rename = "ipAddress")]
            address: Loose,
        }
        let Fields { name, connected, online, address } = object(body)?;
        let online = match (connected.flag(), online.flag()) {
            (Some(false), _) => Some(false),
            (_, online) => online,
        };
        let address = address.text().and_then(|text| text.trim().parse().ok());
        Ok(Self { name: text(name), online, address })
    }
}

impl WebApp {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Fields {
            name: Loose,
            root_path: Loose,
            alias: Loose,
        }
        let Fields { name, root_path, alias } = object(body)?;
        let alias_of = alias.number().filter(|id| *id > 0);
        Ok(Self { name: text(name), root: text(root_path), alias_of })
    }
}

impl Listed {
    pub(super) fn parse_page(body: &[u8]) -> Result<Vec<Self>, ApiError> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Fields {
            id: Loose,
            name: Loose,
        }
        let listed = rows(body)?.into_iter().filter_map(|Fields { id, name }| {
            Some(Self { id: id.number()?, name: text(name).unwrap_or_default() })
        });
        Ok(listed.collect())
    }
}

impl LogLine {
    pub(super) fn parse_page(body: &[u8]) -> Result<Vec<Self>, ApiError> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Fields {
            content: Loose,
            created_at: Loose,
        }
        let lines = rows(body)?.into_iter().filter_map(|Fields { content, created_at }| {
            Some(Self { at: time(created_at), content: text(content)? })
        });
        Ok(lines.collect())
    }
}

impl Certificate {
    /// The certificate itself, or the domains with theirs.
    pub(super) fn parse(body: &[u8]) -> Result<Vec<Self>, ApiError> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Row {
            name: Loose,
            ssl: Loose<Details>,
        }
        if let Ok(of_domains) = rows::<Row>(body) {
            let of_domain = |Row { name, ssl }| {
                let details =
                    if let Loose::Object(details) = ssl { details } else { <_>::default() };
                Self { domain: text(name), ..details.into() }
            };
            return Ok(of_domains.into_iter().map(of_domain).collect());
        }
        let one = Self::from(object::<Details>(body)?);
        Ok(one.id.map(|_| one).into_iter().collect())
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    id: Loose,
    authorization_method: Loose,
    staging: Loose,
    valid_until: Loose,
    renewal_date: Loose,
}

impl From<Details> for Certificate {
    fn from(details: Details) -> Self {
        Self {
            domain: None,
            id: details.id.number(),
            authorization: text(details.authorization_method),
            is_staging: details.staging.flag().unwrap_or_default(),
            valid_until: time(details.valid_until),
            renewal: time(details.renewal_date),
        }
    }
}

/// An object, bare as documented or in `data`.
fn object<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, ApiError> {
    if let Loose::Object(Wrapped { data: Loose::Object(inner) }) = json::<Loose<Wrapped<T>>>(body)?
    {
        return Ok(inner);
    }
    match json::<Loose<T>>(body)? {
        Loose::Object(bare) => Ok(bare),
        _ => Err(ApiError::Body("it is no object".into())),
    }
}

/// The objects of a list, bare or in `data`; what else is in it is passed over.
fn rows<T: DeserializeOwned + Default>(body: &[u8]) -> Result<Vec<T>, ApiError> {
    match json::<Loose<Wrapped<IgnoredAny, First<T>>, First<T>>>(body)? {
        Loose::List(First(rows)) | Loose::Object(Wrapped { data: Loose::List(First(rows)) }) => {
            Ok(rows)
        }
        _ => Err(ApiError::Body("it has no list in `data`".into())),
    }
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "O: Deserialize<'de> + Default, L: Deserialize<'de> + Default")]
struct Wrapped<O = IgnoredAny, L = IgnoredAny> {
    data: Loose<O, L>,
}

/// The first objects of a list; what comes after so many is not kept.
#[derive(Default)]
struct First<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FirstVisitor(PhantomData)).map(Self)
    }
}

struct FirstVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FirstVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while rows.len() < MOST {
            match list.next_element::<Loose<T>>()? {
                Some(Loose::Object(row)) => rows.push(row),
                Some(_) => {}
                None => return Ok(rows),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(rows)
    }
}

fn text(value: Loose) -> Option<String> {
    value.text().map(|text| one_line(&text))
}

/// With a zone or without one, which is taken for UTC (inferred).
fn time(value: Loose) -> Option<Timestamp> {
    Timestamp::parse(&value.text()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(body: &str) -> Vec<Certificate> {
        Certificate::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_server_is_online_unless_it_says_otherwise() {
        for (body, online) in [
            (r#"{"name":"s","connected":true,"online":true}"#, Some(true)),
            (r#"{"data":{"connected":1,"online":"0"}}"#, Some(false)),
            (r#"{"connected":false,"online":true}"#, Some(false)),
            (r#"{"name":7}"#, None),
        ] {
            assert_eq!(Server::parse(body.as_bytes()).unwrap().online, online, "{body}");
        }
        for odd in ["", "[]", "7", "<html>"] {
            assert!(Server::parse(odd.as_bytes()).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_web_application_shows_no_secret_of_its_own() {
        let body = r#"{"id":646,"name":"app","rootPath":"/home/u/webapps/app","alias":null,
            "pullKey1":"SECRET"}"#;
        let app = WebApp::parse(body.as_bytes()).unwrap();
        assert_eq!(app.root.as_deref(), Some("/home/u/webapps/app"));
        assert_eq!(app.alias_of, None);
        assert!(!format!("{app:?}").contains("SECRET"));
    }

    #[test]
    fn lists_are_read_with_and_without_data_and_what_is_no_row_is_passed_over() {
        for body in [
            r#"{"data":[{"id":1,"name":"a"},7,null,{"name":"b"},{"id":"2"}],"meta":{}}"#,
            r#"[{"id":1,"name":"a"},{"id":2,"name":[]}]"#,
        ] {
            let ids: Vec<_> = Listed::parse_page(body.as_bytes())
                .unwrap()
                .iter()
                .map(|listed| listed.id)
                .collect();
            assert_eq!(ids, [1, 2], "{body}");
        }
        assert!(Listed::parse_page(b"{}").is_err());
        let many = format!("[{}1]", r#"{"id":1},"#.repeat(30_000));
        assert_eq!(Listed::parse_page(many.as_bytes()).unwrap().len(), MOST);
    }

    #[test]
    fn a_log_line_is_one_line_with_its_time_in_either_spelling() {
        let body = r#"{"data":[
            {"kind":"Warning","content":"a\nb","created_at":"2024-07-17T02:43:28.000000Z"},
            {"content":"c","created_at":"2024-07-17 02:43:28"},{"content":"d","created_at":"?"}]}"#;
        let lines = LogLine::parse_page(body.as_bytes()).unwrap();
        let at = Some(Timestamp(1_721_184_208));
        let shown: Vec<_> = lines.iter().map(|line| (line.content.as_str(), line.at)).collect();
        assert_eq!(shown, [("a b", at), ("c", at), ("d", None)]);
    }

    #[test]
    fn a_certificate_is_shown_itself_or_for_each_domain() {
        let flat = r#"{"id":12,"method":"letsencrypt","privateKey":"SECRET","staging":1,
            "validUntil":"2026-10-01 00:00:00","authorizationMethod":"dns-01"}"#;
        let [flat] = installed(flat).try_into().unwrap();
        assert!(
            flat.is_staging && flat.domain.is_none() && !format!("{flat:?}").contains("SECRET")
        );
        assert_eq!(flat.authorization.as_deref(), Some("dns-01"));
        assert_eq!(flat.valid_until.map(|at| at.to_string()).unwrap(), "2026-10-01T00:00:00Z");
        let of_domains =
            r#"{"data":[{"name":"a.test","ssl":{"id":9}},{"name":"b.test","ssl":null}]}"#;
        let ids: Vec<_> =
            installed(of_domains).into_iter().map(|one| (one.domain, one.id)).collect();
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(ids, [(named("a.test"), Some(9)), (named("b.test"), None)]);
        assert_eq!(installed(r#"{"message":"SSL not installed!"}"#), []);
    }
}
