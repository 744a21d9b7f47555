//! How much is measured: the full form, a short one that shows that every part runs, a long one for what needs hours.

use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// About two minutes: every part once, numbers that prove little.
    Short,
    /// What the table in the documentation shows.
    Full,
    /// The full form, ten minutes of clicks for the memory, and ten million raw clicks.
    Long,
}

/// The size of everything. Every count and time of the benchmark stands here.
#[derive(Debug, Clone)]
pub struct Plan {
    pub form: Form,
    pub links: usize,
    pub campaigns: usize,
    pub publishers: usize,
    /// Requests that are made before the run; each is sent again and again, from ever new addresses.
    pub templates: usize,
    /// Connections of the closed loop.
    pub connections: usize,
    /// Connections of the closed loop where each carries one click only.
    pub connections_single: usize,
    pub warm_up: Duration,
    pub rounds: usize,
    pub run: Duration,
    pub open_rate: u32,
    pub open_run: Duration,
    pub open_rounds: usize,
    pub open_connections: usize,
    pub writer_rounds: usize,
    pub writer_clicks: usize,
    /// Clicks of the three databases that are read.
    pub report_clicks: Vec<u64>,
    pub report_reads: usize,
    /// Raw clicks that the totals are compared with; 0: not in this form.
    pub raw_clicks: u64,
    pub page_run: Duration,
    /// Memory is looked at after the first and after the second.
    pub growth: (Duration, Duration),
    pub streams: usize,
    pub stream_events: usize,
}

impl Plan {
    pub fn new(form: Form) -> Self {
        match form {
            Form::Short => Self::short(),
            Form::Full => Self::full(),
            Form::Long => Self {
                form,
                raw_clicks: 10_000_000,
                growth: (Duration::from_secs(60), Duration::from_secs(600)),
                ..Self::full()
            },
        }
    }

    fn full() -> Self {
        Self {
            form: Form::Full,
            links: 1_000,
            campaigns: 50,
            publishers: 20,
            templates: 32_768,
            connections: 256,
            connections_single: 64,
            warm_up: Duration::from_secs(5),
            rounds: 5,
            run: Duration::from_secs(30),
            open_rate: 20_000,
            open_run: Duration::from_secs(60),
            open_rounds: 3,
            open_connections: 512,
            writer_rounds: 5,
            writer_clicks: 400_000,
            report_clicks: vec![1_000_000, 10_000_000, 100_000_000],
            report_reads: 200,
            raw_clicks: 0,
            page_run: Duration::from_secs(30),
            growth: (Duration::from_secs(10), Duration::from_secs(60)),
            streams: 10_000,
            stream_events: 10,
        }
    }

    fn short() -> Self {
        Self {
            form: Form::Short,
            links: 200,
            campaigns: 10,
            publishers: 5,
            templates: 4_096,
            connections: 64,
            connections_single: 16,
            warm_up: Duration::from_millis(500),
            rounds: 3,
            run: Duration::from_secs(1),
            open_rate: 2_000,
            open_run: Duration::from_secs(4),
            open_rounds: 1,
            open_connections: 128,
            writer_rounds: 2,
            writer_clicks: 10_000,
            report_clicks: vec![20_000, 200_000],
            report_reads: 20,
            raw_clicks: 20_000,
            page_run: Duration::from_secs(2),
            growth: (Duration::from_secs(2), Duration::from_secs(6)),
            streams: 200,
            stream_events: 2,
        }
    }
}
