//! The rules: each is a function of one file (or of a few names) and says where it is broken. `examples.rs` has a text
//! for each on which it fails.

use std::fmt;
use std::iter::Peekable;

use super::source::{Source, is_word};

/// Folder of `src/` and the folders that it may import. The one finer permission is [`ONE_DOOR`].
const IMPORTS: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("auth", &["store", "domain"]),
    ("tracking", &["auth", "store", "domain"]),
    ("creatives", &["domain"]),
    ("settlement", &["auth", "store", "domain"]),
    ("reports", &["auth", "store", "domain"]),
    ("app", &["creatives", "reports", "settlement", "auth", "store", "domain"]),
    ("server", &["app", "tracking", "creatives", "settlement", "reports", "auth", "store", "domain"]),
];
/// What pages may call of `tracking`: to send a test, and to replay a report.
const ONE_DOOR: [&str; 2] = ["tracking", "by_hand"];

const ENTRIES: &str = "Cargo.toml src style migrations public end2end tests scripts README.md ARCHITECTURE.md
    CONTRIBUTING.md CHANGELOG.md LICENSE SECURITY.md clippy.toml deny.toml Makefile .ci/run";
const NAMES_THAT_SAY_NOTHING: [&str; 6] = ["utils", "common", "helpers", "models", "services", "manager"];
const CLOCKS: &str = "SystemTime::now Instant::now OffsetDateTime::now_utc OffsetDateTime::now_local Timestamp::now
    Zoned::now";
const DICE: [&str; 5] = ["getrandom", "rand", "OsRng", "thread_rng", "Uuid"];
const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

pub type Rule = fn(&Source) -> Vec<Finding>;

/// The rules that look at one file at a time.
pub const RULES: &[Rule] = &[
    imports,
    features,
    sqlx_outside_store,
    sql_outside_store,
    sql_unregistered,
    floats,
    clock_and_dice,
    islands,
    markup,
    styles,
    long_file,
    long_function,
    empty_names,
];

/// One departure; prints as `file:line: rule: what — remedy: what to do`.
#[derive(Clone)]
pub struct Finding {
    pub path: String,
    pub line: usize,
    rule: &'static str,
    pub what: String,
    remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, what, remedy } = self;
        write!(f, "{path}:{line}: {rule}: {what} — remedy: {remedy}")
    }
}

/// A finding at each of these places of a file, with what is wrong there.
fn at<W: Into<String>>(
    source: &Source,
    rule: &'static str,
    remedy: &'static str,
    places: impl IntoIterator<Item = (usize, W)>,
) -> Vec<Finding> {
    let finding = |(offset, what): (usize, W)| Finding {
        path: source.path.clone(),
        line: source.line_of(offset),
        rule,
        what: what.into(),
        remedy,
    };
    places.into_iter().map(finding).collect()
}

pub fn imports(source: &Source) -> Vec<Finding> {
    const REMEDY: &str = "imports only point down the table of ARCHITECTURE.md: move the code, or pass the value in";
    let Some(folder) = source.folder() else {
        return Vec::new();
    };
    let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == folder) else {
        return at(source, "imports", REMEDY, [(0, format!("the folder {folder} is not in the import table"))]);
    };
    let allowed = if source.is_in(&["app/ui", "app/islands"]) { &["domain"] } else { *allowed };
    let mut wrong = Vec::new();
    for offset in source.places_of("crate") {
        let mut paths = Vec::new();
        spread(&mut tokens(&source.code[offset + "crate".len()..]).peekable(), Vec::new(), &mut paths);
        for path in paths {
            let target = path.first().copied().unwrap_or("");
            let is_ours = target == "*" || IMPORTS.iter().any(|(name, _)| *name == target);
            let is_door = folder == "app" && allowed.len() > 1 && path.starts_with(&ONE_DOOR);
            if is_ours && target != folder && !allowed.contains(&target) && !is_door {
                wrong.push((offset, format!("{folder} imports {}", path.join("::"))));
            }
        }
    }
    at(source, "imports", REMEDY, wrong)
}

