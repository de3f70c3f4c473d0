//! Pages of a list, in Fractal's shape, and the order in which domains appear.

use serde::Serialize;

use super::answer::Answer;
use super::ask::Ask;
use super::faults::Effect;
use super::model::mix;
use super::network::Domain;
use super::wire::{Links, Meta, Page, Pagination};

/// The documented maximum of `perPage`.
pub(super) const LARGEST_PAGE: usize = 40;

/// What is listed, before it is cut into pages.
pub(super) struct Listing {
    pub(super) total: usize,
    /// The page size when the client names none.
    pub(super) default_size: usize,
    /// The most rows a page has, whatever the client asks for.
    pub(super) cap: usize,
}

/// One page; `row` is called for the rows on it only.
pub(super) fn paginate<T: Serialize>(
    ask: &Ask,
    listing: &Listing,
    row: impl Fn(usize) -> T,
) -> Answer {
    let wanted = ask.number_of("perPage").unwrap_or(listing.default_size);
    let size = wanted.min(LARGEST_PAGE).min(listing.cap).max(1);
    let page = ask.number_of("page").unwrap_or(1).max(1);
    let first = (page - 1).saturating_mul(size).min(listing.total);
    let mut rows: Vec<usize> = (first..(first + size).min(listing.total)).collect();
    let mut total = listing.total;
    match ask.distortion {
        Some(Effect::RepeatIds) if first > 0 && !rows.is_empty() => rows[0] = first - 1,
        Some(Effect::DropPage(dropped)) if usize::try_from(dropped) == Ok(page) => rows.clear(),
        Some(Effect::UnstableTotals) if ask.number.is_multiple_of(2) => total += 1,
        _ => {}
    }
    let last = total.div_ceil(size).max(1);
    let pagination = Pagination {
        total,
        count: rows.len(),
        per_page: size,
        current_page: page,
        total_pages: last,
        links: links(&ask.path, page, last),
    };
    Answer::ok(&Page { data: rows.into_iter().map(row).collect(), meta: Meta { pagination } })
}

/// An empty object on a single page (documented); what it has otherwise is Fractal's habit (inferred).
fn links(path: &str, page: usize, last: usize) -> Links {
    let to = |page: usize| format!("https://manage.runcloud.io{path}?page={page}");
    Links { previous: (page > 1).then(|| to(page - 1)), next: (page < last).then(|| to(page + 1)) }
}

/// Positions in `domains` in the order of a listing: by the seed and the ids alone, so that it stays the same from
/// page to page, and when a domain comes or goes between two of them.
pub(super) fn order(domains: &[Domain], seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..domains.len()).collect();
    order.sort_by_cached_key(|&at| fastrand::Rng::with_seed(mix(seed, domains[at].id)).u64(..));
    order
}
