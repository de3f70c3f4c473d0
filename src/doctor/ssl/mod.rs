//! Why a name has no certificate. Pure.

mod certificates;
mod covered;
mod pointing;

use super::Look;

pub(super) const CHECKS: &[&[Look]] = &[certificates::CHECKS, pointing::CHECKS, covered::CHECKS];