/// The paths of a `use` tree or expression, with groups spread out: `::{a::b, c}` is `a::b` and `c`.
fn spread<'t>(
    tokens: &mut Peekable<impl Iterator<Item = &'t str>>,
    mut path: Vec<&'t str>,
    found: &mut Vec<Vec<&'t str>>,
) {
    while tokens.next_if_eq(&"::").is_some() {
        match tokens.next() {
            Some("{") => {
                while let Some(token) = tokens.next().filter(|token| *token != "}") {
                    match token {
                        "," => {}
                        "as" => drop(tokens.next()),
                        first => spread(tokens, [path.as_slice(), &[first]].concat(), found),
                    }
                }
                return;
            }
            Some(name) if name == "*" || name.starts_with(is_word) => path.push(name),
            _ => break,
        }
    }
    found.push(path);
}

/// Words, `::`, and every other character by itself.
fn tokens(mut rest: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let length = if rest.starts_with("::") { 2 } else { word.max(1) };
        let (token, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(token)
    })
}

pub fn features(source: &Source) -> Vec<Finding> {
    const REMEDY: &str = "choose by feature in src/lib.rs or src/app/mod.rs, a whole module at a time";
    if ["src/lib.rs", "src/app/mod.rs"].contains(&source.path.as_str()) {
        return Vec::new();
    }
    let is_choice = |(offset, word): &(usize, &str)| {
        let after = source.code[offset + word.len()..].trim_start_matches(['!', ' ']);
        let open = source.code.len() - after.len();
        matches!(*word, "cfg" | "cfg_attr")
            && after.starts_with('(')
            && tokens(source.inside(open)).any(|t| t == "feature")
    };
    let places = source.words().filter(is_choice).map(|(offset, _)| (offset, "chooses by a feature"));
    at(source, "features", REMEDY, places)
}

pub fn sqlx_outside_store(source: &Source) -> Vec<Finding> {
    const REMEDY: &str = "write a function in the noun's file of src/store and call that";
    let places = source.words().filter(|(_, word)| *word == "sqlx" && !source.is_in(&["store"]));
    at(source, "sqlx outside store", REMEDY, places.map(|(offset, _)| (offset, "names sqlx")))
}

pub fn sql_outside_store(source: &Source) -> Vec<Finding> {
    const REMEDY: &str = "move the statement into sql! of the noun's file in src/store";
    // Keywords are all small or all capital letters; "Select a campaign" is what people read.
    let is_sql = |text: &str| {
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\\');
        let starts = |start: &str| text.starts_with(start) || text.starts_with(&start.to_uppercase());
        let sets = [" set ", " SET ", "\nset "].iter().any(|set| text.contains(set));
        ["select ", "insert into ", "delete from "].into_iter().any(starts) || (starts("update ") && sets)
    };
    let found = source.literals.iter().filter(|literal| !source.is_in(&["store"]) && is_sql(&literal.text));
    let places = found.map(|literal| (literal.offset, "holds an SQL statement"));
    at(source, "SQL outside store", REMEDY, places)
}

/// In the store a statement's text comes from a constant of `sql!`, so that the prepare-all test knows it.
pub fn sql_unregistered(source: &Source) -> Vec<Finding> {
    const REMEDY: &str = "name the statement in this file's sql! { … }, which every_sql lists";
    const TAKE_TEXT: [&str; 6] = ["raw_sql", "execute", "fetch_one", "fetch_optional", "fetch_all", "fetch"];
    let is_loose = |(offset, word): &(usize, &str)| {
        let after = source.code[offset + word.len()..].trim_start();
        let after =
            after.strip_prefix("::<").map_or(after, |types| types.split_once(">(").map_or("", |(_, rest)| rest));
        let argument = after.trim_start_matches(['(', '&', ' ', '\n']).trim_start_matches(['r', '#']);
        let is_text = ["\"", "format!", "concat!"].iter().any(|start| argument.starts_with(start));
        (TAKE_TEXT.contains(word) || word.starts_with("query")) && after.len() > argument.len() && is_text
    };
    let loose = source.words().filter(|found| source.is_in(&["store"]) && is_loose(found));
    at(source, "SQL outside sql!", REMEDY, loose.map(|(offset, word)| (offset, format!("{word} is given a text"))))
}

