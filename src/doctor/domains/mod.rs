//! Why a domain is not added, or not served. Pure.

mod names;
mod plugin;
mod rows;

use super::Look;

pub(super) use names::refused_names;

pub(super) const CHECKS: &[&[Look]] = &[names::CHECKS, plugin::CHECKS, rows::CHECKS];
