//! What RunCloud sends, read leniently: every field but `id` and `name` may be missing, a flag may
//! be a number, a string or a boolean, and an id may be a string.

use serde_json::Value;

use super::error::ApiError;

/// One page of the list of domains.
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
    pub(super) kind: Option<String>,
    pub(super) www: Option<bool>,
    pub(super) redirection: Option<String>,
    pub(super) wildcard: bool,
}

pub(super) fn json(body: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::Body(format!("it is not JSON (line {})", error.line())))
}

impl Page {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let mut value = json(body)?;
        let pagination = match value.pointer("/meta/pagination") {
            None | Some(Value::Null) => None,
            Some(found) => Some(Pagination::parse(found)?),
        };
        match value.get_mut("data").map(Value::take) {
            Some(Value::Array(items)) => {
                let domains = items.iter().map(WireDomain::parse).collect::<Result<_, _>>()?;
                Ok(Self { domains, pagination })
            }
            _ => Err(ApiError::Body("it has no list in `data`".into())),
        }
    }
}

impl Pagination {
    fn parse(meta: &Value) -> Result<Self, ApiError> {
        let (Some(total), Some(total_pages)) =
            (number(&meta["total"]), number(&meta["total_pages"]))
        else {
            return Err(ApiError::Body("its `meta.pagination` is not as documented".into()));
        };
        Ok(Self { total, current_page: number(&meta["current_page"]), total_pages })
    }
}

impl WireDomain {
    fn parse(item: &Value) -> Result<Self, ApiError> {
        let id = number(&item["id"]);
        let (Some(id), Some(name)) = (id, item["name"].as_str()) else {
            return Err(ApiError::Body("a domain in it has no id or no name".into()));
        };
        Ok(Self {
            id,
            name: name.to_owned(),
            kind: item["type"].as_str().map(str::to_owned),
            www: (!item["www"].is_null()).then(|| flag(&item["www"])),
            redirection: item["redirection"].as_str().map(str::to_owned),
            wildcard: flag(&item["wildcard"]),
        })
    }
}

/// An id: a number, or a string of digits.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A flag: true, a number other than 0, or a string that says so; anything else is false.
pub(super) fn flag(value: &Value) -> bool {
    match value {
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => matches!(text.trim(), "1" | "true" | "yes" | "on"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn flags_and_ids_come_in_many_types() {
        for yes in [json!(true), json!(1), json!("1"), json!("true")] {
            assert!(flag(&yes), "{yes}");
        }
        for no in [json!(false), json!(0), json!("0"), json!(null), json!([]), json!("")] {
            assert!(!flag(&no), "{no}");
        }
        assert_eq!(number(&json!("710")), Some(710));
        assert_eq!(number(&json!(710)), Some(710));
        assert_eq!(number(&json!(-1)), None);
    }

    #[test]
    fn an_answer_without_a_list_is_an_error_and_not_an_empty_list() {
        for body in
            ["", "<html>", "[]", "{}", r#"{"data":null}"#, r#"{"data":{}}"#, "{\"data\":[", "7"]
        {
            assert!(Page::parse(body.as_bytes()).is_err(), "{body}");
        }
        let odd = r#"{"data":[],"meta":{"pagination":{"total":"many"}}}"#;
        assert!(Page::parse(odd.as_bytes()).is_err());
        assert!(Page::parse(br#"{"data":[]}"#).unwrap().pagination.is_none());
    }

    #[test]
    fn a_domain_of_the_old_api_has_only_id_and_name() {
        let old = WireDomain::parse(&json!({ "id": 7, "name": "a.test" })).unwrap();
        assert_eq!((old.id, old.kind, old.www), (7, None, None));
        assert!(WireDomain::parse(&json!({ "id": 7 })).is_err());
        assert!(WireDomain::parse(&json!("a.test")).is_err());
    }
}
