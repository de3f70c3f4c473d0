//! Text to tokens: what is PHP, what is a comment, what is a string.

use super::strings::{
    Delimiter, Template, begins_name, continues_name, interpolated, single_quoted, unindented,
};

/// One token and the 1-based line it begins on.
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: u32,
}

/// What a token is.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind {
    /// A keyword, function, class or constant, with its namespace.
    Name(String),
    /// A variable without its `$`.
    Variable(String),
    Literal(Template),
    Integer(i64),
    /// A number with a fraction or beyond 64 bits.
    Fraction,
    Sign(&'static str),
    /// Something that is no PHP, or a string or comment that never ends.
    Foreign,
}

/// All tokens between the opening and closing tags of a file; a closing tag is a `;`.
pub(super) fn lex(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0, counted: 0, line: 1, tokens: Vec::new() };
    while lexer.enter_php() {
        lexer.read_php();
    }
    lexer.tokens
}

/// Longest first, so that the first that fits is the right one.
const SIGNS: &[&str] = &[
    "<<=", ">>=", "**=", "===", "!==", "<=>", "...", "??=", "?->", "->", "=>", "::", "==", "!=",
    "<>", "<=", ">=", "&&", "||", "??", "++", "--", "+=", "-=", "*=", "/=", ".=", "%=", "&=", "|=",
    "^=", "<<", ">>", "**", "#[", "(", ")", "[", "]", "{", "}", ";", ",", ".", ":", "?", "=", "+",
    "-", "*", "/", "%", "&", "|", "^", "~", "!", "<", ">", "@", "$",
];

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    counted: usize,
    line: u32,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn enter_php(&mut self) -> bool {
        while let Some(found) = self.rest().find("<?") {
            self.at += found + 2;
            let is_blank = |byte: &u8| byte.is_ascii_whitespace();
            let word = self.rest().as_bytes();
            if word.first() == Some(&b'=') {
                self.push(self.at, Kind::Name("echo".to_owned()));
                self.at += 1;
                return true;
            }
            let long = word.get(..3).is_some_and(|tag| tag.eq_ignore_ascii_case(b"php"));
            let after = if long { &word[3..] } else { word };
            if after.first().is_none_or(is_blank) {
                self.at += if long { 3 } else { 0 };
                return true;
            }
        }
        false
    }

    fn read_php(&mut self) {
        while let Some(byte) = self.byte(0) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'?' if self.starts("?>") => {
                    self.take(2, Kind::Sign(";"));
                    return;
                }
                b'/' if self.starts("//") => self.line_comment(),
                b'#' if !self.starts("#[") => self.line_comment(),
                b'/' if self.starts("/*") => self.block_comment(),
                b'\'' | b'"' | b'`' => self.quoted(byte),
                b'$' if self.byte(1).is_some_and(begins_name) => self.variable(),
                b'0'..=b'9' => self.number(),
                b'.' if self.byte(1).is_some_and(|next| next.is_ascii_digit()) => self.number(),
                b'\\' if self.byte(1).is_some_and(begins_name) => self.name(),
                _ if begins_name(byte) => self.name(),
                b'<' if self.starts("<<<") && self.heredoc() => {}
                _ => self.sign(),
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn starts(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    fn take(&mut self, length: usize, kind: Kind) {
        self.push(self.at, kind);
        self.at += length;
    }

    /// The rest of the file is the inside of something that never ends.
    fn give_up(&mut self) {
        self.take(self.text.len() - self.at, Kind::Foreign);
    }

    fn push(&mut self, start: usize, kind: Kind) {
        let between = &self.text.as_bytes()[self.counted..start];
        for (index, byte) in between.iter().enumerate() {
            let next = self.text.as_bytes().get(self.counted + index + 1);
            // The \r of a \r\n is no line end of its own.
            if *byte == b'\n' || (*byte == b'\r' && next != Some(&b'\n')) {
                self.line = self.line.saturating_add(1);
            }
        }
        self.counted = start;
        self.tokens.push(Token { kind, line: self.line });
    }

    fn line_comment(&mut self) {
        let rest = self.rest();
        let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
        self.at += rest[..line].find("?>").unwrap_or(line);
    }

    fn block_comment(&mut self) {
        match self.rest()[2..].find("*/") {
            Some(length) => self.at += length + 4,
            None => self.give_up(),
        }
    }

    fn quoted(&mut self, quote: u8) {
        let Some(length) = literal_length(&self.rest().as_bytes()[1..], quote) else {
            return self.give_up();
        };
        let raw = &self.rest()[1..=length];
        let literal = match quote {
            b'\'' => single_quoted(raw),
            b'"' => interpolated(raw, Delimiter::Quote),
            _ => Template::Obscure("runs a shell command"),
        };
        self.take(length + 2, Kind::Literal(literal));
    }

    fn word(&self, from: usize) -> &'a str {
        let rest = &self.rest()[from..];
        let length = rest.bytes().take_while(|byte| continues_name(*byte)).count();
        &rest[..length]
    }

    fn variable(&mut self) {
        let name = self.word(1);
        self.take(1 + name.len(), Kind::Variable(name.to_owned()));
    }

    fn name(&mut self) {
        let mut length = 0;
        loop {
            length += usize::from(self.byte(length) == Some(b'\\'));
            length += self.word(length).len();
            let separated = self.byte(length) == Some(b'\\');
            if !(separated && self.byte(length + 1).is_some_and(begins_name)) {
                break;
            }
        }
        let name = &self.rest()[..length];
        if name.eq_ignore_ascii_case("__halt_compiler") {
            // What follows is data, whatever it looks like.
            self.at = self.text.len();
        } else {
            self.take(length, Kind::Name(name.to_owned()));
        }
    }

    fn number(&mut self) {
        let mut length = self.word(0).len();
        let hexadecimal = self.starts("0x") || self.starts("0X");
        if !hexadecimal && self.byte(length) == Some(b'.') && self.byte(length + 1) != Some(b'.') {
            length += 1 + self.word(length + 1).len();
        }
        let exponent = self.rest()[..length].ends_with(['e', 'E']) && !hexadecimal;
        if exponent && matches!(self.byte(length), Some(b'+' | b'-')) {
            length += 1 + self.word(length + 1).len();
        }
        let kind = integer(&self.rest()[..length]).map_or(Kind::Fraction, Kind::Integer);
        self.take(length, kind);
    }

    /// Reads a heredoc or nowdoc, if this is one.
    fn heredoc(&mut self) -> bool {
        let opening = self.rest()[3..].trim_start_matches([' ', '\t']);
        let quote = opening.chars().next().filter(|first| matches!(first, '"' | '\''));
        let named = opening.strip_prefix(['"', '\'']).unwrap_or(opening);
        let length = named.bytes().take_while(|byte| continues_name(*byte)).count();
        let (marker, after) = named.split_at(length);
        let after = quote.map_or(Some(after), |quote| after.strip_prefix(quote));
        let Some(body) = after.and_then(after_line_end).filter(|_| length > 0) else {
            return false;
        };
        let Some(closing) = Closing::find(body, marker) else {
            self.give_up();
            return true;
        };
        let content = unindented(&body[..closing.content], closing.indentation);
        let literal = match quote {
            Some('\'') => Template::plain(content),
            _ => interpolated(&content, Delimiter::Heredoc),
        };
        self.take(self.rest().len() - body.len() + closing.end, Kind::Literal(literal));
        true
    }

    fn sign(&mut self) {
        match SIGNS.iter().find(|sign| self.starts(sign)) {
            Some(sign) => self.take(sign.len(), Kind::Sign(sign)),
            None => self.take(1, Kind::Foreign),
        }
    }
}

