use std::time::SystemTime;

use reqwest::header::{DATE, HeaderMap};

/// RunCloud's clock and this machine's at one moment, to the second and the time of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// As the `Date` header of an answer says.
    theirs: SystemTime,
    /// When that answer came.
    ours: SystemTime,
}

impl Clocks {
    /// The clocks at an answer with these headers; none where it has no date.
    pub(super) fn of(headers: &HeaderMap, ours: SystemTime) -> Option<Self> {
        let date = headers.get(DATE)?.to_str().ok()?;
        Some(Self { theirs: httpdate::parse_http_date(date).ok()?, ours })
    }

    /// How many seconds this machine's clock is ahead; negative where it is behind.
    pub fn ahead(&self) -> i64 {
        let seconds = |apart: std::time::Duration| apart.as_secs().cast_signed();
        match self.ours.duration_since(self.theirs) {
            Ok(apart) => seconds(apart),
            Err(behind) => -seconds(behind.duration()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn clocks_are_compared_by_the_second() {
        let headers = |date: &'static str| HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
        let theirs = headers("Sun, 22 Nov 2026 10:00:00 GMT");
        let at = httpdate::parse_http_date("Sun, 22 Nov 2026 10:00:00 GMT").unwrap();
        let ahead = |ours| Clocks::of(&theirs, ours).map(|clocks| clocks.ahead());
        assert_eq!(ahead(at), Some(0));
        assert_eq!(ahead(at + Duration::from_millis(90_900)), Some(90));
        assert_eq!(ahead(at - Duration::from_hours(1)), Some(-3_600));
        assert_eq!(Clocks::of(&headers("today"), at), None);
        assert_eq!(Clocks::of(&HeaderMap::new(), at), None);
    }
}