/// Files of the store with `sql!` that `every_sql` of `store/mod.rs` forgets.
pub fn forgotten_sql(index: &Source, file: &Source) -> Vec<Finding> {
    const REMEDY: &str = "add this module's SQL to every_sql in src/store/mod.rs";
    let module = file.path.trim_end_matches("/mod.rs").trim_end_matches(".rs").rsplit('/').next().unwrap_or("");
    let declares = file.places_of("sql!").first().map(|offset| (*offset, format!("{module}::SQL is not prepared")));
    let is_listed = !index.places_of(&format!("{module}::SQL")).is_empty();
    at(file, "SQL unprepared", REMEDY, declares.filter(|_| file.is_in(&["store"]) && !is_listed))
}

pub fn floats(source: &Source) -> Vec<Finding> {
    const REMEDY: &str = "count in minor units, basis points or milliseconds: i64, with i128 inside";
    let is_float = |(_, word): &(usize, &str)| {
        let before = word.strip_suffix("f32").or_else(|| word.strip_suffix("f64"));
        before.is_some_and(|before| !before.starts_with("0x") && !before.ends_with(|c: char| c.is_ascii_alphabetic()))
    };
    let floats = source.words().filter(|found| source.is_in(&["domain", "store", "settlement"]) && is_float(found));
    at(source, "floats", REMEDY, floats.map(|(offset, word)| (offset, format!("{word} is a float"))))
}

pub fn clock_and_dice(source: &Source) -> Vec<Finding> {
    const REMEDY: &str = "take the time from Clock and randomness from Entropy (domain::environment), as arguments";
    if source.path == "src/server/clock.rs" {
        return Vec::new();
    }
    // The runtime's own timers decide nothing and are moved by tests.
    let is_timer = |offset: usize| source.code[..offset].ends_with("tokio::time::");
    let clocks =
        CLOCKS.split_whitespace().flat_map(|path| source.places_of(path).into_iter().map(move |offset| (offset, path)));
    let dice = source.words().filter(|(offset, word)| {
        DICE.contains(word) && (*word != "rand" || source.code[offset + word.len()..].starts_with("::"))
    });
    let places = clocks.filter(|(offset, _)| !is_timer(*offset)).chain(dice);
    at(source, "clock", REMEDY, places.map(|(offset, what)| (offset, format!("{what} asks the system"))))
}

pub fn long_file(source: &Source) -> Vec<Finding> {
    const REMEDY: &str = "split it by meaning; the aim is 400 lines";
    let is_long = source.lines > FILE_LINES_MAX;
    at(source, "long file", REMEDY, is_long.then(|| (0, format!("{} lines, at most {FILE_LINES_MAX}", source.lines))))
}

/// Counts the lines between a function's braces.
pub fn long_function(source: &Source) -> Vec<Finding> {
    const REMEDY: &str = "take out a part that has a name of its own; the median is about 10 lines";
    let functions = source.words().filter(|(_, word)| *word == "fn").filter_map(|(offset, _)| {
        let name = tokens(&source.code[offset + 2..]).next().filter(|name| name.starts_with(is_word))?;
        let lines = body(source, offset)?.matches('\n').count().saturating_sub(1);
        (lines > FUNCTION_LINES_MAX)
            .then(|| (offset, format!("fn {name} has {lines} lines, at most {FUNCTION_LINES_MAX}")))
    });
    at(source, "long function", REMEDY, functions.collect::<Vec<_>>())
}

