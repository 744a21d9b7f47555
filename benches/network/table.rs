//! What was found: goal by goal, as a table for people and as JSON for programs.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use crate::facts::Facts;
use crate::plan::{Form, Plan};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Met,
    Missed,
    /// A figure without a goal, or one that another program measures.
    Shown,
    NotMeasured,
}

impl Verdict {
    pub const fn of(is_met: bool) -> Self {
        if is_met { Self::Met } else { Self::Missed }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "**missed**",
            Self::Shown => "",
            Self::NotMeasured => "not measured",
        }
    }
}

/// One row of the table.
#[derive(Debug, Serialize)]
pub struct Finding {
    pub goal: &'static str,
    pub what: String,
    pub wanted: String,
    pub measured: String,
    pub verdict: Verdict,
    /// Everything behind it.
    pub numbers: Value,
}

impl Finding {
    pub fn new(goal: &'static str, what: &str, wanted: &str, measured: String, verdict: Verdict) -> Self {
        Self { goal, what: what.to_owned(), wanted: wanted.to_owned(), measured, verdict, numbers: Value::Null }
    }

    pub fn numbers(self, numbers: Value) -> Self {
        Self { numbers, ..self }
    }
}

/// The machine, the findings, and how they were made.
#[derive(Serialize)]
pub struct Results {
    pub form: String,
    pub facts: Facts,
    pub findings: Vec<Finding>,
    pub notes: Vec<String>,
}

impl Results {
    pub fn table(&self) -> String {
        let mut text = String::from("| | what | goal | measured | |\n|---|---|---|---|---|\n");
        for row in &self.findings {
            let verdict = row.verdict.word();
            let _ = writeln!(text, "| {} | {} | {} | {} | {verdict} |", row.goal, row.what, row.wanted, row.measured);
        }
        text
    }

    /// The whole page for the documentation.
    pub fn page(&self, plan: &Plan) -> String {
        let notes: String = self.notes.iter().map(|note| format!("- {note}\n")).collect();
        format!(
            "# Speed\n\nWritten by `make bench`; nothing in it is typed by hand.\n\n{}\n{}\n{}{}{}",
            warning(plan.form, self.facts.build),
            self.table(),
            if notes.is_empty() { String::new() } else { format!("\n{notes}") },
            self.machine(),
            method(plan) + OTHER_METHODS
        )
    }

    fn machine(&self) -> String {
        let facts = &self.facts;
        let installed = |version: &Option<String>| version.clone().unwrap_or_else(|| "not installed".to_owned());
        format!(
            "\n## The machine\n\n\
            | | |\n|---|---|\n| date | {} |\n| version | {}, {} |\n| processor | {}, {} cores |\n| memory | {} MB |\n\
            | kernel | {} |\n| file system | {} |\n| fdatasync of 4 KiB there | {} |\n\
            | load average before | {} |\n| SQLite | {} |\n| nginx | {} |\n| DuckDB | {} |\n\
            | cores used | server {}, load {} |\n",
            facts.date,
            facts.version,
            facts.build,
            facts.processor,
            facts.cores,
            facts.memory_mb,
            facts.kernel,
            facts.file_system,
            facts.fdatasync,
            facts.load_before,
            facts.sqlite,
            installed(&facts.nginx),
            installed(&facts.duckdb),
            facts.server_core,
            facts.load_core,
        )
    }
}

fn warning(form: Form, build: &str) -> &'static str {
    match (form, build) {
        (_, build) if build != "release" => {
            "**From a debug build: it shows that every part runs, and nothing about speed.**\n"
        }
        (Form::Short, _) => "**From the short form: it shows that every part runs, and little about speed.**\n",
        _ => "",
    }
}

/// How it was measured, in the numbers of the plan.
fn method(plan: &Plan) -> String {
    format!(
        "\n## The method\n\n\
        `benches/network` is the program; `make bench` builds and runs it, `BENCH=short make bench` in about two \
        minutes, `BENCH=long make bench` with ten minutes of clicks and ten million raw ones. It starts every contender on loopback, each a process \
        on one core; the load comes from another.\n\n\
        - **Contenders.** The product as `tallystick serve` on a new SQLite file, nothing switched off; `nginx return \
        302`; hyper alone with a fixed answer; the product's judgement of a click with nothing stored (\"no record\"); \
        and select, insert, update and commit for each click with the same database library and the same promise.\n\
        - **Clicks.** {} links of {} publishers in {} campaigns, drawn by a Zipf distribution, {} requests made \
        beforehand with user agents, referrers, cookies and sub ids; seven in ten come from a network that was not seen \
        before.\n\
        - **Saturation** (P1, P2). Closed loop, {} connections that are kept, or {} at a time that carry one click \
        each; {} rounds of {} s for each contender in turn, after a warm-up. A ratio is of one round; the table shows \
        the median and the range. Processor time is user and system time of the server's processes.\n\
        - **Latency** (P3). Open loop, {} clicks a second at random moments over {} connections, {} s; counted from the \
        moment at which a click was due. fdatasync is timed in the same folder before each run.\n",
        plan.links,
        plan.publishers,
        plan.campaigns,
        plan.templates,
        plan.connections,
        plan.connections_single,
        plan.rounds,
        plan.run.as_secs_f64(),
        plan.open_rate,
        plan.open_connections,
        plan.open_run.as_secs_f64(),
    )
}

/// Where no number of the plan has to be told.
const OTHER_METHODS: &str = "- **Writer** (P5). The product's recorder, every click waiting for its commit, against \
    statements of 512 rows into the same table with the same promise, and neither unique visitors nor totals.\n\
    - **Reports** (P6). Clicks are drawn one by one over ninety days and added up to the totals that they would have \
    left; read are the four reports of a publisher's overview, as the page reads them. Raw clicks and DuckDB are asked \
    for one of them, clicks by day.\n\
    - **Pages** (P7, P10). One browser without cache looks at the overview again and again; the time has the way over \
    loopback in it, and server and clicks share one core.\n\
    - **Growth** (P8). Resident memory while clicks arrive; pages of the closed file by table.\n\
    - **Live streams** (P9). All of one publisher; the time runs from before a click is sent until a stream has heard \
    of it, so its commit is in it.\n\
    - **Ratios travel, times do not.** On another machine only the ratios can be compared.\n";
