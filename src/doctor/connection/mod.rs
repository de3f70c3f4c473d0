//! Whether the settings lead to a web application and a database that can be read.

mod account;
mod api;
mod database;
mod settings;

use super::Look;

pub(super) const CHECKS: &[&[Look]] =
    &[settings::CHECKS, api::CHECKS, account::CHECKS, database::CHECKS];
