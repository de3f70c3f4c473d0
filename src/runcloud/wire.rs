//! Domains, in the pages of a listing or alone, read leniently: every field but `id` and `name` may be
//! missing, a flag may be a number, a string or a boolean, and an id may be a string. What is not asked
//! for is not kept, so that a page takes no more memory than its body.

use std::fmt;

use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::actual::{Kind, OwnWord};
use super::error::ApiError;
use super::loose::{Loose, json};

/// The most domains that are believed of one web application. At RunCloud's largest page they are 500
/// calls, and no certificate, quota or web server was built for as many.
pub(super) const MAX_DOMAINS: usize = 20_000;
/// The longest name kept, in octets: the longest host name as a wildcard.
const MAX_NAME: usize = 255;
/// The most that the names of one page may take together, in octets: fifty for each of so many.
const MAX_NAMES: usize = 1024 * 1024;
/// The longest redirection kept, in octets; `non-www` is the longest known.
const MAX_REDIRECTION: usize = 32;

/// One page of the list of domains.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) domains: Vec<WireDomain>,
    /// Missing in old answers.
    pub(super) pagination: Option<Pagination>,
}

/// `meta.pagination`, the one place where both API versions say how many pages there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pagination {
    pub(super) total: u64,
    /// Missing where the answer does not say.
    pub(super) current_page: Option<u64>,
    pub(super) total_pages: u64,
}

/// A domain as listed.
#[derive(Debug)]
pub(super) struct WireDomain {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) www: Option<bool>,
    pub(super) redirection: Option<String>,
    pub(super) wildcard: bool,
}

/// A domain shown by itself.
#[derive(Debug)]
pub(super) struct OneDomain {
    pub(super) id: Option<u64>,
    pub(super) own: OwnWord,
}

impl OneDomain {
    fn of(row: Row) -> Option<Self> {
        let Row { id, name, r#type, www, redirection, .. } = row;
        let redirection = redirection.text().filter(|text| text.len() <= MAX_REDIRECTION);
        let name = name.text().filter(|name| !name.trim().is_empty() && name.len() <= MAX_NAME)?;
        let own = OwnWord { name, kind: kind_of(&r#type), www: www.flag(), redirection };
        Some(Self { id: id.number(), own })
    }
}

impl Page {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let Loose::<PageBody>::Object(PageBody { data: Loose::List(Rows(domains)), meta }) =
            json(body)?
        else {
            return Err(ApiError::Body("it has no list in `data`".into()));
        };
        let pagination = match meta {
            Loose::Object(Meta { pagination }) => pagination,
            _ => None,
        };
        Ok(Self { domains, pagination })
    }
}

/// A domain that is shown by itself, bare or in `data`; none where the answer does not name one.
///
/// # Errors
/// [`ApiError`] where it is no JSON.
pub(super) fn one_in(body: &[u8]) -> Result<Option<OneDomain>, ApiError> {
    let bare = match json(body)? {
        Loose::<Row>::Object(row) => OneDomain::of(row),
        _ => None,
    };
    if bare.is_some() {
        return Ok(bare);
    }
    let Loose::<Within>::Object(Within { data: Loose::Object(row) }) = json(body)? else {
        return Ok(None);
    };
    Ok(OneDomain::of(row))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Within {
    data: Loose<Row>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PageBody {
    data: Loose<IgnoredAny, Rows>,
    meta: Loose<Meta>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    pagination: Option<Pagination>,
}

impl<'de> Deserialize<'de> for Pagination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Fields {
            total: Loose,
            current_page: Loose,
            total_pages: Loose,
        }
        if let Loose::Object(fields) = Loose::<Fields>::deserialize(deserializer)?
            && let (Some(total), Some(total_pages)) =
                (fields.total.number(), fields.total_pages.number())
        {
            let current_page = fields.current_page.number();
            return Ok(Self { total, current_page, total_pages });
        }
        Err(D::Error::custom("its `meta.pagination` is not as documented"))
    }
}

/// The rows of one page, read one by one.
#[derive(Default)]
struct Rows(Vec<WireDomain>);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowVisitor).map(Self)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Vec<WireDomain>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of domains")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut rows, mut octets) = (Vec::new(), 0);
        while let Some(row) = list.next_element::<WireDomain>()? {
            octets += row.name.len();
            if rows.len() == MAX_DOMAINS || octets > MAX_NAMES {
                return Err(A::Error::custom("it has more domains than any web application"));
            }
            rows.push(row);
        }
        Ok(rows)
    }
}

impl<'de> Deserialize<'de> for WireDomain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Loose::deserialize(deserializer)? {
            Loose::<Row>::Object(row) => Self::of(row).map_err(D::Error::custom),
            _ => Err(D::Error::custom("a domain in it is no object")),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    id: Loose,
    name: Loose,
    r#type: Loose,
    www: Loose,
    redirection: Loose,
    wildcard: Loose,
}

