//! Replays an access log against a running network: every line becomes a click on one tracking link.
//!
//! A line of the combined format is sent as a GET (as a HEAD where it says HEAD), with its user agent, referrer and
//! address, and `sub1` says which line it was. The network believes the address where it was started with
//! `TRUSTED_PROXIES=127.0.0.1/32`.
//!
//!     cargo run --release --example replay -- --url http://localhost:3000/c/SLUG --log access.log --concurrency 16
//!
//! `--acked` lists the lines whose click was promised to be on disk. The list is written line by line, so that it is
//! true also of a network that was killed in the middle.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use futures::StreamExt;
use reqwest::header::{HeaderValue, REFERER, USER_AGENT};
use tokio::time::Instant;

/// A network that does not answer within this long counts as one that does not answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Parser)]
#[command(name = "replay", about = "Replays an access log against a tracking link of a running network")]
struct Options {
    /// The tracking link, as in http://localhost:3000/c/4Xb2…
    #[arg(long)]
    url: String,
    /// An access log in the combined format.
    #[arg(long)]
    log: PathBuf,
    /// Requests under way at once; with 1 the lines are sent in their order.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// Where to list the numbers of the lines whose answer said `Click-Record: durable`; appended to.
    #[arg(long)]
    acked: Option<PathBuf>,
}

/// What a line of the log says of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place in the file; the first is 1.
    pub number: usize,
    pub is_head: bool,
    pub address: String,
    pub referrer: Option<HeaderValue>,
    pub user_agent: Option<HeaderValue>,
}

impl Line {
    /// `address - - [time] "METHOD path HTTP/1.1" status bytes "referrer" "user agent"`
    fn read(number: usize, line: &[u8]) -> Option<Self> {
        let (address, rest) = split(line, b" ")?;
        let (_, rest) = split(rest, b"] ")?;
        let (request, rest) = quoted(rest)?;
        let (referrer, rest) = split(rest, b" \"").and_then(|(_, rest)| quoted_text(rest))?;
        // A log may be cut off within its last field.
        let user_agent =
            split(rest, b"\"").map(|(_, rest)| quoted_text(rest).map_or_else(|| unescape(rest), |all| all.0));
        Some(Self {
            number,
            is_head: request.starts_with(b"HEAD "),
            address: std::str::from_utf8(address).ok()?.to_owned(),
            referrer: header(&referrer),
            user_agent: header(&user_agent?),
        })
    }
}

/// What stands before and after `mark`, the first time.
fn split<'l>(line: &'l [u8], mark: &[u8]) -> Option<(&'l [u8], &'l [u8])> {
    let at = line.windows(mark.len()).position(|window| window == mark)?;
    Some((&line[..at], &line[at + mark.len()..]))
}

fn quoted(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    quoted_text(line.strip_prefix(b"\"")?)
}

/// The text up to the next quotation mark that is not escaped, and what follows.
fn quoted_text(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut is_escaped = false;
    let end = line.iter().position(|&byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some((unescape(&line[..end]), &line[end + 1..]))
}

/// Servers write `\"` and `\\` within quotation marks; other escapes stay as they are.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let escaped = bytes.next_if(|&next| byte == b'\\' && matches!(next, b'"' | b'\\'));
        plain.push(escaped.unwrap_or(byte));
    }
    plain
}

/// A dash, or what cannot be sent, is no header.
fn header(text: &[u8]) -> Option<HeaderValue> {
    if text.is_empty() || text == b"-" { None } else { HeaderValue::from_bytes(text).ok() }
}

/// Every line of a log.
///
/// # Errors
/// The file cannot be read, or a line is not in the combined format: no line is left out in silence.
pub fn read_log(path: &Path) -> anyhow::Result<Vec<Line>> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let lines = bytes.split(|&byte| byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    lines
        .map(|(place, line)| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            Line::read(place + 1, line).with_context(|| format!("line {} is not in the combined format", place + 1))
        })
        .collect()
}

/// What the answers were.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    /// By HTTP status; `no answer` where the network was not there.
    pub statuses: BTreeMap<String, usize>,
    /// By what `Click-Record` said; `none` where the answer has no such header.
    pub records: BTreeMap<String, usize>,
}

/// Sends the lines, `concurrency` at once, and calls `acked` for each as soon as its answer promised that it is kept.
pub async fn replay(url: &str, lines: &[Line], concurrency: usize, acked: impl Fn(&Line)) -> anyhow::Result<Counts> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ANSWER_TIMEOUT)
        .no_proxy()
        .build()?;
    let counts = Mutex::new(Counts::default());
    let (client, counts_of, acked) = (&client, &counts, &acked);
    futures::stream::iter(lines)
        .for_each_concurrent(concurrency, |line| async move {
            let answer = send(client, url, line).await;
            if answer.record == "durable" {
                acked(line);
            }
            let mut counts = counts_of.lock().expect("nobody panics while counting");
            *counts.statuses.entry(answer.status).or_default() += 1;
            *counts.records.entry(answer.record).or_default() += 1;
        })
        .await;
    Ok(counts.into_inner().expect("nobody panics while counting"))
}

struct Told {
    status: String,
    record: String,
}

async fn send(client: &reqwest::Client, url: &str, line: &Line) -> Told {
    let mark = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{mark}sub1={}", line.number);
    let mut request = if line.is_head { client.head(url) } else { client.get(url) };
    request = request.header("x-forwarded-for", &line.address);
    if let Some(referrer) = &line.referrer {
        request = request.header(REFERER, referrer);
    }
    if let Some(user_agent) = &line.user_agent {
        request = request.header(USER_AGENT, user_agent);
    }
    let Ok(answer) = request.send().await else {
        return Told { status: "no answer".to_owned(), record: "none".to_owned() };
    };
    let record = answer.headers().get("click-record").and_then(|value| value.to_str().ok()).unwrap_or("none");
    let told = Told { status: answer.status().as_u16().to_string(), record: record.to_owned() };
    // An answer that did not arrive whole was not received.
    match answer.bytes().await {
        Ok(_) => told,
        Err(_) => Told { status: "no answer".to_owned(), record: "none".to_owned() },
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let lines = read_log(&options.log)?;
    let list = options.acked.as_ref().map(|path| File::options().create(true).append(true).open(path)).transpose()?;
    let acked = |line: &Line| {
        if let Some(mut list) = list.as_ref() {
            // One write a line: two of them at once do not mix.
            list.write_all(format!("{}\n", line.number).as_bytes()).expect("the list can be written");
        }
    };
    let begun = Instant::now();
    let counts = replay(&options.url, &lines, usize::from(options.concurrency), acked).await?;
    let seconds = begun.elapsed().as_secs_f64();
    for (status, count) in &counts.statuses {
        println!("{count:>8}  {status}");
    }
    for (record, count) in &counts.records {
        println!("{count:>8}  Click-Record: {record}");
    }
    println!("{:>8}  lines in {seconds:.1} s, {:.0} a second", lines.len(), lines.len() as f64 / seconds);
    Ok(())
}
