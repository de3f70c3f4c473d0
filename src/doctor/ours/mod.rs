//! Whether this program is set up well. Pure.

mod passes;
mod rights;
mod state;

use super::Look;

pub(super) use rights::readable;

pub(super) const CHECKS: &[&[Look]] = &[rights::CHECKS, state::CHECKS, passes::CHECKS];
