//! The metrics. Their number of series is always the same: no name of a domain is a label, and every series is
//! there from the first scrape on.

mod api;
mod names;
mod passes;
mod total;

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

pub(super) use api::Api;
pub(super) use names::Names;
pub(super) use passes::Passes;

const PREFIX: &str = "runcloud_domain_sync";

/// Every metric.
pub(super) struct Metrics {
    registry: Registry,
    pub(super) passes: Passes,
    pub(super) names: Names,
    pub(super) api: Api,
}

/// A value that may be none, which is then not a number: what is compared with it is not so.
type Measured = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let (passes, names, api) =
            (Passes::new(&mut registry), Names::new(&mut registry), Api::new(&mut registry));
        let help = "The version of the program; the value is always 1";
        let build: Family<Build, Gauge> = enter(&mut registry, "build_info", help);
        build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
        Self { registry, passes, names, api }
    }

    /// The text that Prometheus reads, in its format 0.0.4.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode_registry(&mut text, &self.registry);
        text
    }
}

fn enter<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn measured(registry: &mut Registry, name: &str, help: &str) -> Measured {
    let metric: Measured = enter(registry, name, help);
    metric.set(f64::NAN);
    metric
}

fn histogram<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    buckets: [f64; N],
) -> Histogram {
    let metric = Histogram::new(buckets);
    registry.register(name, help, metric.clone());
    metric
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[allow(clippy::cast_precision_loss, reason = "what is measured here is far below 2^53")]
fn measure(metric: &Measured, number: Option<i64>) {
    metric.set(number.map_or(f64::NAN, |number| number as f64));
}
