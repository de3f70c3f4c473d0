//! String literals of PHP: escapes, interpolation and the indentation of heredocs.

/// A string literal after its escapes are resolved.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Template {
    Parts(Vec<Part>),
    /// It holds something this room does not evaluate; a verb phrase says what.
    Obscure(&'static str),
}

/// One piece of a string literal.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Part {
    Text(String),
    Variable(String),
}

/// What delimits the literal: a `"` is escaped only between `"`s.
#[derive(Clone, Copy)]
pub(super) enum Delimiter {
    Quote,
    Heredoc,
}

impl Template {
    pub(super) fn plain(text: String) -> Self {
        Self::Parts(vec![Part::Text(text)])
    }
}

/// A single-quoted literal: only `\'` and `\\` are escapes.
pub(super) fn single_quoted(raw: &str) -> Template {
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some(&escaped @ ('\'' | '\\'))) => {
                text.push(escaped);
                characters.next();
            }
            _ => text.push(character),
        }
    }
    Template::plain(text)
}

/// A double-quoted literal or a heredoc: escapes and simple variables.
pub(super) fn interpolated(raw: &str, delimiter: Delimiter) -> Template {
    let mut reader = Interpolation { raw, at: 0, delimiter, text: Vec::new(), parts: Vec::new() };
    match reader.read() {
        Ok(()) => Template::Parts(reader.parts),
        Err(why) => Template::Obscure(why),
    }
}

/// The body of a heredoc without the indentation of its closing marker.
pub(super) fn unindented(body: &str, indentation: usize) -> String {
    let mut result = String::with_capacity(body.len());
    for line in body.split_inclusive(['\n', '\r']) {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        result.push_str(&line[blank.min(indentation)..]);
    }
    result
}

/// Whether a name of PHP may begin with this byte.
pub(super) fn begins_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// Whether a name of PHP may hold this byte after its first.
pub(super) fn continues_name(byte: u8) -> bool {
    begins_name(byte) || byte.is_ascii_digit()
}

const EXPRESSION: &str = "contains an expression inside a string";
const NOT_UTF8: &str = "contains bytes that are not UTF-8";

struct Interpolation<'a> {
    raw: &'a str,
    at: usize,
    delimiter: Delimiter,
    text: Vec<u8>,
    parts: Vec<Part>,
}

impl Interpolation<'_> {
    fn read(&mut self) -> Result<(), &'static str> {
        while let Some(byte) = self.byte(0) {
            match (byte, self.byte(1)) {
                (b'\\', Some(escaped)) => self.escape(escaped)?,
                (b'$', Some(next)) if begins_name(next) => self.variable(1, "")?,
                (b'$', Some(b'{')) | (b'{', Some(b'$')) => self.variable(2, "}")?,
                _ => {
                    self.text.push(byte);
                    self.at += 1;
                }
            }
        }
        self.flush()
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.raw.as_bytes().get(self.at + ahead).copied()
    }

    fn flush(&mut self) -> Result<(), &'static str> {
        let text = String::from_utf8(std::mem::take(&mut self.text)).map_err(|_| NOT_UTF8)?;
        if !text.is_empty() || self.parts.is_empty() {
            self.parts.push(Part::Text(text));
        }
        Ok(())
    }

    fn variable(&mut self, opening: usize, closing: &str) -> Result<(), &'static str> {
        let rest = &self.raw[self.at + opening..];
        let length = rest.bytes().take_while(|byte| continues_name(*byte)).count();
        let after = &rest[length..];
        let named = rest.bytes().next().is_some_and(begins_name);
        let member = ["[", "->", "?->"].iter().any(|access| after.starts_with(access));
        if !named || !after.starts_with(closing) || (closing.is_empty() && member) {
            return Err(EXPRESSION);
        }
        self.flush()?;
        self.parts.push(Part::Variable(rest[..length].to_owned()));
        self.at += opening + length + closing.len();
        Ok(())
    }

    fn escape(&mut self, escaped: u8) -> Result<(), &'static str> {
        let plain = match escaped {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'v' => 0x0b,
            b'e' => 0x1b,
            b'f' => 0x0c,
            b'\\' | b'$' => escaped,
            b'"' if matches!(self.delimiter, Delimiter::Quote) => b'"',
            b'0'..=b'7' => return self.numeric(1, 3, 8),
            b'x' if self.byte(2).is_some_and(|digit| digit.is_ascii_hexdigit()) => {
                return self.numeric(2, 2, 16);
            }
            b'u' if self.byte(2) == Some(b'{') => return self.code_point(),
            // An unknown escape keeps its backslash; what follows is read on its own.
            _ => {
                self.text.push(b'\\');
                self.at += 1;
                return Ok(());
            }
        };
        self.text.push(plain);
        self.at += 2;
        Ok(())
    }

    fn numeric(&mut self, opening: usize, digits: usize, radix: u32) -> Result<(), &'static str> {
        let rest = &self.raw[self.at + opening..];
        let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
        let length = rest.bytes().take(digits).take_while(is_digit).count();
        let number = u32::from_str_radix(&rest[..length], radix).map_err(|_| NOT_UTF8)?;
        // PHP keeps the low byte of an octal escape above \377.
        self.text.push(number.to_le_bytes()[0]);
        self.at += opening + length;
        Ok(())
    }

    fn code_point(&mut self) -> Result<(), &'static str> {
        let rest = &self.raw[self.at + 3..];
        let (digits, _) = rest.split_once('}').ok_or(EXPRESSION)?;
        let number = u32::from_str_radix(digits, 16).map_err(|_| NOT_UTF8)?;
        let character = char::from_u32(number).ok_or(NOT_UTF8)?;
        self.text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        self.at += 3 + digits.len() + 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(raw: &str) -> Template {
        interpolated(raw, Delimiter::Quote)
    }

    fn plain(text: &str) -> Template {
        Template::plain(text.to_owned())
    }

    #[test]
    fn single_quotes_know_two_escapes() {
        assert_eq!(single_quoted(r"a\'b\\c\n"), plain(r"a'b\c\n"));
        assert_eq!(single_quoted(r"ends in \"), plain(r"ends in \"));
    }

    #[test]
    fn double_quotes_know_the_escapes_of_php() {
        assert_eq!(double(r#"\n\t\\\$\"\q"#), plain("\n\t\\$\"\\q"));
        assert_eq!(double(r"\101\x41\u{41}\xc3\xa4"), plain("AAAä"));
        assert_eq!(double(r"\xff"), Template::Obscure(NOT_UTF8));
    }

    #[test]
    fn a_heredoc_keeps_the_backslash_before_a_quote() {
        assert_eq!(interpolated(r#"\""#, Delimiter::Heredoc), plain(r#"\""#));
    }

    #[test]
    fn only_simple_variables_are_interpolated() {
        let expected = vec![Part::Text("a".to_owned()), Part::Variable("b".to_owned())];
        assert_eq!(double("a$b"), Template::Parts(expected.clone()));
        assert_eq!(double("a{$b}"), Template::Parts(expected));
        assert_eq!(double("a$b[0]"), Template::Obscure(EXPRESSION));
        assert_eq!(double("a{$b['c']}"), Template::Obscure(EXPRESSION));
        assert_eq!(double("5$ and $5"), plain("5$ and $5"));
    }

    #[test]
    fn a_heredoc_loses_the_indentation_of_its_marker() {
        assert_eq!(unindented("  a\n    b\n\n  c", 2), "a\n  b\n\nc");
    }
}