impl WireDomain {
    fn of(row: Row) -> Result<Self, &'static str> {
        let (Some(id), Some(name)) = (row.id.number(), row.name.text()) else {
            return Err("a domain in it has no id or no name");
        };
        let redirection = row.redirection.text();
        if name.trim().is_empty() {
            return Err("a domain in it has an empty name");
        }
        if name.len() > MAX_NAME {
            return Err("a domain in it has a name longer than any host name");
        }
        if redirection.as_ref().is_some_and(|text| text.len() > MAX_REDIRECTION) {
            return Err("a domain in it has an odd redirection");
        }
        Ok(Self {
            id,
            name,
            kind: kind_of(&row.r#type),
            www: row.www.flag(),
            redirection,
            wildcard: row.wildcard.flag().unwrap_or_default(),
        })
    }
}

/// A type of a kind nobody knows, such as a number, is there for a reason: the name is not touched.
fn kind_of(value: &Loose) -> Kind {
    match value {
        Loose::Missing => Kind::Unknown,
        Loose::Text(text) if text == "primary" => Kind::Primary,
        Loose::Text(text) if text == "alias" => Kind::Alias,
        _ => Kind::Redirect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Result<Page, String> {
        Page::parse(body.as_bytes()).map_err(|error| error.to_string())
    }

    fn row(row: &str) -> Result<WireDomain, String> {
        page(&format!(r#"{{"data":[{row}]}}"#)).map(|mut page| page.domains.remove(0))
    }

    #[test]
    fn an_answer_without_a_list_is_an_error_and_not_an_empty_list() {
        for body in [
            "",
            "<html>",
            "[]",
            "[[]]",
            "{}",
            r#"{"data":null}"#,
            r#"{"data":{}}"#,
            r#"{"data":"[]"}"#,
            "{\"data\":[",
            r#"{"data":[]}x"#,
            r#"{"data":[],"data":[]}"#,
            "7",
            "\u{1f}\u{8b}\u{8}",
        ] {
            assert!(page(body).is_err(), "{body}");
        }
        for odd in [r#"{"total":"many"}"#, "[]", "7", r#"{"total":1}"#] {
            let body = format!(r#"{{"data":[],"meta":{{"pagination":{odd}}}}}"#);
            assert!(page(&body).unwrap_err().contains("not as documented"), "{odd}");
        }
        for none in [r#"{"data":[]}"#, r#"{"data":[],"meta":[]}"#, r#"{"meta":{},"data":[]}"#] {
            assert!(page(none).unwrap().pagination.is_none(), "{none}");
        }
    }

    #[test]
    fn a_domain_of_the_old_api_has_only_id_and_name() {
        let old = row(r#"{"id":7,"name":"a.test"}"#).unwrap();
        assert_eq!((old.id, old.kind, old.www, old.redirection), (7, Kind::Unknown, None, None));
        for odd in [r#"{"id":7}"#, r#""a.test""#, "7", r#"[7,"a.test"]"#, r#"{"name":"a.test"}"#] {
            assert!(row(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn fields_of_a_wrong_type_are_as_good_as_missing() {
        let odd = r#"{"id":"7","name":"a.test","www":[1],"redirection":{"a":1},"wildcard":null}"#;
        let odd = row(odd).unwrap();
        assert_eq!((odd.id, odd.www, odd.redirection, odd.wildcard), (7, None, None, false));
    }

    #[test]
    fn a_name_of_an_unknown_type_is_not_touched() {
        for (kind, is) in [
            (r#""alias""#, Kind::Alias),
            (r#""primary""#, Kind::Primary),
            (r#""redirect""#, Kind::Redirect),
            (r#""""#, Kind::Redirect),
            ("7", Kind::Redirect),
            (r#"["alias"]"#, Kind::Redirect),
            ("null", Kind::Unknown),
        ] {
            let row = row(&format!(r#"{{"id":7,"name":"a.test","type":{kind}}}"#)).unwrap();
            assert_eq!(row.kind, is, "{kind}");
        }
    }

    #[test]
    fn an_error_tells_where_it_is_and_never_quotes_the_body() {
        let long = format!(r#"{{"id":7,"name":"{}"}}"#, "SECRET".repeat(1_000));
        for odd in [
            &*long,
            r#""SECRET""#,
            r#"{"id":"SECRET","name":"a.test"}"#,
            r#"{"id":7,"name":["SECRET"]}"#,
            r#"{"id":7,"id":8,"name":"SECRET"}"#,
            r#"{"id":7,"name":"a.test","redirection":"SECRETSECRETSECRETSECRETSECRETSECRET"}"#,
            r#"{"SECRET""#,
        ] {
            let error = row(odd).unwrap_err();
            assert!(!error.contains("SECRET"), "{error}");
            assert!(error.contains("line 1"), "{error}");
        }
    }

    #[test]
    fn a_page_of_more_domains_than_are_believed_is_an_error() {
        let body = |rows: usize, name: &str| {
            let row = |id| format!(r#"{{"id":{id},"name":"{name}"}}"#);
            format!(r#"{{"data":[{}]}}"#, (0..rows).map(row).collect::<Vec<_>>().join(","))
        };
        assert_eq!(page(&body(MAX_DOMAINS, "a")).unwrap().domains.len(), MAX_DOMAINS);
        assert!(page(&body(MAX_DOMAINS + 1, "a")).unwrap_err().contains("more domains than"));
        assert!(page(&body(4_112, &"a".repeat(255))).is_ok());
        assert!(page(&body(4_113, &"a".repeat(255))).unwrap_err().contains("more domains than"));
    }
}
