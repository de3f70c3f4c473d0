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
    /// The id that the next row of `wu_domain_mappings` gets; none where the database does not say.
    pub next_mapping: Option<i64>,
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

/// `stage`: how far the plugin is with a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// The plugin waits for the name to arrive here.
    CheckingDns,
    /// It waits for a certificate.
    CheckingSsl,
    /// It found one.
    Done,
    /// It waits for none.
    DoneWithoutSsl,
    /// It found none within its time.
    SslFailed,
    /// It did not see the name arrive within its 25 minutes.
    Failed,
    /// NULL, the empty value, or one of another version.
    #[default]
    Other,
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
    /// `id`.
    pub id: i64,
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
            stage: Stage::of(stage.as_deref().unwrap_or_default()),
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
    pub(super) const COLUMNS: [&str; 3] = ["id", "domain", "path"];

    pub(super) fn of([id, domain, path]: Cells<3>) -> Self {
        Self {
            id: integer(id.as_deref()),
            domain: domain.unwrap_or_default(),
            path: path.unwrap_or_default(),
        }
    }
}

impl Stage {
    const WORDS: [(Self, &str); 6] = [
        (Self::CheckingDns, "checking-dns"),
        (Self::CheckingSsl, "checking-ssl-cert"),
        (Self::Done, "done"),
        (Self::DoneWithoutSsl, "done-without-ssl"),
        (Self::SslFailed, "ssl-failed"),
        (Self::Failed, "failed"),
    ];

    fn of(word: &str) -> Self {
        let known = Self::WORDS.into_iter().find(|(_, known)| *known == word);
        known.map_or(Self::Other, |(stage, _)| stage)
    }

    /// Its word in the table; empty where it is none of the known ones.
    pub fn word(self) -> &'static str {
        let known = Self::WORDS.into_iter().find(|(stage, _)| *stage == self);
        known.map_or("", |(_, word)| word)
    }
}

/// An id; what is none (ids are NOT NULL in every version) counts as 0, which no site has.
fn integer(cell: Option<&str>) -> i64 {
    cell.and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

fn is_set(cell: Option<&str>) -> bool {
    cell.is_some_and(|text| !matches!(text.trim(), "" | "0"))
}
