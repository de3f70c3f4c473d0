//! Whether this program is set up well. Pure.

mod passes;
mod rights;
mod state;
mod unit;

use super::Look;

pub(super) use rights::readable;
pub(super) use unit::PROPERTIES;

pub(super) const CHECKS: &[&[Look]] =
    &[rights::CHECKS, state::CHECKS, unit::CHECKS, passes::CHECKS];
