//! A listing that adds up: every page there, each id once, as many domains as were promised.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::error::ApiError;
use super::wire::{MAX_DOMAINS, Page, Pagination, WireDomain};

/// The most pages that are asked for in one listing, however few domains each has.
const MAX_PAGES: u64 = 1_000;

/// How long a listing may take, besides
const LISTING_TIME: Duration = Duration::from_mins(5);
/// this for each page that it has; RunCloud's throttle leaves about one call a second (inferred).
const PAGE_TIME: Duration = Duration::from_secs(5);

/// Reads a listing, page by page.
///
/// # Errors
/// [`ApiError::Listing`] where it does not add up, [`ApiError::Interrupted`] where it does not come to an end
/// in its time, and those of `get_page`.
pub(super) async fn whole(
    mut get_page: impl AsyncFnMut(u64) -> Result<Page, ApiError>,
) -> Result<Vec<WireDomain>, ApiError> {
    let mut deadline = Instant::now() + LISTING_TIME;
    let mut listing = Listing::default();
    while let Some(number) = listing.next_page() {
        let Ok(page) = timeout_at(deadline, get_page(number)).await else {
            let text =
                format!("the list of domains came no further than page {number} in its time");
            return Err(ApiError::Interrupted(text));
        };
        listing.take(page?)?;
        deadline += PAGE_TIME;
    }
    listing.finish()
}

/// A listing while it is read.
#[derive(Default)]
struct Listing {
    domains: Vec<WireDomain>,
    ids: BTreeSet<u64>,
    pages: u64,
    promised: Option<Pagination>,
    is_whole: bool,
}

impl Listing {
    /// The page to ask for next; none once the listing is whole.
    fn next_page(&self) -> Option<u64> {
        (!self.is_whole).then_some(self.pages + 1)
    }

    /// Takes the next page.
    fn take(&mut self, page: Page) -> Result<(), ApiError> {
        self.pages += 1;
        let rows = page.domains.len();
        let known_before = self.ids.len();
        for domain in page.domains {
            if self.ids.insert(domain.id) {
                self.domains.push(domain);
            } else if page.pagination.is_some() {
                return odd(format!("domain id {} is in it twice", domain.id));
            }
        }
        self.is_whole = match page.pagination {
            Some(pagination) => self.check(rows, pagination)?,
            // Without totals the end is a page that is empty or says nothing new.
            None => self.ids.len() == known_before,
        };
        let (domains, pages) = (self.domains.len(), self.pages);
        if domains > MAX_DOMAINS || (pages == MAX_PAGES && !self.is_whole) {
            return odd(format!("it has no end after {domains} domains on {pages} pages"));
        }
        Ok(())
    }

    /// All domains of a listing that is whole.
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

    /// Whether the page just taken is the last one.
    fn check(&mut self, rows: usize, now: Pagination) -> Result<bool, ApiError> {
        let number = self.pages;
        if let Some(other) = now.current_page.filter(|page| *page != number) {
            return odd(format!("page {number} says it is page {other}"));
        }
        let is_last = number >= now.total_pages;
        if rows == 0 && (!is_last || number > 1) {
            return odd(format!("page {number} of {} is empty", now.total_pages));
        }
        match &self.promised {
            None => check_promise(rows, &now)?,
            Some(before) if (before.total, before.total_pages) == (now.total, now.total_pages) => {}
            Some(before) => {
                let text =
                    format!("its total went from {} to {} meanwhile", before.total, now.total);
                return odd(text);
            }
        }
        self.promised = Some(now);
        Ok(is_last)
    }
}

/// Refuses what the first page promises where it cannot be kept, before any other page is read.
fn check_promise(rows: usize, promise: &Pagination) -> Result<(), ApiError> {
    let Pagination { total, total_pages, .. } = *promise;
    if total > MAX_DOMAINS as u64 {
        return odd(format!(
            "it promises {total} domains, and more than {MAX_DOMAINS} are not read"
        ));
    }
    // Every page but the last is as long as the first.
    let enough = total.div_ceil(rows.max(1) as u64).max(1);
    if total_pages > enough {
        return odd(format!(
            "it promises {total_pages} pages for {total} domains, and page 1 has {rows}"
        ));
    }
    Ok(())
}

