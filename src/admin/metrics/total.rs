use std::fmt::Error;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::{MetricType, TypedMetric};

/// A counter whose whole name ends in `_total`, as Prometheus's text format wants it; the library's own belongs
/// to `OpenMetrics`, whose `_total` is no part of the name.
#[derive(Clone, Debug, Default)]
pub(super) struct Total(Counter);

impl Total {
    pub(super) fn add(&self, count: u64) {
        self.0.inc_by(count);
    }
}

impl EncodeMetric for Total {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), Error> {
        encoder.encode_gauge(&self.0.get().cast_signed())
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Total {
    const TYPE: MetricType = MetricType::Counter;
}
