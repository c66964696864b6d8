//! What SES found out about a mail: spam, viruses, and who it is from.
//!
//! Every verdict is PASS, unless the mail has a header that only the emulator
//! knows, for tests: `X-Local-Verdict: dmarc=FAIL; dmarc-policy=reject;
//! spam=GRAY`. It names any of `spam`, `virus`, `spf`, `dkim` and `dmarc`, each
//! PASS, FAIL, GRAY or PROCESSING_FAILED, and the policy of a domain whose
//! DMARC failed: `none`, `quarantine` or `reject`.

use std::fmt;
use std::str::FromStr;

/// The header that sets verdicts.
pub(super) const VERDICT: &str = "X-Local-Verdict";

/// What SES found out about a mail.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdicts {
    pub(super) spam: Verdict,
    pub(super) virus: Verdict,
    pub(super) spf: Verdict,
    pub(super) dkim: Verdict,
    pub(super) dmarc: Verdict,
    dmarc_policy: Option<&'static str>,
}

impl Default for Verdicts {
    fn default() -> Self {
        Self {
            spam: Verdict::Pass,
            virus: Verdict::Pass,
            spf: Verdict::Pass,
            dkim: Verdict::Pass,
            dmarc: Verdict::Pass,
            dmarc_policy: None,
        }
    }
}

impl Verdicts {
    /// All of them, by their names in notifications.
    pub(super) fn named(&self) -> [(&'static str, Verdict); 5] {
        [
            ("spam", self.spam),
            ("virus", self.virus),
            ("spf", self.spf),
            ("dkim", self.dkim),
            ("dmarc", self.dmarc),
        ]
    }

    /// What a domain wants done with mail that fails; told only if it does.
    pub(super) fn policy(&self) -> Option<&'static str> {
        (self.dmarc == Verdict::Fail).then(|| self.dmarc_policy.unwrap_or("none"))
    }
}

impl FromStr for Verdicts {
    type Err = String;

    /// Reads `dmarc=FAIL; dmarc-policy=reject`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut verdicts = Self::default();
        let entries = text.split(';').map(str::trim);
        for entry in entries.filter(|entry| !entry.is_empty()) {
            let (name, value) = entry
                .split_once('=')
                .ok_or_else(|| format!("{entry:?} is not name=VERDICT"))?;
            let verdict = match name.trim() {
                "dmarc-policy" => {
                    let policies = ["none", "quarantine", "reject"];
                    let mut policies = policies.into_iter();
                    verdicts.dmarc_policy = policies.find(|policy| *policy == value.trim());
                    if verdicts.dmarc_policy.is_none() {
                        return Err(format!("{value:?} is not a policy"));
                    }
                    continue;
                }
                "spam" => &mut verdicts.spam,
                "virus" => &mut verdicts.virus,
                "spf" => &mut verdicts.spf,
                "dkim" => &mut verdicts.dkim,
                "dmarc" => &mut verdicts.dmarc,
                other => return Err(format!("there is no verdict on {other:?}")),
            };
            *verdict = value.trim().parse()?;
        }
        if verdicts.dmarc_policy.is_some() && verdicts.dmarc != Verdict::Fail {
            return Err("dmarc-policy is told only where dmarc=FAIL".to_owned());
        }
        Ok(verdicts)
    }
}

/// What SES says of one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    Pass,
    Fail,
    Gray,
    ProcessingFailed,
    /// The receipt rule does not ask for it.
    Disabled,
}

impl Verdict {
    /// RFC 8601's word for it.
    pub(super) fn result(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Gray | Self::Disabled => "none",
            Self::ProcessingFailed => "temperror",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Gray => "GRAY",
            Self::ProcessingFailed => "PROCESSING_FAILED",
            Self::Disabled => "DISABLED",
        })
    }
}

impl FromStr for Verdict {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Pass, Self::Fail, Self::Gray, Self::ProcessingFailed];
        let mut all = all.into_iter();
        all.find(|verdict| verdict.to_string() == text)
            .ok_or_else(|| format!("{text:?} is not a verdict"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_read() {
        let verdicts: Verdicts = "dmarc=FAIL; dmarc-policy=reject;spam=GRAY;"
            .parse()
            .unwrap();
        let expected = Verdicts {
            dmarc: Verdict::Fail,
            dmarc_policy: Some("reject"),
            spam: Verdict::Gray,
            ..Verdicts::default()
        };
        assert_eq!(verdicts, expected);
        assert_eq!("".parse(), Ok(Verdicts::default()));
        for wrong in [
            "dmarc",
            "dmarc=fail",
            "colour=PASS",
            "dmarc=FAIL; dmarc-policy=tell",
            "dmarc-policy=reject",
            "spam=DISABLED",
        ] {
            assert!(wrong.parse::<Verdicts>().is_err(), "{wrong}");
        }
    }
}
