use std::path::{Path, PathBuf};

use super::args::Settings;
use super::exit::{Exit, Failure};
use crate::config::{self, Environment};
use crate::domain::{Domain, Rejection};
use crate::ledger::Operator;

/// The environment, as far as it is text.
pub(super) fn environment() -> Environment {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// The state directory, for a command that needs no other setting.
pub(super) fn state_dir(settings: &Settings) -> Result<PathBuf, Failure> {
    let (directory, notice) = config::state_dir(&settings.flags(), &environment())?;
    if let Some(notice) = notice {
        eprintln!("note: {notice}");
    }
    Ok(directory)
}

/// The ledger, for a word to whoever is at work on it.
pub(super) async fn join(settings: &Settings) -> Result<Operator, Failure> {
    let directory = state_dir(settings)?;
    Operator::join(&directory).await?.ok_or_else(|| no_ledger(&directory))
}

/// There is nothing at work: a word would wait in a place where nobody looks.
pub(super) fn no_ledger(directory: &Path) -> Failure {
    let message = format!(
        "there is no ledger in {}, so nothing was ever at work on it. Give the --state-dir or the --config \
         that the service has",
        directory.display()
    );
    Failure::new(Exit::Config, message)
}

/// The host name that a command was given.
pub(super) fn name(text: &str) -> Result<Domain, Failure> {
    let wrong =
        |rejection| Failure::usage(format!("{rejection}; give one such as shop.example.com"));
    name_in(text).map_err(wrong)
}

/// The host name in whatever a person pastes: any spelling of it, or a URL.
pub(super) fn name_in(text: &str) -> Result<Domain, Rejection> {
    let plain = Domain::parse_without_port(text);
    plain.or_else(|rejection| in_url(text).ok_or(rejection))
}

fn in_url(text: &str) -> Option<Domain> {
    let text = text.trim();
    let url = reqwest::Url::parse(text).ok().filter(reqwest::Url::has_host);
    let url = url.or_else(|| reqwest::Url::parse(&format!("https://{text}")).ok())?;
    Domain::parse(url.host_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_whatever_is_pasted() {
        for text in [
            "shop.example.com",
            " SHOP.example.com.\n",
            "https://shop.example.com/cart?x=1",
            "http://user:secret@shop.example.com:8080",
            "shop.example.com:8080",
            "shop.example.com/cart",
            "info@shop.example.com",
            "//shop.example.com/",
        ] {
            assert_eq!(name_in(text).unwrap().as_str(), "shop.example.com", "{text}");
        }
        assert_eq!(name_in("https://müller.de").unwrap().as_str(), "xn--mller-kva.de");
        for text in ["", "shop", "not a name", "https://", "*.example.com", "127.0.0.1"] {
            assert!(name_in(text).is_err(), "{text}");
        }
    }
}
