//! What the tests stand on: a real MariaDB and a world around the library.

pub mod binary;
pub mod mariadb;
pub mod world;