/// Where the closing marker of a heredoc is, in bytes of its body.
struct Closing {
    content: usize,
    indentation: usize,
    end: usize,
}

impl Closing {
    fn find(body: &str, marker: &str) -> Option<Self> {
        let mut start = 0;
        let mut content = 0;
        loop {
            let line = &body[start..];
            let indented = line.trim_start_matches([' ', '\t']);
            let after = indented.strip_prefix(marker);
            if after.is_some_and(|after| !after.bytes().next().is_some_and(continues_name)) {
                let indentation = line.len() - indented.len();
                return Some(Self {
                    content,
                    indentation,
                    end: start + indentation + marker.len(),
                });
            }
            content = start + line.find(['\n', '\r'])?;
            start = body.len() - after_line_end(&body[content..])?.len();
        }
    }
}

fn after_line_end(text: &str) -> Option<&str> {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix(['\n', '\r']))
}

/// The length up to the closing quote; code in braces may hold quotes of its own.
fn literal_length(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b'\\', _) => at += 2,
            (b'{', Some(b'$')) | (b'$', Some(b'{')) if quote != b'\'' => {
                at = after_braces(bytes, at);
            }
            _ if *byte == quote => return Some(at),
            _ => at += 1,
        }
    }
    None
}

fn after_braces(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at,
            b'}' => depth = depth.saturating_sub(1),
            b'\\' => at += 1,
            b'\'' | b'"' => at = after_inner_string(bytes, at, *byte),
            _ => {}
        }
    }
    at
}

