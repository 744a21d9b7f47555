//! What a network promises of a click at the moment of its answer (domain.md section 1, performance.md section 2).

text_enum! {
    /// When the answer to a click leaves, and what the click outlives by then. Only `strict` answers with
    /// `Click-Record: durable`; the other two trade that promise for speed, and say `deferred`.
    pub enum ClickDurability {
        /// After its commit is on disk: the click outlives the process, the system and a power cut.
        Strict = "strict",
        /// After its commit is with the operating system: it outlives the process, perhaps not a power cut.
        Process = "process",
        /// At once, while it waits in memory: it may not outlive the process.
        Fast = "fast",
    }
}
