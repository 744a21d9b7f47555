//! Whether a visitor agreed to tracking: from the link, and from the browser (domain.md section 2).

text_enum! {
    /// Whether the visitor agreed to tracking.
    pub enum Consent {
        Granted = "granted",
        Denied = "denied",
        /// `Sec-GPC: 1`, on a network that records it and does not take it as a no.
        OptedOut = "opted_out",
        Unknown = "unknown",
    }
}

impl Consent {
    /// From `cons=0|1` on the link, and `Sec-GPC: 1`, which counts as a no where the network respects it. A no outweighs
    /// a yes.
    pub fn read(cons: Option<&str>, is_opted_out: bool, is_opt_out_respected: bool) -> Self {
        match cons {
            _ if is_opted_out && is_opt_out_respected => Self::Denied,
            Some("0") => Self::Denied,
            Some("1") => Self::Granted,
            _ if is_opted_out => Self::OptedOut,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_read_from_the_link_and_the_browser() {
        // Where the opt-out is respected, and where it is only recorded.
        for (cons, is_opted_out, respected, recorded) in [
            (None, false, Consent::Unknown, Consent::Unknown),
            (Some("1"), false, Consent::Granted, Consent::Granted),
            (Some("0"), false, Consent::Denied, Consent::Denied),
            (Some("yes"), false, Consent::Unknown, Consent::Unknown),
            (Some("1"), true, Consent::Denied, Consent::Granted),
            (Some("0"), true, Consent::Denied, Consent::Denied),
            (None, true, Consent::Denied, Consent::OptedOut),
        ] {
            assert_eq!(Consent::read(cons, is_opted_out, true), respected, "{cons:?} {is_opted_out}");
            assert_eq!(Consent::read(cons, is_opted_out, false), recorded, "{cons:?} {is_opted_out}");
        }
    }
}