fn after_inner_string(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        at += if *byte == b'\\' { 2 } else { 1 };
        if *byte == quote {
            break;
        }
    }
    at
}

fn integer(word: &str) -> Option<i64> {
    let digits = word.replace('_', "").to_ascii_lowercase();
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x', ..] => (16, &digits[2..]),
        [b'0', b'b', ..] => (2, &digits[2..]),
        [b'0', b'o', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, &digits[..]),
    };
    i64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        lex(text).into_iter().map(|token| token.kind).collect()
    }

    fn literal(text: &str) -> Kind {
        Kind::Literal(Template::plain(text.to_owned()))
    }

    #[test]
    fn html_outside_the_tags_is_ignored() {
        let expected = vec![Kind::Integer(1), Kind::Sign(";"), Kind::Integer(2)];
        assert_eq!(kinds("\u{feff}<b><?xml?><?php 1?>a 'b' // <?php 2"), expected);
    }

    #[test]
    fn a_closing_tag_ends_a_line_comment() {
        assert_eq!(kinds("<?php // 'a ?> 'b' <?php # c ?>"), [Kind::Sign(";"), Kind::Sign(";")]);
    }

    #[test]
    fn comment_signs_inside_strings_are_text() {
        assert_eq!(kinds("<?php '#//?>/*' \"#//?>/*\""), [literal("#//?>/*"), literal("#//?>/*")]);
    }

    #[test]
    fn quotes_in_interpolated_code_do_not_end_the_string() {
        assert_eq!(kinds(r#"<?php "{$a["b"]}" 1"#).last(), Some(&Kind::Integer(1)));
    }

    #[test]
    fn numbers_are_read_in_every_base() {
        let expected = [10, 255, 8, 8, 5, 1000].map(Kind::Integer);
        assert_eq!(kinds("<?php 10 0xFF 010 0o10 0b101 1_000"), expected);
        assert_eq!(kinds("<?php 1.5 1e-3 99999999999999999999"), [const { Kind::Fraction }; 3]);
    }

    #[test]
    fn lines_are_counted_with_every_line_end() {
        let lines: Vec<u32> = lex("<?php\na\r\nb\rc").iter().map(|token| token.line).collect();
        assert_eq!(lines, [2, 3, 4]);
    }

    #[test]
    fn a_heredoc_ends_at_its_indented_marker() {
        assert_eq!(kinds("<?php <<<'A'\n  x$y\n  AB\n  A;"), [literal("x$y\nAB"), Kind::Sign(";")]);
        assert_eq!(kinds("<?php <<<\"A\"\r\nx\r\nA;"), [literal("x"), Kind::Sign(";")]);
        assert_eq!(kinds("<?php <<<A\nA"), [literal("")]);
    }

    #[test]
    fn what_never_ends_is_foreign() {
        for text in ["<?php 'a", "<?php \"a{$b", "<?php /* a", "<?php <<<A\nb", "<?php `a"] {
            assert_eq!(kinds(text), [Kind::Foreign], "{text}");
        }
    }

    #[test]
    fn data_after_halt_compiler_is_not_lexed() {
        assert_eq!(kinds("<?php 1 __halt_compiler(); 'x"), [Kind::Integer(1)]);
    }
}
