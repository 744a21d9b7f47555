//! A source file as the rules see it: its code without comments and literals, and its literals by themselves.

/// One file of `src/`.
pub struct Source {
    pub path: String,
    pub lines: usize,
    /// The text in ASCII, character for character, with comments and the inside of literals blank.
    pub code: String,
    pub literals: Vec<Literal>,
}

/// The inside of a string literal, as it is written.
pub struct Literal {
    pub offset: usize,
    pub text: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let (code, literals) = mask(&text.chars().collect::<Vec<_>>());
        Self { path: path.to_owned(), lines: text.lines().count(), code, literals }
    }

    /// The first folder below `src/`; nothing for `lib.rs` and `main.rs`.
    pub fn folder(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split_once('/').map(|(folder, _)| folder)
    }

    pub fn is_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(&format!("src/{folder}/")))
    }

    pub fn line_of(&self, offset: usize) -> usize {
        self.code[..offset].matches('\n').count() + 1
    }

    /// Every identifier, keyword and number with its place.
    pub fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_edge = |(offset, _): &(usize, char)| !self.code[..*offset].ends_with(is_word);
        let starts = self.code.char_indices().filter(|(_, c)| is_word(*c)).filter(is_edge);
        starts.map(|(offset, _)| {
            let rest = &self.code[offset..];
            (offset, &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())])
        })
    }

    /// Places where `path` (words joined by `::`) stands, also as the end of a longer path.
    pub fn places_of(&self, path: &str) -> Vec<usize> {
        let is_whole = |offset: &usize| {
            !self.code[..*offset].ends_with(is_word) && !self.code[offset + path.len()..].starts_with(is_word)
        };
        self.code.match_indices(path).map(|(offset, _)| offset).filter(is_whole).collect()
    }

    /// What stands between the bracket at `open` and the one that closes it.
    pub fn inside(&self, open: usize) -> &str {
        let mut depth = 0_usize;
        for (offset, c) in self.code[open..].char_indices() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return &self.code[open + 1..open + offset.max(1)];
            }
        }
        &self.code[open + 1..]
    }
}

pub fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn mask(text: &[char]) -> (String, Vec<Literal>) {
    let (mut code, mut literals) = (String::with_capacity(text.len()), Vec::new());
    let mut at = 0;
    while at < text.len() {
        let next = text.get(at + 1).copied().unwrap_or(' ');
        let (end, is_quoted) = match (text[at], next) {
            ('/', '/') => (find(text, at, |rest| rest[0] == '\n'), false),
            ('/', '*') => (comment_end(text, at), false),
            ('"', _) => (string_end(text, at), true),
            ('\'', '\\') => (find(text, at + 3, |rest| rest[0] == '\'') + 1, true),
            ('\'', _) if text.get(at + 2) == Some(&'\'') => (at + 3, true),
            _ => {
                code.push(if text[at].is_ascii() { text[at] } else { '?' });
                at += 1;
                continue;
            }
        };
        let end = end.min(text.len());
        for (place, c) in (at..end).zip(&text[at..end]) {
            let is_quote = is_quoted && (place == at || place + 1 == end) && matches!(c, '"' | '\'');
            code.push(if is_quote || *c == '\n' { *c } else { ' ' });
        }
        if text[at] == '"' {
            literals.push(Literal { offset: at, text: text[at + 1..end].iter().collect() });
        }
        at = end;
    }
    (code, literals)
}

/// The first place from `from` on where the rest of the text is as wanted.
fn find(text: &[char], from: usize, is_wanted: impl Fn(&[char]) -> bool) -> usize {
    (from..text.len()).find(|at| is_wanted(&text[*at..])).unwrap_or(text.len())
}

/// Block comments nest.
fn comment_end(text: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < text.len() {
        match &text[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Behind the closing quote, and for a raw string behind its hashes' last quote.
fn string_end(text: &[char], start: usize) -> usize {
    let before: String = text[..start].iter().rev().take(12).collect();
    let hashes = before.len() - before.trim_start_matches('#').len();
    let prefix: String = before[hashes..].chars().take_while(|c| is_word(*c)).collect();
    if matches!(prefix.as_str(), "r" | "rb" | "rc") {
        let closes =
            |rest: &[char]| rest[0] == '"' && rest[1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
        return find(text, start + 1, closes) + 1;
    }
    let mut at = start + 1;
    while at < text.len() && text[at] != '"' {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

#[test]
fn comments_and_literals_are_blank_and_lines_stay() {
    let text =
        "a /* \" /* x */ ' */ b // \"c\n/// d 'e\nf(\"// \\\" g\", r#\"h \" i\"#, 'j', '\"', '\\'', b'\\n') 'k: l é";
    let source = Source::new("src/x.rs", text);
    let words: Vec<_> = source.words().map(|(offset, word)| (source.line_of(offset), word)).collect();
    let expected = [(1, "a"), (1, "b"), (3, "f"), (3, "r"), (3, "b"), (3, "k"), (3, "l")];
    assert_eq!(words, expected);
    let literals: Vec<_> = source.literals.iter().map(|literal| literal.text.trim_end_matches('"')).collect();
    assert_eq!(literals, ["// \\\" g", "h \" i"]);
    assert_eq!(source.code.len(), text.chars().count());
}
