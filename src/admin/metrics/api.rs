use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::total::Total;
use super::{Measured, enter, measure, measured};
use crate::runcloud::{Answer, Calls, RateLimit, Topic};

/// Calls to RunCloud.
pub(in crate::admin) struct Api {
    calls: Family<Call, Total>,
    rate_limit: Measured,
    rate_limit_remaining: Measured,
    calls_in_month: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    endpoint: &'static str,
    status: &'static str,
}

impl Api {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let help = "Calls to RunCloud's API, by what they are about and how they ended";
        let calls: Family<Call, Total> = enter(registry, "api_calls_total", help);
        for topic in Topic::ALL {
            for answer in Answer::ALL {
                calls.get_or_create(&Call::of(topic, answer)).add(0);
            }
        }
        let help = "Calls that RunCloud allows in a minute; not a number where it did not say";
        let rate_limit = measured(registry, "api_rate_limit", help);
        let help = "How many of them were left at the last answer";
        let rate_limit_remaining = measured(registry, "api_rate_limit_remaining", help);
        let help = "Calls that RunCloud got in this calendar month";
        let calls_in_month = enter(registry, "api_calls_in_month", help);
        Self { calls, rate_limit, rate_limit_remaining, calls_in_month }
    }

    pub(in crate::admin) fn count(&self, calls: &Calls, told: Option<RateLimit>, in_month: u64) {
        for ((topic, answer), count) in &calls.0 {
            self.calls.get_or_create(&Call::of(*topic, *answer)).add(*count);
        }
        measure(&self.rate_limit, told.map(|told| told.limit.into()));
        measure(&self.rate_limit_remaining, told.map(|told| told.remaining.into()));
        self.calls_in_month.set(in_month.cast_signed());
    }
}

impl Call {
    fn of(topic: Topic, answer: Answer) -> Self {
        Self { endpoint: topic.word(), status: answer.word() }
    }
}