fn odd<T>(what: String) -> Result<T, ApiError> {
    Err(ApiError::Listing(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runcloud::Kind;

    fn page(ids: &[u64], total: u64, current_page: u64, total_pages: u64) -> Page {
        let domain = |id: &u64| WireDomain {
            id: *id,
            name: format!("{id}.test"),
            kind: Kind::Alias,
            www: None,
            redirection: None,
            wildcard: false,
        };
        let pagination = Some(Pagination { total, current_page: Some(current_page), total_pages });
        Page { domains: ids.iter().map(domain).collect(), pagination }
    }

    fn bare(ids: &[u64]) -> Page {
        Page { pagination: None, ..page(ids, 0, 0, 0) }
    }

    /// Reads pages until the listing asks for no more of them; how many domains it has, and on how
    /// many pages.
    fn read(pages: impl IntoIterator<Item = Page>) -> Result<(usize, u64), String> {
        let mut listing = Listing::default();
        for page in pages {
            listing.take(page).map_err(|error| error.to_string())?;
            if listing.next_page().is_none() {
                let pages = listing.pages;
                return match listing.finish() {
                    Ok(domains) => Ok((domains.len(), pages)),
                    Err(error) => Err(error.to_string()),
                };
            }
        }
        Err("not whole".into())
    }

    /// Reads a hundred pages of one domain, each after `pause`: on which page it ended, after how many seconds.
    async fn slow(pause: Duration) -> (Result<usize, ApiError>, u64, u64) {
        let (began, mut last) = (Instant::now(), 0);
        let outcome = whole(async |number| {
            last = number;
            tokio::time::sleep(pause).await;
            Ok(page(&[number], 100, number, 100))
        })
        .await;
        (outcome.map(|domains| domains.len()), last, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_listing_of_slow_pages_is_given_up() {
        let (outcome, page, took) = slow(Duration::from_secs(29)).await;
        assert!(matches!(outcome, Err(ApiError::Interrupted(_))), "{outcome:?}");
        assert_eq!((page, took), (13, 360));
        assert_eq!(slow(Duration::from_secs(7)).await, (Ok(100), 100, 700));
    }

    #[test]
    fn a_listing_that_adds_up_is_whole() {
        assert_eq!(read([page(&[1, 2], 3, 1, 2), page(&[3], 3, 2, 2)]), Ok((3, 2)));
        assert_eq!(read([page(&[], 0, 1, 1)]), Ok((0, 1)));
        assert_eq!(read([page(&[], 0, 1, 0)]), Ok((0, 1)));
        let longest: Vec<u64> = (0..MAX_DOMAINS as u64).collect();
        assert_eq!(read([page(&longest, 20_000, 1, 1)]), Ok((MAX_DOMAINS, 1)));
    }

    #[test]
    fn a_listing_that_does_not_add_up_is_an_error() {
        for (pages, why) in [
            (vec![page(&[1, 2], 3, 1, 2), page(&[2], 3, 2, 2)], "id 2 is in it twice"),
            (vec![page(&[1, 2], 3, 1, 2), page(&[3], 4, 2, 2)], "went from 3 to 4"),
            (vec![page(&[1, 2], 3, 1, 2), page(&[], 3, 2, 2)], "page 2 of 2 is empty"),
            (vec![page(&[1, 2], 3, 1, 1)], "promises 3 domains and has 2"),
            (vec![page(&[1], 2, 1, 2), page(&[2], 2, 1, 2)], "page 2 says it is page 1"),
            (vec![page(&[], 3, 1, 1)], "promises 3 domains and has 0"),
            (vec![page(&[], 3, 1, 2)], "page 1 of 2 is empty"),
        ] {
            let error = read(pages).unwrap_err();
            assert!(error.contains(why), "{error} / {why}");
        }
    }

    #[test]
    fn a_promise_that_cannot_be_kept_is_refused_on_the_first_page() {
        for (first, why) in [
            (page(&[1, 2], 4, 1, 3), "promises 3 pages for 4 domains, and page 1 has 2"),
            (page(&[1, 2], 2, 1, u64::MAX), "promises 18446744073709551615 pages"),
            (page(&[1, 2], 0, 1, 2), "promises 2 pages for 0 domains"),
            (page(&[1, 2], 20_001, 1, 10_001), "more than 20000 are not read"),
            (page(&[1, 2], u64::MAX, 1, u64::MAX / 2), "more than 20000 are not read"),
        ] {
            let error = read([first]).unwrap_err();
            assert!(error.contains(why), "{error} / {why}");
        }
    }

    #[test]
    fn without_totals_the_end_is_a_page_that_says_nothing_new() {
        assert_eq!(read([bare(&[1, 2]), bare(&[3]), bare(&[])]), Ok((3, 3)));
        assert_eq!(read([bare(&[1, 2]), bare(&[1, 2])]), Ok((2, 2)));
    }

    #[test]
    fn a_listing_without_end_is_an_error_after_so_many_pages_or_domains() {
        let error = read((0..).map(|id| bare(&[id]))).unwrap_err();
        assert!(error.contains("no end after 1000 domains on 1000 pages"), "{error}");
        let forty = |page: u64| bare(&(page * 40..(page + 1) * 40).collect::<Vec<_>>());
        let error = read((0..).map(forty)).unwrap_err();
        assert!(error.contains("no end after 20040 domains on 501 pages"), "{error}");
        let single = |id: u64| page(&[id], 1_001, id, 1_001);
        let error = read((1..).map(single)).unwrap_err();
        assert!(error.contains("no end after 1000 domains on 1000 pages"), "{error}");
    }
}
