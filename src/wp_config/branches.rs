//! Conditions and loops: what is executed certainly, perhaps or never.

use super::reader::Flow;
use super::state::Mode;
use super::value::Datum;
use super::walk::Walk;

/// How the branches of an `if` are delimited.
#[derive(Clone, Copy)]
enum Style {
    Braces,
    /// `if (…): … endif;`
    Colon,
}

/// What comes after a branch.
enum Following {
    ElseIf,
    Else,
    End,
}

impl Walk<'_, '_> {
    pub(super) fn if_statement(&mut self) -> Flow<()> {
        let mut reached = Some(true);
        loop {
            self.at += 1;
            let condition = self.under(self.mode().given(reached), Self::condition)?.truth();
            let mode = self.mode().given(both(reached, condition));
            let style = self.under(mode, Self::branch)?;
            reached = both(reached, condition.map(|holds| !holds));
            match self.following(style) {
                Following::ElseIf => {}
                Following::Else => {
                    return self.under(self.mode().given(reached), |walk| walk.last_branch(style));
                }
                Following::End => return Ok(()),
            }
        }
    }

    fn condition(&mut self) -> Flow<Datum> {
        if !self.take("(") {
            return Ok(self.not_understood());
        }
        let datum = self.expression(0)?;
        Ok(if self.take(")") { datum } else { self.not_understood() })
    }

    fn branch(&mut self) -> Flow<Style> {
        if self.take(":") {
            self.statements_until(&["elseif", "else", "endif"])?;
            return Ok(Style::Colon);
        }
        self.statement()?;
        Ok(Style::Braces)
    }

    fn following(&mut self, style: Style) -> Following {
        match (style, self.word(0).as_deref()) {
            (Style::Colon, Some("endif")) => {
                self.at += 1;
                self.end_statement();
                Following::End
            }
            (_, Some("elseif")) => Following::ElseIf,
            // This one belongs to an `if (…):` around.
            (Style::Braces, Some("else")) if self.is_sign(1, ":") => Following::End,
            (_, Some("else")) => {
                self.at += 1;
                match self.word(0).as_deref() {
                    Some("if") => Following::ElseIf,
                    _ => Following::Else,
                }
            }
            (Style::Braces, _) => Following::End,
            (Style::Colon, _) => {
                self.unreadable();
                Following::End
            }
        }
    }

    fn last_branch(&mut self, style: Style) -> Flow<()> {
        match style {
            Style::Braces => self.statement(),
            Style::Colon => self.body("endif"),
        }
    }

    /// A statement, or statements between a colon and a closing word.
    fn body(&mut self, closing: &str) -> Flow<()> {
        if !self.take(":") {
            return self.statement();
        }
        self.statements_until(&[closing])?;
        if self.kind().is_some() {
            self.at += 1;
            self.end_statement();
        }
        Ok(())
    }

    fn statements_until(&mut self, closing: &[&str]) -> Flow<()> {
        while !self.word(0).is_some_and(|word| closing.contains(&word.as_str())) {
            if self.kind().is_none() {
                self.unreadable();
                break;
            }
            self.statement()?;
        }
        Ok(())
    }

    pub(super) fn loop_statement(&mut self, word: &str) -> Flow<()> {
        self.at += 1;
        self.under(self.mode().max(Mode::Repeated), |walk| {
            walk.at += 1;
            walk.list(")")?;
            walk.body(&format!("end{word}"))
        })
    }

    pub(super) fn do_statement(&mut self) -> Flow<()> {
        self.at += 1;
        self.under(self.mode().max(Mode::Repeated), |walk| {
            walk.statement()?;
            walk.at += usize::from(walk.word(0).as_deref() == Some("while"));
            walk.condition()
        })?;
        self.end_statement();
        Ok(())
    }

    pub(super) fn switch_statement(&mut self) -> Flow<()> {
        self.at += 1;
        self.condition()?;
        self.under(self.mode().max(Mode::Perhaps), |walk| walk.body("endswitch"))
    }

    pub(super) fn case_label(&mut self) -> Flow<()> {
        self.at += 1;
        self.expression(0)?;
        if !self.take(":") {
            self.end_statement();
        }
        Ok(())
    }

    pub(super) fn try_statement(&mut self) -> Flow<()> {
        loop {
            self.at += 1;
            if self.is_sign(0, "(") {
                self.skip_brackets();
            }
            self.under(self.mode().max(Mode::Perhaps), Self::statement)?;
            if !matches!(self.word(0).as_deref(), Some("catch" | "finally")) {
                return Ok(());
            }
        }
    }
}

/// Whether both hold, as far as that is known.
pub(super) fn both(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
