/// The cells of a row as text, NULL as none.
pub(super) type Cells<const N: usize> = [Option<String>; N];

/// The tables of one network as they stood in one snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// `wu_domain_mappings`.
    pub mappings: Vec<Mapping>,
    /// `blogs`; none where it cannot be read.
    pub sites: Option<Vec<Site>>,
    /// `site`; none where it cannot be read.
    pub networks: Option<Vec<Network>>,
    /// The `main_site` entries of `sitemeta`; empty where it cannot be read.
    pub main_sites: Vec<i64>,
}

/// A row of `wu_domain_mappings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// `id`.
    pub id: i64,
    /// `blog_id`.
    pub site: i64,
    /// `domain`, as stored.
    pub domain: String,
    /// `active`; NULL counts as 0.
    pub active: bool,
    /// `stage`.
    pub stage: Stage,
}

/// As much of `stage` as matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `failed`: the plugin did not see the name arrive within its 25 minutes.
    Failed,
    /// Every other value, NULL, the empty one and those of later versions included.
    Open,
}

/// A row of `blogs`: a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// `blog_id`.
    pub id: i64,
    /// `domain`, as stored; may carry a port.
    pub domain: String,
    /// `path`.
    pub path: String,
    /// `archived`, `spam` and `deleted`.
    pub state: SiteState,
}

/// Whether a site is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteState {
    /// It is served.
    Live,
    /// `deleted` is set.
    Deleted,
    /// `spam` is set.
    Spam,
    /// `archived` is set.
    Archived,
}

/// A row of `site`: a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// `domain`, as stored; may carry a port.
    pub domain: String,
    /// `path`.
    pub path: String,
}

impl Mapping {
    pub(super) const COLUMNS: [&str; 5] = ["id", "blog_id", "domain", "active", "stage"];

    pub(super) fn of([id, site, domain, active, stage]: Cells<5>) -> Self {
        Self {
            id: integer(id.as_deref()),
            site: integer(site.as_deref()),
            domain: domain.unwrap_or_default(),
            active: is_set(active.as_deref()),
            stage: if stage.as_deref() == Some("failed") { Stage::Failed } else { Stage::Open },
        }
    }
}

impl Site {
    pub(super) const COLUMNS: [&str; 6] =
        ["blog_id", "domain", "path", "archived", "spam", "deleted"];

    pub(super) fn of([id, domain, path, archived, spam, deleted]: Cells<6>) -> Self {
        let state = match (is_set(deleted.as_deref()), is_set(spam.as_deref())) {
            (true, _) => SiteState::Deleted,
            (_, true) => SiteState::Spam,
            _ if is_set(archived.as_deref()) => SiteState::Archived,
            _ => SiteState::Live,
        };
        Self {
            id: integer(id.as_deref()),
            domain: domain.unwrap_or_default(),
            path: path.unwrap_or_default(),
            state,
        }
    }
}

impl Network {
    pub(super) const COLUMNS: [&str; 2] = ["domain", "path"];

    pub(super) fn of([domain, path]: Cells<2>) -> Self {
        Self { domain: domain.unwrap_or_default(), path: path.unwrap_or_default() }
    }
}

/// An id; what is none (ids are NOT NULL in every version) counts as 0, which no site has.
fn integer(cell: Option<&str>) -> i64 {
    cell.and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

fn is_set(cell: Option<&str>) -> bool {
    cell.is_some_and(|text| !matches!(text.trim(), "" | "0"))
}
