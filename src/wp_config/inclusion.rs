//! `require` and its kin: which files belong to the configuration.

use std::path::Path;

use super::expression::ASSIGNED;
use super::lexer::Kind;
use super::paths;
use super::reader::{Flow, Halt, Inclusion};
use super::state::{Mode, Place};
use super::strings::{Part, Template};
use super::value::Datum;
use super::walk::{Position, Walk};

impl Walk<'_, '_> {
    pub(super) fn inclusion(&mut self, inclusion: Inclusion, place: Place) -> Flow<Datum> {
        let start = self.at;
        let path = self.expression(ASSIGNED)?;
        let unknown = Datum::unknown("comes from an included file");
        if self.mode() == Mode::Never {
            return Ok(unknown);
        }
        let written = self.literal_end(start);
        if written.ends_with("wp-settings.php") {
            return if self.mode() == Mode::Certain { Err(Halt::Stop) } else { Ok(unknown) };
        }
        match path.text() {
            Ok(path) => {
                let path = paths::resolve(&path, self.directory());
                self.follow(&path, inclusion, place)?;
            }
            Err(_) if written.ends_with("vendor/autoload.php") => {}
            Err(why) => self.veil(format!("may be set in an included file whose name {why}")),
        }
        Ok(unknown)
    }

    fn follow(&mut self, path: &Path, inclusion: Inclusion, place: Place) -> Flow<()> {
        if path.ends_with("wp-settings.php") && self.mode() == Mode::Certain {
            return Err(Halt::Stop);
        }
        if is_foreign_code(path) {
            return Ok(());
        }
        let position = Position { depth: self.position.depth + 1, ..self.position };
        self.reader.include(path, inclusion, place, position)
    }

    /// The last literal since `start`: the end of a path, even if its beginning is unknown.
    fn literal_end(&self, start: usize) -> String {
        let literal =
            self.tokens[start..self.at].iter().rev().find_map(|token| match &token.kind {
                Kind::Literal(Template::Parts(parts)) => parts.last(),
                _ => None,
            });
        match literal {
            Some(Part::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }
}

/// WordPress, its plugins and libraries do not configure the site, and are large.
fn is_foreign_code(path: &Path) -> bool {
    let has = |folder: &str| path.components().any(|part| part.as_os_str() == folder);
    let core = path.ends_with("wp-settings.php") || has("wp-includes") || has("wp-admin");
    core || has("vendor") || has("plugins") || has("mu-plugins")
}