/// What stands between the braces of the function at `start`; nothing for a declaration.
fn body(source: &Source, start: usize) -> Option<&str> {
    let mut at = start;
    loop {
        at += source.code.get(at..)?.find(['(', '[', '{', ';'])?;
        match source.code.as_bytes()[at] {
            b'{' => return Some(source.inside(at)),
            b';' => return None,
            _ => at += source.inside(at).len() + 2,
        }
    }
}

pub fn islands(source: &Source) -> Vec<Finding> {
    const REMEDY: &str =
        "give an island its data by props, an Action, or a signal with events: the page sends no stream";
    let is_streamed =
        |word: &str| word.ends_with("Resource") || ["Suspense", "Transition", "Await", "ErrorBoundary"].contains(&word);
    let places = source.words().filter(|(_, word)| source.is_in(&["app/islands"]) && is_streamed(word));
    at(source, "islands", REMEDY, places.map(|(offset, word)| (offset, format!("an island uses {word}"))))
}

pub fn markup(source: &Source) -> Vec<Finding> {
    const REMEDY: &str =
        "use the component of app/ui/field.rs: Leptos does not escape what stands inside on the server";
    let is_page = source.is_in(&["app"]) && source.path != "src/app/ui/field.rs";
    let tags = ["<textarea", "<noscript"].into_iter().filter(|_| is_page);
    let places = tags.flat_map(|tag| source.places_of(tag).into_iter().map(move |offset| (offset, tag)));
    at(source, "markup", REMEDY, places.map(|(offset, tag)| (offset, format!("a raw {tag}>"))))
}

pub fn styles(source: &Source) -> Vec<Finding> {
    const REMEDY: &str = "use a class or an SVG attribute: the content security policy blocks inline styles";
    let is_style = |(offset, word): &(usize, &str)| {
        let (before, after) = (&source.code[..*offset], &source.code[offset + word.len()..]);
        let is_attribute = after.starts_with('=') && !after.starts_with("==");
        let is_directive = after.starts_with(':') && after[1..].starts_with(|c: char| c.is_ascii_alphabetic());
        *word == "style" && before.ends_with([' ', '\n', ':']) && (is_attribute || is_directive)
    };
    let written = source.words().filter(is_style).map(|(offset, _)| offset);
    let quoted = source.literals.iter().filter(|literal| literal.text.contains(" style="));
    let places = written.chain(quoted.map(|literal| literal.offset)).filter(|_| source.is_in(&["app"]));
    at(source, "style", REMEDY, places.map(|offset| (offset, "an inline style")))
}

pub fn empty_names(source: &Source) -> Vec<Finding> {
    const REMEDY: &str = "name the module after what it knows";
    let parts = source.path.split('/').map(|part| part.trim_end_matches(".rs"));
    let found =
        parts.filter(|part| NAMES_THAT_SAY_NOTHING.contains(part)).map(|part| (0, format!("a module named {part}")));
    at(source, "empty name", REMEDY, found)
}

/// Names of migrations that only one of the two databases has.
pub fn unequal_migrations(sqlite: &[String], postgres: &[String]) -> Vec<Finding> {
    const REMEDY: &str = "every migration has a file of the same name in both folders, an empty one if need be";
    let missing = |names: &[String], others: &[String], folder: &str| {
        let missing = names.iter().filter(|name| !others.contains(name)).cloned();
        let source = Source::new(&format!("migrations/{folder}"), "");
        at(&source, "migrations", REMEDY, missing.map(|name| (0, format!("{name} is missing"))))
    };
    [missing(sqlite, postgres, "postgres"), missing(postgres, sqlite, "sqlite")].concat()
}

pub fn missing_entries(is_there: impl Fn(&str) -> bool) -> Vec<Finding> {
    const REMEDY: &str = "a newcomer looks for it at the top: see the tree in ARCHITECTURE.md";
    let missing = ENTRIES.split_whitespace().filter(|entry| !is_there(entry));
    missing.flat_map(|entry| at(&Source::new(entry, ""), "entries", REMEDY, [(0, "missing")])).collect()
}
